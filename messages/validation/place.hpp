#pragma once

#include <google/protobuf/message.h>
#include <string>
#include <string_view>

#include "messages/validation/field_path.hpp"

namespace kabuki::validation {

/// A field of a message, or one element of a list or map, and the same place in the object as it was before.
struct Place {
  const google::protobuf::Message* parent = nullptr;
  const google::protobuf::FieldDescriptor* field = nullptr;
  int index = -1;                                         // of a list's element
  const google::protobuf::Message* old_parent = nullptr;  // null where there was none
  std::string_view key;                                   // of a map's key itself
  bool is_key = false;

  /// Whether there is a value: an element always is one.
  bool set() const;
  bool was_set() const;
  /// Whether this differs from what was there before.
  bool changed() const;
  std::string text() const;
  int64_t number() const;
  const google::protobuf::Message& message() const;
  /// As it is printed in a cause.
  std::string json() const;
};

}  // namespace kabuki::validation

#pragma once

#include <google/protobuf/descriptor.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/patch/document.hpp"

namespace kabuki::apply {

/// How server-side apply treats a value: by the list and map types of the API table.
struct ValueRule {
  enum class Shape {
    leaf,    // scalars, and whatever is atomic
    fields,  // a message's fields, or a map's keys
    set,     // a list whose elements are its values
    map,     // a list whose elements are named by some of their fields
  };
  Shape shape = Shape::leaf;
  const google::protobuf::Descriptor* message = nullptr;   // of the fields, or of a list's elements
  const google::protobuf::FieldDescriptor* map = nullptr;  // fields: the map field, where they are a map's keys
  /// map: JSON names with the default (as JSON; null where there is none) of an element that does not say it.
  std::vector<std::pair<std::string, patch::Json>> keys;
  /// Whether an empty or absent value is told from one that has children: such a value is in a set itself, beside
  /// them.
  bool nullable = false;
};

/// The rule of a whole object of this type.
ValueRule root_rule(const google::protobuf::Descriptor* message);
/// The rule of the field or key `name` below `parent`; a leaf where nothing is known of it.
ValueRule field_rule(const ValueRule& parent, std::string_view name);
/// The rule of an element of a list.
ValueRule element_rule(const ValueRule& list);

/// The path element of a list's element: `k:{"name":"c"}` or `v:"x"`.
std::string element_of(const ValueRule& list, const patch::Json& value);

}  // namespace kabuki::apply

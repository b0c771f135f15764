#pragma once

#include <string>
#include <string_view>

namespace google::protobuf {
class Descriptor;
}

namespace kabuki::patch {

/// How a strategic merge patch treats one JSON field.
struct FieldRule {
  const google::protobuf::Descriptor* message = nullptr;  // of the field or of its elements; null: no message
  bool known = false;                                     // the object has such a field
  bool merge_list = false;                                // lists merge; else they are replaced
  bool replace = false;                                   // objects are replaced; else they merge
  std::string merge_key;                                  // of a list of objects
};

/// The rule of the JSON field `name` of an object of type `message`; fields of inlined messages are its own. Nothing
/// is known of a null message.
FieldRule field_rule(const google::protobuf::Descriptor* message, std::string_view name);

}  // namespace kabuki::patch

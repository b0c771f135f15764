#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <string>
#include <string_view>
#include <vector>

namespace kabuki {

/// One step of the way to a field.
struct RouteStep {
  const google::protobuf::FieldDescriptor* field = nullptr;
  bool inlined = false;  // its members stand in the parent's JSON object: the step has no name there
  bool each = false;     // `[]` and `{}`: goes on at every element of a list, every value of a map
  bool keys = false;     // `{key}`: the keys of a map
  bool create = false;   // `!`: a message that is absent is made rather than passed by
};

using Route = std::vector<RouteStep>;

/// Reads a path in JSON's names: `spec.ports[].name`, `spec.hard{key}`, `spec.strategy.rollingUpdate!.maxSurge`.
/// Asserts that the message has these fields.
Route make_route(const google::protobuf::Descriptor* message, std::string_view path);

/// The field of this JSON name, or null; `inlined_in` gets the inlined fields that lead to the message which has it.
const google::protobuf::FieldDescriptor* find_json_field(
    const google::protobuf::Descriptor* message, std::string_view name,
    std::vector<const google::protobuf::FieldDescriptor*>* inlined_in);

/// Whether a field says anything: present where absent and empty are two, else not empty.
bool is_set(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor* field);

/// Conditions on the fields beside one, joined by `&`: `type=A|B` (one of these), `name!=A`, `name` (set), `!name`
/// (not set). "" always holds.
bool holds(std::string_view condition, const google::protobuf::Message& message);

/// Splits at a character; of "" nothing.
std::vector<std::string_view> split_words(std::string_view text, char separator);

/// A single field as text: a string as it is, numbers in digits, `true`, `false`; an IntOrString's number or string.
std::string field_text(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor* field);

}  // namespace kabuki

#include "messages/field_route.hpp"

#include <algorithm>
#include <cassert>

#include "messages/api/options.pb.h"
#include "messages/api/util/intstr.pb.h"
#include "messages/int_or_string.hpp"

namespace kabuki {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor* find_json_field(const Descriptor* message, std::string_view name,
                                       std::vector<const FieldDescriptor*>* inlined_in) {
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    if (!field->options().GetExtension(inlined)) {
      if (field->json_name() == name) return field;
      continue;
    }
    inlined_in->push_back(field);
    if (const auto* found = find_json_field(field->message_type(), name, inlined_in)) return found;
    inlined_in->pop_back();
  }
  return nullptr;
}

std::vector<std::string_view> split_words(std::string_view text, char separator) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Route make_route(const Descriptor* message, std::string_view path) {
  Route route;
  for (std::string_view word : split_words(path, '.')) {
    RouteStep step;
    if (word.ends_with('!')) {
      step.create = true;
      word.remove_suffix(1);
    }
    if (word.ends_with("[]") || word.ends_with("{}")) {
      step.each = true;
      word.remove_suffix(2);
    } else if (word.ends_with("{key}")) {
      step.keys = true;
      word.remove_suffix(5);
    }
    assert(message && "a path goes on behind a scalar");
    std::vector<const FieldDescriptor*> inlined_in;
    step.field = find_json_field(message, word, &inlined_in);
    assert(step.field && "a path names a field that the message does not have");
    for (const FieldDescriptor* outer : inlined_in) route.push_back({.field = outer, .inlined = true});
    const FieldDescriptor* value = step.field->is_map() ? step.field->message_type()->map_value() : step.field;
    message = value->message_type();
    route.push_back(step);
  }
  return route;
}

bool is_set(const Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  if (field->is_repeated()) return reflection->FieldSize(message, field) > 0;
  // Without presence, HasField tells whether a scalar is other than zero.
  if (!reflection->HasField(message, field)) return false;
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->options().GetExtension(pointer)) return true;
  return reflection->GetMessage(message, field).ByteSizeLong() > 0;
}

std::string field_text(const Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->GetString(message, field);
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(reflection->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(reflection->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& value = reflection->GetMessage(message, field);
      if (value.GetDescriptor() != IntOrStringMessage::descriptor()) break;
      const auto& either = static_cast<const IntOrStringMessage&>(value);
      return either.type() == 0 ? std::to_string(either.intval()) : either.strval();
    }
    default:
      break;
  }
  return {};
}

namespace {

bool one_holds(std::string_view condition, const Message& message) {
  const bool negated = condition.starts_with('!');
  if (negated) condition.remove_prefix(1);
  const size_t sign = condition.find('=');
  const bool differs = sign != std::string_view::npos && sign > 0 && condition[sign - 1] == '!';
  const std::string_view name = condition.substr(0, differs ? sign - 1 : sign);
  std::vector<const FieldDescriptor*> inlined_in;
  const FieldDescriptor* field = find_json_field(message.GetDescriptor(), name, &inlined_in);
  assert(field && "a condition names a field that the message does not have");
  const Message* inner = &message;
  for (const FieldDescriptor* outer : inlined_in) inner = &inner->GetReflection()->GetMessage(*inner, outer);
  const Message& holder = *inner;
  if (sign == std::string_view::npos) return is_set(holder, field) != negated;
  const std::string text = field_text(holder, field);
  const auto words = split_words(condition.substr(sign + 1), '|');
  const bool listed = words.empty() ? text.empty() : std::find(words.begin(), words.end(), text) != words.end();
  return listed != differs;
}

}  // namespace

bool holds(std::string_view condition, const Message& message) {
  const auto parts = split_words(condition, '&');
  return std::all_of(parts.begin(), parts.end(), [&](std::string_view part) { return one_holds(part, message); });
}

}  // namespace kabuki

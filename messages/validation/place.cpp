#include "messages/validation/place.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "messages/encode.hpp"
#include "messages/field_route.hpp"
#include "messages/json.hpp"
#include "messages/json_plan.hpp"
#include "messages/validation/findings.hpp"

namespace kabuki::validation {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(text, &out);
  return out;
}

/// A message with nothing but this field of `from`.
std::unique_ptr<Message> alone(const Message& from, const FieldDescriptor* field) {
  std::unique_ptr<Message> out(from.New());
  out->CopyFrom(from);
  std::vector<const FieldDescriptor*> fields;
  out->GetReflection()->ListFields(*out, &fields);
  for (const FieldDescriptor* other : fields) {
    if (other != field) out->GetReflection()->ClearField(out.get(), other);
  }
  return out;
}

std::string message_json(const Message& message) {
  if (message.GetDescriptor()->name() == "IntOrString") {
    const auto* reflection = message.GetReflection();
    const auto* type = message.GetDescriptor()->FindFieldByName("type");
    return reflection->GetInt64(message, type) == 0
               ? std::to_string(reflection->GetInt32(message, message.GetDescriptor()->FindFieldByName("intVal")))
               : quoted(reflection->GetString(message, message.GetDescriptor()->FindFieldByName("strVal")));
  }
  if (json::form_of_message(message.GetDescriptor()) == json::Form::raw) {
    return message.GetReflection()->GetString(message, message.GetDescriptor()->field(0));
  }
  if (message.GetDescriptor()->name() == "Quantity") {
    return quoted(message.GetReflection()->GetString(message, message.GetDescriptor()->field(0)));
  }
  std::string out;
  encode_json(message, &out);
  return out;
}

}  // namespace

bool Place::set() const { return is_key || index >= 0 || is_set(*parent, field); }

bool Place::was_set() const {
  if (!old_parent) return false;
  if (index >= 0) return index < old_parent->GetReflection()->FieldSize(*old_parent, field);
  return is_set(*old_parent, field);
}

bool Place::changed() const {
  if (!old_parent) return true;
  return !same(*alone(*old_parent, field), *alone(*parent, field));
}

std::string Place::text() const {
  if (is_key) return std::string(key);
  if (index >= 0) return parent->GetReflection()->GetRepeatedString(*parent, field, index);
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && field->message_type()->name() == "Quantity") {
    const Message& quantity = message();
    return quantity.GetReflection()->GetString(quantity, quantity.GetDescriptor()->field(0));
  }
  return field_text(*parent, field);
}

int64_t Place::number() const {
  const auto* reflection = parent->GetReflection();
  const bool wide = field->cpp_type() == FieldDescriptor::CPPTYPE_INT64;
  if (index >= 0) {
    return wide ? reflection->GetRepeatedInt64(*parent, field, index)
                : reflection->GetRepeatedInt32(*parent, field, index);
  }
  return wide ? reflection->GetInt64(*parent, field) : reflection->GetInt32(*parent, field);
}

const Message& Place::message() const {
  const auto* reflection = parent->GetReflection();
  return index >= 0 ? reflection->GetRepeatedMessage(*parent, field, index) : reflection->GetMessage(*parent, field);
}

std::string Place::json() const {
  if (is_key) return quoted(key);
  if (field->is_map()) {
    // The object's only member: `{"name":{...}}`.
    std::string whole;
    encode_json(*alone(*parent, field), &whole);
    const std::string name = "\"" + field->json_name() + "\":";
    const size_t at = whole.find(name);
    return at == std::string::npos ? "null" : whole.substr(at + name.size(), whole.size() - at - name.size() - 1);
  }
  if (field->is_repeated() && index < 0) {
    std::string out = "[";
    for (int i = 0; i < parent->GetReflection()->FieldSize(*parent, field); ++i) {
      Place element = *this;
      element.index = i;
      out += (i ? "," : "") + element.json();
    }
    return out + "]";
  }
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return index < 0 && !parent->GetReflection()->HasField(*parent, field) ? "null" : message_json(message());
    case FieldDescriptor::CPPTYPE_STRING:
      return index < 0 && field->has_presence() && !set() ? "null" : quoted(text());
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(number());
    default:
      return field_text(*parent, field);
  }
}

}  // namespace kabuki::validation

#include "messages/json_problem.hpp"

#include <cmath>
#include <optional>

#include "messages/base64.hpp"
#include "messages/field_route.hpp"
#include "messages/json_document.hpp"
#include "messages/json_plan.hpp"

namespace kabuki::json {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using simdjson::dom::element_type;
using Element = simdjson::dom::element;

/// Where a path leads: the Go struct and its field, and how far into a list or map of it.
struct Place {
  const Descriptor* holder = nullptr;
  const FieldDescriptor* field = nullptr;
  std::string names;    // without indexes and keys, as Go counts
  bool inside = false;  // an element or a value rather than the list or map
};

const FieldDescriptor* value_field(const FieldDescriptor* field) {
  return field->is_map() ? field->message_type()->map_value() : field;
}

std::optional<Place> find_place(const Descriptor* root, std::span<const Step> path) {
  Place place;
  const Descriptor* at = root;
  for (const Step& step : path) {
    const bool is_key = place.field && place.field->is_map() && !place.inside;
    if (step.index >= 0 || is_key) {
      place.inside = true;
      continue;
    }
    std::vector<const FieldDescriptor*> inlined_in;
    const FieldDescriptor* field = at ? find_json_field(at, step.name, &inlined_in) : nullptr;
    if (!field) return std::nullopt;
    place.holder = at;
    place.field = field;
    place.inside = false;
    if (!place.names.empty()) place.names += '.';
    place.names += step.name;
    at = value_field(field)->message_type();
  }
  return place;
}

/// `v1.PodSpec`: with the last part of its package.
std::string go_name(const Descriptor* message) {
  const std::string package(message->file()->package());
  return package.substr(package.rfind('.') + 1) + "." + std::string(message->name());
}

std::string go_type(const FieldDescriptor* field) {
  switch (field->type()) {
    case FieldDescriptor::TYPE_BYTES:
      return "[]uint8";
    case FieldDescriptor::TYPE_BOOL:
      return "bool";
    case FieldDescriptor::TYPE_INT32:
      return "int32";
    case FieldDescriptor::TYPE_INT64:
      return "int64";
    case FieldDescriptor::TYPE_DOUBLE:
      return "float64";
    case FieldDescriptor::TYPE_MESSAGE:
      return go_name(field->message_type());
    default:
      return "string";
  }
}

bool is_integer(const FieldDescriptor* field) {
  return field->type() == FieldDescriptor::TYPE_INT32 || field->type() == FieldDescriptor::TYPE_INT64;
}

bool is_number(const Element& value) { return value.is_number() || value.type() == element_type::UINT64; }

/// What encoding/json calls a value.
std::string json_name(const Element& value, bool with_digits) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "array";
    case element_type::OBJECT:
      return "object";
    case element_type::BOOL:
      return "bool";
    case element_type::STRING:
      return "string";
    case element_type::NULL_VALUE:
      return "null";
    default: {
      std::string digits;
      if (with_digits) append_raw(value, &digits);
      return with_digits ? "number " + digits : "number";
    }
  }
}

/// What Go has it as, once it is a map[string]interface{}.
std::string go_kind(const Element& value) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "slice";
    case element_type::OBJECT:
      return "map";
    case element_type::BOOL:
      return "bool";
    case element_type::STRING:
      return "string";
    case element_type::INT64:
      return "int64";
    default:
      return "float64";
  }
}

/// Where Go's decoder of base64 gives up.
size_t corrupt_at(std::string_view text) {
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || c == '\r') continue;
    const bool padding = c == '=' && digits % 4 >= 2;
    const bool digit =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    if (!digit && !padding) return i;
    if (padding) return i + 1;
    ++digits;
  }
  return text.size() - digits % 4;
}

/// As Go's time.Parse: names the first part of the layout that the text does not have.
std::string time_words(std::string_view text, std::string_view layout) {
  const std::string whole = "parsing time \"" + std::string(text) + "\"";
  std::string_view rest = text;
  for (std::string_view part : {"2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"}) {
    const bool digits = part[0] >= '0' && part[0] <= '9';
    const std::string_view got = rest.substr(0, part.size());
    const bool fits =
        digits ? got.size() == part.size() && got.find_first_not_of("0123456789") == got.npos : got == part;
    if (!fits) {
      return whole + " as \"" + std::string(layout) + "\": cannot parse \"" + std::string(rest) + "\" as \"" +
             std::string(part) + "\"";
    }
    rest.remove_prefix(part.size());
  }
  if (rest.starts_with('.')) rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  if (!rest.starts_with('Z') && !rest.starts_with('+') && !rest.starts_with('-')) {
    return whole + " as \"" + std::string(layout) + "\": cannot parse \"" + std::string(rest) + "\" as \"Z07:00\"";
  }
  return whole + ": out of range";
}

/// A value that reads itself, as Time and IntOrString do: Go does not say where it stands.
std::optional<std::string> own_words(const FieldDescriptor* field, const Element& value) {
  if (field->type() == FieldDescriptor::TYPE_BYTES && value.is_string()) {
    return "illegal base64 data at input byte " + std::to_string(corrupt_at(std::string_view(value)));
  }
  if (field->type() != FieldDescriptor::TYPE_MESSAGE) return std::nullopt;
  const auto into = [&](std::string_view type, bool with_digits) {
    return "json: cannot unmarshal " + json_name(value, with_digits) + " into Go value of type " + std::string(type);
  };
  const auto parsing = [&](std::string_view layout) { return time_words(std::string_view(value), layout); };
  switch (form_of_message(field->message_type())) {
    case Form::int_or_string:
      return into("int32", is_number(value));
    case Form::time:
      return value.is_string() ? parsing("2006-01-02T15:04:05Z07:00") : into("string", false);
    case Form::micro_time:
      return value.is_string() ? parsing("2006-01-02T15:04:05.000000Z07:00") : into("string", false);
    case Form::duration:
      if (!value.is_string()) return into("string", false);
      return "time: invalid duration \"" + std::string(std::string_view(value)) + "\"";
    case Form::quantity:
      return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    case Form::string_list:
      return into(value.is_array() ? "string" : go_name(field->message_type()), false);
    default:
      return std::nullopt;
  }
}

std::string converting_words(const FieldDescriptor* field, bool whole, const Element& value) {
  const std::string kind = go_kind(value);
  if (whole && field->is_map()) return "cannot restore map from " + kind;
  if (whole && field->is_repeated()) return "cannot restore slice from " + kind;
  const FieldDescriptor* leaf = value_field(field);
  if (leaf->type() == FieldDescriptor::TYPE_MESSAGE) return "cannot restore struct from: " + kind;
  if (leaf->type() == FieldDescriptor::TYPE_BYTES) return "cannot restore slice from " + kind;
  const std::string type = go_type(leaf);
  // Go turns numbers into each other, and an integer into a string, but the converter does not want it.
  const bool converts = (is_integer(leaf) && is_number(value)) || (type == "string" && kind == "int64");
  return converts ? "cannot convert " + kind + " to " + type : "unrecognized type: " + type;
}

}  // namespace

Problem wrong_type(const Descriptor* root, std::span<const Step> path, const Element& value) {
  if (path.empty()) {
    return {"json: cannot unmarshal " + json_name(value, false) + " into Go value of type " + go_name(root),
            "cannot restore struct from: " + go_kind(value)};
  }
  const auto place = find_place(root, path);
  if (!place) return {};
  const FieldDescriptor* field = place->field;
  const bool whole = field->is_repeated() && !place->inside;
  const FieldDescriptor* leaf = value_field(field);
  if (!whole) {
    if (auto words = own_words(leaf, value)) return {*words, *words};
    if (leaf->type() == FieldDescriptor::TYPE_MESSAGE && form_of_message(leaf->message_type()) != Form::message) {
      return {};
    }
  }
  std::string type = go_type(leaf);
  if (whole) type = (field->is_map() ? "map[string]" : "[]") + type;
  const bool with_digits = !whole && is_integer(leaf) && is_number(value);
  return {"json: cannot unmarshal " + json_name(value, with_digits) + " into Go struct field " +
              std::string(place->holder->name()) + "." + place->names + " of type " + type,
          converting_words(field, whole, value)};
}

}  // namespace kabuki::json

#include "messages/json_document.hpp"

#include "messages/json.hpp"
#include "messages/json_encode.hpp"
#include "messages/json_syntax.hpp"
#include "messages/status.hpp"

namespace kabuki::json {

using simdjson::dom::element;
using simdjson::dom::element_type;

Result<element> parse_document(std::string_view text) {
  constexpr size_t kKeptBytes = 256 << 10;  // a parser holds about 20 bytes for each of its longest document
  thread_local simdjson::dom::parser parser;
  if (parser.capacity() > kKeptBytes && text.size() <= kKeptBytes) parser = simdjson::dom::parser();
  element root;
  const auto error = parser.parse(text.data(), text.size()).get(root);
  if (!error) return root;
  std::string why = explain_json_error(text);
  if (why.empty()) {
    switch (error) {
      case simdjson::UTF8_ERROR:
        why = "invalid UTF-8 in a string";
        break;
      case simdjson::STRING_ERROR:
        why = "invalid escape sequence in a string";
        break;
      case simdjson::DEPTH_ERROR:
        why = "exceeded max depth";
        break;
      case simdjson::NUMBER_ERROR:
        why = "a number is out of range";
        break;
      default:
        why = simdjson::error_message(error);
    }
  }
  return bad_request("json parse error: " + why);
}

void append_raw(const element& value, std::string* out) {
  switch (value.type()) {
    case element_type::ARRAY:
      *out += '[';
      for (const element item : simdjson::dom::array(value)) {
        append_raw(item, out);
        *out += ',';
      }
      if (out->back() == ',') out->pop_back();
      *out += ']';
      return;
    case element_type::OBJECT:
      *out += '{';
      for (const auto& field : simdjson::dom::object(value)) {
        append_json_string(field.key, out);
        *out += ':';
        append_raw(field.value, out);
        *out += ',';
      }
      if (out->back() == ',') out->pop_back();
      *out += '}';
      return;
    case element_type::STRING:
      return append_json_string(std::string_view(value), out);
    case element_type::INT64:
      *out += std::to_string(int64_t(value));
      return;
    case element_type::UINT64:
      *out += std::to_string(uint64_t(value));
      return;
    case element_type::DOUBLE:
      return append_json_number(double(value), out);
    case element_type::BOOL:
      *out += bool(value) ? "true" : "false";
      return;
    case element_type::NULL_VALUE:
      *out += "null";
      return;
  }
}

std::string describe(const element& value) {
  constexpr size_t kShown = 40;
  std::string text;
  switch (value.type()) {
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      return "an object";
    case element_type::BOOL:
      return bool(value) ? "true" : "false";
    case element_type::NULL_VALUE:
      return "null";
    case element_type::STRING: {
      const std::string_view whole = std::string_view(value);
      append_json_string(whole.substr(0, kShown), &text);
      return "a string " + text + (whole.size() > kShown ? "..." : "");
    }
    default:
      append_raw(value, &text);
      return "a number " + text;
  }
}

}  // namespace kabuki::json

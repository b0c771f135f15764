#include "messages/patch/document.hpp"

#include <charconv>

#include "messages/json_syntax.hpp"
#include "messages/status.hpp"

namespace kabuki::patch {
namespace {

int depth_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

Result<Json> parse_document(std::string_view text, std::string_view what) {
  const auto refuse = [&](const std::string& why) {
    return bad_request(what.empty() ? why : std::string(what) + ": " + why);
  };
  if (depth_of(text) > kMaxDepth) return refuse("exceeded max depth");
  // To the parser a zero byte is the end, whatever comes after.
  const bool ends_early = text.find('\0') != std::string_view::npos;
  Json document = ends_early ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
  if (!document.is_discarded()) return document;
  const std::string why = explain_json_error(text);
  return refuse(why.empty() ? "invalid JSON" : why);
}

std::string_view name_of(const Json& value) {
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "bool";
  return value.is_number() ? "number" : "null";
}

std::string print_go(const Json& value) {
  if (value.is_null()) return "<nil>";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) {
    char text[32];
    const double number = value.get<double>();
    const double size = number < 0 ? -number : number;
    // %v writes exponents below 1e-4 and from 1e21.
    const bool plain = size == 0 || (size >= 1e-4 && size < 1e21);
    const auto end = std::to_chars(text, text + sizeof text, number,
                                   plain ? std::chars_format::fixed : std::chars_format::scientific);
    return end.ec == std::errc() ? std::string(text, end.ptr) : value.dump();
  }
  if (!value.is_structured()) return print_document(value);
  std::string out;
  for (const auto& [key, member] : value.items()) {  // an object's keys are sorted
    if (!out.empty()) out += ' ';
    out += (value.is_object() ? key + ":" : "") + print_go(member);
  }
  return (value.is_object() ? "map[" : "[") + out + "]";
}

std::string print_document(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Error unprocessable_patch() {
  Error error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = "the server rejected our request due to an error in our request";
  error.has_details = true;
  return error;
}

}  // namespace kabuki::patch

#include "messages/patch/document.hpp"

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
  if (depth_of(text) > kMaxDepth) return bad_request(std::string(what) + ": exceeded max depth");
  // To the parser a zero byte is the end, whatever comes after.
  const bool ends_early = text.find('\0') != std::string_view::npos;
  Json document = ends_early ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
  if (document.is_discarded()) return bad_request(std::string(what) + ": invalid JSON");
  return document;
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

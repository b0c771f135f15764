#include <algorithm>

#include "actors/api_server/http/exchange.hpp"
#include "messages/base64.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equal_ignoring_case(std::string_view a, std::string_view lower_case) {
  return std::equal(a.begin(), a.end(), lower_case.begin(), lower_case.end(),
                    [](char x, char y) { return lower(x) == y; });
}

/// The elements of a header that is a list, also of one that is there more than once.
std::vector<std::string_view> elements(const Request& request, std::string_view header) {
  std::vector<std::string_view> out;
  for (const auto& [name, value] : request.headers) {
    if (name != header) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const size_t comma = std::min(rest.find(','), rest.size());
      std::string_view element = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      const size_t first = element.find_first_not_of(" \t");
      if (first == std::string_view::npos) continue;
      out.push_back(element.substr(first, element.find_last_not_of(" \t") - first + 1));
    }
  }
  return out;
}

bool has_element(const Request& request, std::string_view header, std::string_view lower_case) {
  const auto all = elements(request, header);
  return std::any_of(all.begin(), all.end(), [&](std::string_view e) { return equal_ignoring_case(e, lower_case); });
}

}  // namespace

bool asks_for_web_socket(const Request& request) {
  return request.method == "GET" && has_element(request, "upgrade", "websocket") &&
         has_element(request, "connection", "upgrade");
}

Result<> check_web_socket(const Request& request) {
  if (request.header("sec-websocket-version") != "13") {
    Error error = bad_request("only version 13 of the WebSocket protocol is spoken");
    error.code = 426;
    return error;
  }
  const std::string_view key = request.header("sec-websocket-key");
  const auto bytes = decode_base64(key);
  if (!bytes || bytes->size() != 16) return bad_request("Sec-WebSocket-Key must be 16 bytes in base64");
  return {};
}

std::vector<std::string> offered_protocols(const Request& request) {
  const auto all = elements(request, "sec-websocket-protocol");
  return {all.begin(), all.end()};
}

}  // namespace kabuki::api_server::http

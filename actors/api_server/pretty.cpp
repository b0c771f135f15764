#include "actors/api_server/pretty.hpp"

namespace kabuki::api_server {

bool wants_pretty(const http::Request& request) {
  const std::string_view asked = request.parameter("pretty");
  if (!asked.empty()) {
    for (std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
      if (asked == yes) return true;
    }
    return false;
  }
  const std::string_view agent = request.header("user-agent");
  return agent.starts_with("curl") || agent.starts_with("Wget") || agent.starts_with("Mozilla/5.0");
}

std::string indented(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2);
  size_t depth = 0;
  bool in_string = false;
  auto new_line = [&] { out.append("\n").append(2 * depth, ' '); };
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < json.size()) out += json[++i];
      in_string = c != '"';
      continue;
    }
    switch (c) {
      case '"':
        in_string = true;
        out += c;
        break;
      case '{':
      case '[':
        out += c;
        if (i + 1 < json.size() && (json[i + 1] == '}' || json[i + 1] == ']')) {
          out += json[++i];
          break;
        }
        ++depth;
        new_line();
        break;
      case '}':
      case ']':
        --depth;
        new_line();
        out += c;
        break;
      case ',':
        out += c;
        new_line();
        break;
      case ':':
        out.append(": ");
        break;
      default:
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r') out += c;
    }
  }
  return out;
}

}  // namespace kabuki::api_server

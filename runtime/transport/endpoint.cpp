#include "runtime/transport/endpoint.hpp"

#include <algorithm>
#include <cctype>

#include "messages/status.hpp"

namespace kabuki::runtime {
namespace {

constexpr std::string_view kTcp = "tcp://";

Error malformed(std::string_view text) {
  return bad_request("not an address: \"" + std::string(text) +
                     "\"; expected HOST or HOST:PORT, for example 10.0.0.5:7600 or [fd00::5]:7600");
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
}

}  // namespace

bool is_loopback_endpoint(std::string_view endpoint) {
  if (endpoint.starts_with("ipc://") || endpoint.starts_with("inproc://")) return true;
  if (!endpoint.starts_with(kTcp)) return false;
  auto rest = endpoint.substr(kTcp.size());
  auto colon = rest.rfind(':');
  if (colon == std::string_view::npos) return false;
  auto host = rest.substr(0, colon);
  if (host == "localhost" || host == "[::1]" || host == "lo") return true;
  if (!host.starts_with("127.")) return false;
  return std::ranges::all_of(host, [](unsigned char c) { return std::isdigit(c) || c == '.'; });
}

Result<std::string> parse_endpoint(std::string_view text, int default_port) {
  auto host = text.starts_with(kTcp) ? text.substr(kTcp.size()) : text;
  std::string_view port;
  auto colon = host.rfind(':');
  if (colon != std::string_view::npos && !host.ends_with(']')) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
    if (port != "*" && !is_port(port)) return malformed(text);
  }
  bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (host.empty() || host.find_first_of("/ \t") != std::string_view::npos) return malformed(text);
  if (!bracketed && host.find(':') != std::string_view::npos) return malformed(text);
  return std::string(kTcp) + std::string(host) + ":" +
         (port.empty() ? std::to_string(default_port) : std::string(port));
}

}  // namespace kabuki::runtime

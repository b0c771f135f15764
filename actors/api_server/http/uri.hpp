#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::api_server::http {

/// A request target, taken apart and percent-decoded.
struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;  // in order
  bool operator==(const Target&) const = default;
};

/// Reads a request target: `/path?query` or, as a proxy's client sends it, `http://host/path?query`.
/// Error: BadRequest for a broken escape, a NUL or control byte, or a path that does not begin with `/`.
Result<Target> parse_target(std::string_view target);

/// Decodes %XX, and `+` as a space when `plus_is_space`. Error: BadRequest that quotes the broken escape.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// Encodes every byte but the unreserved ones of RFC 3986.
std::string percent_encode(std::string_view text);

}  // namespace kabuki::api_server::http

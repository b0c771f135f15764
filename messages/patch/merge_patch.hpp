#pragma once

#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace kabuki {

/// Applies a JSON merge patch (RFC 7386) to `json`: objects merge, null deletes, all else replaces. Error: BadRequest
/// for what is no JSON object.
Result<std::string> apply_merge_patch(std::string_view json, std::string_view patch);

}  // namespace kabuki

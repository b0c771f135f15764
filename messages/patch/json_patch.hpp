#pragma once

#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace kabuki {

/// Operations that one JSON patch may have.
inline constexpr size_t kMaxPatchOperations = 10000;

/// Applies a JSON patch (RFC 6902) to `json`, all of it or nothing. Errors: BadRequest for what is no JSON patch, 413
/// for too many operations, 422 for an operation that fails (a path that is not there, a test that does not hold).
Result<std::string> apply_json_patch(std::string_view json, std::string_view patch);

}  // namespace kabuki

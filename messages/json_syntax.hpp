#pragma once

#include <string>
#include <string_view>

namespace kabuki {

/// Why `text` is not one JSON value, in the words of Go's encoding/json ("invalid character 'x' looking for beginning
/// of value"); "" when its grammar is sound. Slow: for what the real parser has refused.
std::string explain_json_error(std::string_view text);

}  // namespace kabuki

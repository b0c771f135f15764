#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kabuki {

/// Appends the standard alphabet with padding, as Kubernetes' JSON carries bytes.
void append_base64(std::string_view bytes, std::string* out);

/// Reads what `append_base64` writes; line breaks are skipped. None when it is something else.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace kabuki

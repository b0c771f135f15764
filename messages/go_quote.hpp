#pragma once

#include <string>
#include <string_view>

namespace kabuki {

/// The text in quotes as Go's %q writes it, which is how Kubernetes shows strings in its messages.
std::string go_quoted(std::string_view text);

}  // namespace kabuki

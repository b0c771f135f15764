#pragma once

#include <vector>

#include "messages/kinds.hpp"

namespace kabuki {

/// The lines of the kinds table in the order of their ids, without gaps.
std::vector<Kind> make_kinds_table();

/// The lines of what is served in another form than it is stored, or not stored at all (messages/versions.hpp).
std::vector<Kind> make_version_kinds();

}  // namespace kabuki

#pragma once

#include <vector>

#include "messages/kinds.hpp"

namespace kabuki {

/// The lines of the kinds table in the order of their ids, without gaps.
std::vector<Kind> make_kinds_table();

}  // namespace kabuki

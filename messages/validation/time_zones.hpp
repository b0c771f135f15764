#pragma once

#include <string_view>

namespace kabuki::validation {

/// Whether the tz database has a zone or a link of exactly this name. The names are built in: every host judges
/// alike, whatever is installed there.
bool is_time_zone(std::string_view name);

}  // namespace kabuki::validation

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kabuki::tools {

/// The name of a snapshot of a series, in the folder of `file`: "/b/demo.snap" of 2026-11-23T11:30:00Z is
/// "/b/demo-20261123T113000Z.snap".
std::string dated_name(const std::string& file, int64_t unix_seconds);

/// Of `names` in the folder of `file`, those of its series that are to go so that the newest `keep` stay; oldest
/// first. Nothing that is not named by dated_name is ever among them.
std::vector<std::string> superseded(const std::string& file, const std::vector<std::string>& names, size_t keep);

}  // namespace kabuki::tools

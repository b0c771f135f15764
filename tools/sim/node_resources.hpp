#pragma once

#include <cstdint>

namespace kabuki::tools {

/// An extended resource, of which every simulated node of a run has so many.
inline constexpr const char* kWidget = "example.com/widget";
inline constexpr int64_t kWidgetsPerNode = 4;

}  // namespace kabuki::tools

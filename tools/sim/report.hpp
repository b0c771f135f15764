#pragma once

#include <string>

#include "tools/sim/simulation.hpp"

namespace kabuki::tools {

/// For programs. `wall_seconds` is how long the run took.
std::string report_json(const SimulationReport& report, double wall_seconds);
/// For people.
std::string report_text(const SimulationReport& report, double wall_seconds);

}  // namespace kabuki::tools

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/kubelet/exec/process_world.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// All that a simulated program does: it waits, it writes, it hands on its input, it ends.
struct ProgramPlan {
  struct Piece {
    bool err = false;
    std::string text;
    bool operator==(const Piece&) const = default;
  };
  int64_t delay_ns = 0;  // before anything else
  std::vector<Piece> pieces;
  bool for_ever = false;      // the pieces come again and again
  bool copies_input = false;  // after the pieces, until the input's end
  int32_t exit_code = 0;
  bool operator==(const ProgramPlan&) const = default;
};

/// What this command does: as the container's annotations say, else as the program does that is known by this name.
/// None: there is no such program. `directory` is where it runs. Pure.
std::optional<ProgramPlan> plan_program(const ProcessWorld& world, const std::string& directory,
                                        const std::vector<std::string>& command, io::WallTime now);

/// sh, bash, ash, dash, with or without a usual directory before them.
bool is_shell(const std::string& program);
/// A plan that says `what` on stderr and ends with `exit_code`.
ProgramPlan complaint(const std::string& what, int32_t exit_code);

}  // namespace kabuki::kubelet

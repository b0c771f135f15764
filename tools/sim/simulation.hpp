#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/sim/backups.hpp"
#include "tools/sim/checks.hpp"
#include "tools/sim/faults.hpp"
#include "tools/sim/workload.hpp"

namespace kabuki::tools {

struct SimulationOptions {
  SimClusterOptions cluster;
  WorkloadOptions workload;  // its duration is `duration`
  FaultOptions faults;       // its, too
  BackupOptions backups;     // and its
  /// Of writes and faults, counted from when the cluster is up.
  io::Duration duration = std::chrono::seconds(120);
  /// How long nothing may have changed before the cluster counts as settled, and how long that may take.
  io::Duration quiet = std::chrono::seconds(60);
  io::Duration settle_limit = std::chrono::minutes(10);
  /// How long a settled cluster is watched while its scheduler and controllers start anew and look at everything:
  /// nothing is to be written.
  io::Duration rest = std::chrono::minutes(2);
  /// Hears of every durable change.
  std::function<void(const Invariant::Seen&)> on_change;
};

struct SimulationReport {
  SimulationOptions options;
  uint64_t trace_hash = 0;
  uint64_t state_hash = 0;  // of every object at the end, and its revision
  io::Duration simulated{0};
  io::Duration settled_after{0};  // from the last fault to the last change
  uint64_t steps = 0;
  uint64_t changes = 0;  // durable ones
  int root_ends = 0;
  std::vector<std::string> workloads;
  Client::Counts writes;
  uint64_t frames_sent = 0;
  uint64_t frames_lost = 0;
  uint64_t frames_duplicated = 0;
  std::vector<FaultRecord> faults;
  std::vector<Check> checks;

  bool passed() const;
};

/// Runs one cluster under one seed: starts it, writes to it and breaks it for a while, waits until it is quiet, and
/// judges. Deterministic: the same options give the same report.
SimulationReport simulate(SimulationOptions options);

/// The command that repeats a run.
std::string replay_command(const SimulationOptions& options);
/// "web,jobs".
std::string joined(const std::vector<std::string>& names);
/// `seconds` with a unit, as the command line reads it: "90s", "2ms".
std::string duration_text(io::Duration duration);

}  // namespace kabuki::tools

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "messages/result.hpp"
#include "runtime/io/time.hpp"
#include "tools/scale/load_actor.hpp"

namespace kabuki::tools {

struct ScaleOptions {
  size_t nodes = 10;
  size_t pods = 1000;
  size_t pods_per_node = 0;  // 0: Kubernetes' 110, or as many as the pods need
  std::string store = "rocksdb";
  Until until = Until::running;
  io::Duration timeout = std::chrono::minutes(30);
};

struct ScaleResult {
  size_t pods_bound = 0;
  double bound_seconds = 0;  // from the first create to the last bind; 0 when not all were bound
  size_t pods_running = 0;
  size_t nodes_ready = 0;
  size_t creates_refused = 0;
  double seconds = 0;          // from the first create to the last pod being what is waited for
  double pods_per_second = 0;  // that are what is waited for
  double startup_p50_ms = 0;   // from sending the create to seeing it so
  double startup_p99_ms = 0;
  uint64_t peak_rss_bytes = 0;  // of this process, over its whole life
  uint64_t idle_rss_bytes = 0;  // with all nodes Ready, before the first pod
  bool complete = false;
};

/// Runs a one-host cluster in this process (no HTTP; data in a temporary directory that goes with it), creates the
/// pods and waits until all are what is waited for or the time is up. `progress` gets a line about once a second.
Result<ScaleResult> run_scale(const ScaleOptions& options, const std::function<void(const std::string&)>& progress);

}  // namespace kabuki::tools

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/kubelet/exec/exec_outcome.hpp"
#include "actors/kubelet/lifecycle/view.hpp"
#include "actors/kubelet/runtime/distribution.hpp"
#include "actors/kubelet/runtime/probe_script.hpp"
#include "actors/kubelet/runtime/use_profile.hpp"
#include "messages/result.hpp"

namespace kabuki::kubelet {

inline constexpr std::string_view kSimPrefix = "sim.kabuki.io/";

/// How a simulated container behaves, as the pod's annotations say; the table is in actors/kubelet/README.md.
struct Behaviour {
  struct File {
    std::string path;
    std::string text;
    bool operator==(const File&) const = default;
  };

  Distribution start_latency = Distribution::uniform(10'000'000, 50'000'000);
  std::optional<Distribution> pull_latency;
  bool pull_fails = false;
  std::optional<Distribution> run_time;   // none: until it is stopped
  std::vector<int32_t> exit_codes = {0};  // by restart count; the last one goes on
  bool out_of_memory = false;             // its end is an OOM kill
  Distribution stop_latency = Distribution::uniform(1'000'000, 5'000'000);
  bool ignores_stop = false;  // ends by the kill
  int32_t stop_exit_code = 0;
  std::optional<Distribution> ready_after;
  bool never_ready = false;
  std::optional<Distribution> unhealthy_after;  // its liveness probe fails then
  std::optional<ProbeScript> startup_probe;     // none: it succeeds
  std::optional<ProbeScript> readiness_probe;   // likewise
  std::optional<ProbeScript> liveness_probe;    // likewise
  std::optional<Distribution> probe_latency;    // none: at once
  std::optional<Distribution> post_start;       // how long its hook takes; none: at once, or as the hook says
  bool post_start_fails = false;
  std::optional<Distribution> pre_stop;
  bool pre_stop_fails = false;
  bool cannot_run = false;     // its command cannot be run
  bool image_is_root = false;  // its image's user is root
  std::vector<std::string> logs;
  bool has_logs = false;
  std::optional<int64_t> log_every;  // nanoseconds between two lines; none: all are there at its start
  std::vector<File> writes;
  std::vector<std::string> reads;
  std::vector<ExecOutcome> exec;         // what programs run in it answer
  std::optional<UseProfile> cpu_use;     // in millicores; none: a share of the request
  std::optional<UseProfile> memory_use;  // in bytes
};

/// Error: BadRequest that names the annotation and says what is wrong with it, also when it names a container that
/// the pod does not have or a key that does not exist.
Result<Behaviour> behaviour_of(const PodView& pod, size_t container);

}  // namespace kabuki::kubelet

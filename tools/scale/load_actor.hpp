#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/actor.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::tools {

/// What a run waits for. Only `running` has kubelets: else nodes are objects that the load makes, and for `created`
/// there is no scheduler either.
enum class Until { created, bound, running };

struct LoadOptions {
  Until until = Until::running;
  size_t pods = 0;
  size_t nodes = 0;    // that must be Ready before the first pod is created
  size_t batch = 256;  // creates in one message
  size_t batches_in_flight = 4;
  runtime::Address views;  // where nodes and pods are watched
};

/// What a scaling run has measured so far. Latencies are from sending the create to seeing the pod Running.
struct LoadProgress {
  size_t nodes_ready = 0;
  size_t created = 0;
  size_t bound = 0;
  size_t running = 0;
  size_t refused = 0;
  io::Duration elapsed{0};            // from the first create to the end, or to now
  io::Duration bound_after{0};        // from the first create to the last bind
  std::vector<io::Duration> startup;  // one per pod that is what is waited for
  bool creating = false;              // false until the first pod is about to be created
  bool finished = false;
};

/// Waits until the nodes are Ready, creates pods as fast as the API server takes them, and watches until every one
/// is what is waited for. `report` is called inside the actor about once a second, and once with `finished`.
std::unique_ptr<runtime::Actor> make_load(LoadOptions options, std::function<void(const LoadProgress&)> report);

}  // namespace kabuki::tools

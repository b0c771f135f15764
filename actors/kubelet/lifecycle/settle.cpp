#include "actors/kubelet/lifecycle/settle.hpp"

#include <algorithm>
#include <cassert>

#include "actors/kubelet/lifecycle/step.hpp"

namespace kabuki::kubelet {
namespace {

// A pod that is not settled after so many rounds at one moment goes in circles.
constexpr int kRoundsMax = 1000;

void perform(const Action& action, const PodView& pod, const PodState& state, ContainerRuntime& runtime) {
  switch (action.kind) {
    case Action::Kind::run_sandbox:
      return runtime.run_sandbox(pod, state);
    case Action::Kind::stop_sandbox:
      return runtime.stop_sandbox(pod, state);
    case Action::Kind::pull_image:
      return runtime.pull_image(pod, state, action.container);
    case Action::Kind::start_container:
      return runtime.start_container(pod, state, action.container);
    case Action::Kind::stop_container:
      return runtime.stop_container(pod, state, action.container);
  }
}

int64_t earlier(int64_t a, int64_t b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

}  // namespace

Settled settle(const PodView& pod, PodState& state, ContainerRuntime& runtime, io::WallTime now,
               std::vector<RuntimeEvent> first) {
  Settled out;
  std::vector<RuntimeEvent> events = std::move(first);
  for (int round = 0;; ++round) {
    assert(round < kRoundsMax);
    Plan plan = step(pod, state, events, now);
    for (const Action& action : plan.actions) perform(action, pod, state, runtime);
    std::move(plan.notes.begin(), plan.notes.end(), std::back_inserter(out.notes));
    Poll poll = runtime.poll(pod, state, now);
    if (poll.events.empty()) {
      out.wake_ns = earlier(plan.wake_ns, poll.next_ns);
      out.look = plan.look;
      out.remove = plan.remove;
      return out;
    }
    events = std::move(poll.events);
  }
}

}  // namespace kabuki::kubelet

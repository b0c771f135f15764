#include "actors/kubelet/runtime/simulated.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "actors/kubelet/lifecycle/container_id.hpp"
#include "actors/kubelet/runtime/behaviour.hpp"
#include "actors/kubelet/runtime/simulated_files.hpp"
#include "messages/time_format.hpp"

namespace kabuki::kubelet {
namespace {

using Kind = RuntimeEvent::Kind;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMilli = 1'000'000;
constexpr uint64_t kSeed = 0x6b6162756b69;
constexpr int32_t kKilled = 137;
// How long a container lives that does not find a file.
constexpr int64_t kMissingFileRunTime = kMilli;

/// What one container tells by `now`.
class ContainerPoll {
 public:
  ContainerPoll(const PodView& pod, const PodState& state, size_t container, int64_t now, Poll* out)
      : pod_(pod), state_(state), i_(container), r_(state.containers[container]), now_(now), out_(*out) {}

  void run() {
    if (r_.phase == ContainerPhase::idle) return;
    auto behaviour = behaviour_of(pod_, i_);
    if (!behaviour.ok()) return refuse(behaviour.error());
    behaviour_ = &*behaviour;
    if (r_.phase == ContainerPhase::pulling) return pulling();
    if (r_.phase == ContainerPhase::starting) return starting();
    if (r_.phase == ContainerPhase::running) probes();
    ending();
  }

 private:
  RuntimeEvent event(Kind kind, int64_t at) const {
    RuntimeEvent e;
    e.kind = kind;
    e.container = i_;
    e.at_ns = at;
    return e;
  }
  /// Tells it when it is due, otherwise asks to be asked again then.
  void due(RuntimeEvent e) {
    if (e.at_ns > now_) {
      out_.next_ns = out_.next_ns == 0 ? e.at_ns : std::min(out_.next_ns, e.at_ns);
    } else {
      out_.events.push_back(std::move(e));
    }
  }
  int64_t draw(const Distribution& distribution, std::string_view what) const {
    std::string stream = pod_.uid() + "/" + pod_.spec(i_).name() + "/" + std::to_string(r_.restart_count) + "/";
    io::Random random = io::Random(kSeed).split(stream.append(what));
    return distribution.draw(random);
  }

  void refuse(const Error& error) {
    // A running container goes on as it is: its annotations were broken after it had started.
    if (r_.phase == ContainerPhase::pulling) return due(event(Kind::image_pulled, r_.since_ns));
    RuntimeEvent e = event(Kind::start_failed, r_.since_ns);
    e.reason = "CreateContainerConfigError";
    e.message = error.message;
    if (r_.phase == ContainerPhase::starting) return due(std::move(e));
    if (r_.phase != ContainerPhase::stopping) return;
    RuntimeEvent end = event(Kind::exited, r_.since_ns);
    due(std::move(end));
  }

  void pulling() {
    if (behaviour_->pull_fails) {
      RuntimeEvent e = event(Kind::pull_failed, r_.since_ns);
      e.message = "rpc error: code = NotFound desc = failed to pull and unpack image \"" + pod_.spec(i_).image() +
                  "\": not found";
      return due(std::move(e));
    }
    RuntimeEvent e = event(Kind::image_pulled, r_.since_ns);
    if (behaviour_->pull_latency) {
      const int64_t latency = draw(*behaviour_->pull_latency, "image-pull");
      e.at_ns += latency;
      e.message = "Successfully pulled image \"" + pod_.spec(i_).image() + "\" in " +
                  format_duration(latency / kMilli * kMilli);
    }
    due(std::move(e));
  }

  void starting() {
    RuntimeEvent e = event(Kind::started, r_.since_ns + draw(behaviour_->start_latency, "start-latency"));
    e.id = simulated_id(pod_.uid(), pod_.spec(i_).name(), r_.restart_count, {r_.streak, e.at_ns});
    e.startup = !pod_.spec(i_).has_startupprobe();
    e.ready = e.startup && ready_delay() == 0;
    due(std::move(e));
  }

  /// From the start, or from when the startup probe passed; below zero: never.
  int64_t ready_delay() const {
    if (behaviour_->never_ready) return -1;
    if (behaviour_->ready_after) return draw(*behaviour_->ready_after, "ready-after");
    const auto& spec = pod_.spec(i_);
    return spec.has_readinessprobe() ? spec.readinessprobe().initialdelayseconds() * kSecond : 0;
  }

  void probes() {
    int64_t up = r_.started_ns;
    if (pod_.spec(i_).has_startupprobe()) up += pod_.spec(i_).startupprobe().initialdelayseconds() * kSecond;
    const int64_t delay = ready_delay();
    if (!r_.startup) {
      RuntimeEvent e = event(Kind::startup_passed, up);
      e.ready = delay == 0;
      due(std::move(e));
    } else if (!r_.ready && delay >= 0) {
      RuntimeEvent e = event(Kind::readiness_changed, up + delay);
      e.ready = true;
      due(std::move(e));
    }
    if (behaviour_->unhealthy_after) {
      RuntimeEvent e = event(Kind::liveness_failed, up + draw(*behaviour_->unhealthy_after, "unhealthy-after"));
      e.message = "simulated";
      due(std::move(e));
    }
  }

  /// The earlier of its own end and the one it is asked for.
  void ending() {
    RuntimeEvent end = event(Kind::exited, 0);
    std::string found;
    if (!read_files(&found)) {
      end.at_ns = r_.started_ns + kMissingFileRunTime;
      end.exit_code = 1;
    } else if (behaviour_->run_time) {
      end.at_ns = r_.started_ns + draw(*behaviour_->run_time, "run-time");
      const auto& codes = behaviour_->exit_codes;
      end.exit_code = codes[std::min<size_t>(r_.restart_count, codes.size() - 1)];
      if (behaviour_->out_of_memory) end.reason = "OOMKilled";
    }
    end.message = found;
    if (r_.phase == ContainerPhase::stopping) {
      RuntimeEvent stopped = event(Kind::exited, 0);
      const int64_t own = r_.since_ns + draw(behaviour_->stop_latency, "stop-latency");
      const bool killed = behaviour_->ignores_stop || own > r_.kill_ns;
      stopped.at_ns = killed ? std::max(r_.kill_ns, r_.since_ns) : own;
      stopped.exit_code = killed ? kKilled : behaviour_->stop_exit_code;
      stopped.message = found;
      if (end.at_ns == 0 || stopped.at_ns < end.at_ns) end = std::move(stopped);
    }
    if (end.at_ns != 0) due(std::move(end));
  }

  /// What the files that it reads say, or which one is missing.
  bool read_files(std::string* found) const {
    for (const std::string& path : behaviour_->reads) {
      const auto text = read_simulated_file(pod_, state_, i_, r_.started_ns, path);
      if (!text) {
        *found = path + ": no such file or directory";
        return false;
      }
      if (!found->empty()) found->push_back('\n');
      found->append(*text);
    }
    return true;
  }

  const PodView& pod_;
  const PodState& state_;
  const size_t i_;
  const ContainerRecord& r_;
  const int64_t now_;
  Poll& out_;
  const Behaviour* behaviour_ = nullptr;
};

}  // namespace

bool SimulatedRuntime::crash_container(const PodView&, const PodState& state, size_t container, int32_t exit_code,
                                       io::WallTime now, RuntimeEvent* event) {
  const ContainerPhase phase = state.containers[container].phase;
  if (phase != ContainerPhase::running && phase != ContainerPhase::stopping) return false;
  event->kind = Kind::exited;
  event->container = container;
  event->at_ns = now.ns;
  event->exit_code = exit_code;
  event->reason = exit_code == 0 ? "Completed" : "Error";
  return true;
}

Poll SimulatedRuntime::poll(const PodView& pod, const PodState& state, io::WallTime now) {
  Poll out;
  if (state.sandbox == Sandbox::creating) {
    RuntimeEvent ready;
    ready.kind = Kind::sandbox_ready;
    ready.at_ns = state.sandbox_since_ns;
    out.events.push_back(std::move(ready));
  }
  for (size_t i = 0; i < state.containers.size(); ++i) ContainerPoll(pod, state, i, now.ns, &out).run();
  return out;
}

}  // namespace kabuki::kubelet

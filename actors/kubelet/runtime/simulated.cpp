#include "actors/kubelet/runtime/simulated.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "actors/kubelet/lifecycle/container_id.hpp"
#include "actors/kubelet/runtime/behaviour.hpp"
#include "actors/kubelet/runtime/resource_use.hpp"
#include "actors/kubelet/runtime/simulated_draw.hpp"
#include "actors/kubelet/runtime/simulated_files.hpp"
#include "actors/kubelet/runtime/simulated_log.hpp"
#include "actors/kubelet/runtime/simulated_probes.hpp"
#include "messages/time_format.hpp"

namespace kabuki::kubelet {
namespace {

using Kind = RuntimeEvent::Kind;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMilli = 1'000'000;
constexpr int32_t kKilled = 137;
constexpr int32_t kTerminated = 143;
// What is left to a container whose hook has used up its grace.
constexpr int64_t kGraceAfterHook = 2 * kSecond;
constexpr int64_t kHookLongest = 5 * kMilli;
constexpr const char* kOutOfMemory = "OOMKilled";
constexpr const char* kMessagePath = "/dev/termination-log";
constexpr size_t kMessageMax = 4096;
// What of a log FallbackToLogsOnError takes.
constexpr int64_t kLogLinesMax = 80;
constexpr size_t kLogBytesMax = 2048;
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
    if (r_.phase != ContainerPhase::running && r_.phase != ContainerPhase::stopping) return;
    hooks();
    if (pod_.role(i_) != Role::init) poll_probes(pod_, state_, i_, *behaviour_, now_, &out_);
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
    io::Random random = simulated_stream(pod_, i_, r_.restart_count, what);
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
    const std::string& image = pod_.spec(i_).image();
    if ((behaviour_->pull_fails || behaviour_->pull_latency) && pod_.spec(i_).imagepullpolicy() == "Never") {
      RuntimeEvent e = event(Kind::never_pulled, r_.since_ns);
      e.message = "Container image \"" + image + "\" is not present with pull policy of Never";
      return due(std::move(e));
    }
    if ((behaviour_->pull_fails || behaviour_->pull_latency) && r_.told_ns < r_.since_ns) {
      due(event(Kind::pulling, r_.since_ns));
    }
    if (behaviour_->pull_fails) {
      RuntimeEvent e = event(Kind::pull_failed, r_.since_ns);
      e.message = "rpc error: code = NotFound desc = failed to pull and unpack image \"" + image + "\": not found";
      return due(std::move(e));
    }
    RuntimeEvent e = event(Kind::image_pulled, r_.since_ns);
    if (behaviour_->pull_latency) {
      const int64_t latency = draw(*behaviour_->pull_latency, "image-pull");
      e.at_ns += latency;
      const std::string took = format_duration(latency / kMilli * kMilli);
      e.message = "Successfully pulled image \"" + image + "\" in " + took + " (" + took + " including waiting)";
    }
    due(std::move(e));
  }

  void starting() {
    const std::string why = why_not_this_user();
    if (!why.empty()) {
      RuntimeEvent e = event(Kind::start_failed, r_.since_ns);
      e.reason = "CreateContainerConfigError";
      e.message = why;
      return due(std::move(e));
    }
    RuntimeEvent e = event(Kind::started, r_.since_ns + draw(behaviour_->start_latency, "start-latency"));
    const auto& lifecycle = pod_.spec(i_).lifecycle();
    if (lifecycle.has_poststart()) e.at_ns += hook(lifecycle.poststart(), behaviour_->post_start, "post-start");
    e.id = simulated_id(pod_.uid(), pod_.spec(i_).name(), r_.restart_count, {r_.streak, e.at_ns});
    e.startup = !pod_.spec(i_).has_startupprobe() || pod_.role(i_) == Role::init;
    e.ready = e.startup && ready_at_once(pod_, i_, *behaviour_);
    due(std::move(e));
  }

  /// runAsNonRoot against the user that the spec or the image says.
  std::string why_not_this_user() const {
    const auto& own = pod_.spec(i_).securitycontext();
    const auto& all = pod_.message->spec().securitycontext();
    const bool must_not = own.has_runasnonroot() ? own.runasnonroot() : all.runasnonroot();
    if (!must_not) return {};
    const std::string who = " (pod: \"" + pod_.name() + "_" + pod_.ns() + "(" + pod_.uid() +
                            ")\", container: " + pod_.spec(i_).name() + ")";
    if (own.has_runasuser() || all.has_runasuser()) {
      const int64_t user = own.has_runasuser() ? own.runasuser() : all.runasuser();
      return user == 0 ? "container's runAsUser breaks non-root policy" + who : "";
    }
    return behaviour_->image_is_root ? "container has runAsNonRoot and image will run as root" + who : "";
  }

  /// How long a hook takes.
  int64_t hook(const ::k8s::io::api::core::v1::LifecycleHandler& handler, const std::optional<Distribution>& said,
               std::string_view what) const {
    if (said) return draw(*said, what);
    if (handler.has_sleep()) return handler.sleep().seconds() * kSecond;
    return draw(Distribution::uniform(kMilli, kHookLongest), what);
  }
  int64_t pre_stop() const {
    const auto& lifecycle = pod_.spec(i_).lifecycle();
    // Without any grace there is no time for a hook.
    if (!lifecycle.has_prestop() || r_.kill_ns <= r_.since_ns) return 0;
    return hook(lifecycle.prestop(), behaviour_->pre_stop, "pre-stop");
  }

  void hooks() {
    const auto& lifecycle = pod_.spec(i_).lifecycle();
    if (r_.phase == ContainerPhase::running && lifecycle.has_poststart() && behaviour_->post_start_fails) {
      due(event(Kind::post_start_failed, r_.started_ns));
    }
    if (r_.phase == ContainerPhase::stopping && lifecycle.has_prestop() && behaviour_->pre_stop_fails &&
        r_.kill_ns > r_.since_ns && r_.told_ns < r_.since_ns + pre_stop()) {
      due(event(Kind::pre_stop_failed, r_.since_ns + pre_stop()));
    }
  }

  /// The earliest of its own end, the kernel's and the one it is asked for.
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
      if (behaviour_->out_of_memory) end.reason = kOutOfMemory;
      if (behaviour_->cannot_run) end.reason = "ContainerCannotRun";
    }
    if (const int64_t at = out_of_memory(); at != 0 && (end.at_ns == 0 || at < end.at_ns)) {
      end.at_ns = at;
      end.exit_code = kKilled;
      end.reason = kOutOfMemory;
    }
    if (r_.phase == ContainerPhase::stopping) {
      RuntimeEvent stopped = stop();
      if (end.at_ns == 0 || stopped.at_ns < end.at_ns) end = std::move(stopped);
    }
    if (end.at_ns == 0) return;
    if (end.at_ns <= now_) end.message = message_of(end, found);
    due(std::move(end));
  }

  RuntimeEvent stop() const {
    RuntimeEvent stopped = event(Kind::exited, 0);
    const int64_t hook = pre_stop();
    // A hook that takes longer than the grace is cut off.
    const int64_t told = hook == 0 ? r_.since_ns : std::min(r_.since_ns + hook, r_.kill_ns);
    const int64_t kill = hook == 0 ? r_.kill_ns : std::max(r_.kill_ns, told + kGraceAfterHook);
    const int64_t own = told + draw(behaviour_->stop_latency, "stop-latency");
    const bool killed = behaviour_->ignores_stop || own > kill;
    stopped.at_ns = killed ? std::max(kill, r_.since_ns) : own;
    stopped.exit_code = killed ? kKilled : behaviour_->stop_exit_code;
    // It is to be started again even where only failures are.
    if (r_.unhealthy && stopped.exit_code == 0) stopped.exit_code = kTerminated;
    return stopped;
  }

  /// When its memory grows above its limit; 0: not by now.
  int64_t out_of_memory() {
    int64_t from = r_.started_ns;
    while (true) {
      const auto crossing = memory_over_limit(pod_, i_, r_.started_ns, from);
      if (crossing.found) return crossing.at_ns;
      if (crossing.at_ns == std::numeric_limits<int64_t>::max()) return 0;
      if (crossing.at_ns > now_) {
        out_.next_ns = out_.next_ns == 0 ? crossing.at_ns : std::min(out_.next_ns, crossing.at_ns);
        return 0;
      }
      from = crossing.at_ns;
    }
  }

  /// What it says at its end: what it wrote to its terminationMessagePath, or what it read; where it failed without a
  /// word, the end of its log if the policy says so.
  std::string message_of(const RuntimeEvent& end, std::string found) const {
    const ContainerMessage& spec = pod_.spec(i_);
    const std::string& path = spec.terminationmessagepath();
    const auto written = read_simulated_file(pod_, state_, i_, r_.started_ns, path.empty() ? kMessagePath : path);
    if (written) found = *written;
    if (found.empty() && behaviour_->cannot_run) found = "simulated: the command cannot be run";
    if (found.empty() && end.exit_code != 0 && spec.terminationmessagepolicy() == "FallbackToLogsOnError") {
      const SimulatedLog::Life life{r_.restart_count, r_.started_ns, end.at_ns, end.exit_code};
      return SimulatedLog(pod_, i_, *behaviour_, life).last(kLogLinesMax, kLogBytesMax);
    }
    if (found.size() > kMessageMax) found.resize(kMessageMax);
    return found;
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

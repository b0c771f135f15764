#include "actors/kubelet/runtime/simulated_probes.hpp"

#include <algorithm>
#include <limits>

#include "actors/kubelet/lifecycle/probe.hpp"
#include "actors/kubelet/runtime/simulated_draw.hpp"

namespace kabuki::kubelet {
namespace {

using Kind = RuntimeEvent::Kind;

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
// Failures of the past that are told at most at once: a clock that leaps must not flood the events.
constexpr int64_t kToldAtOnce = 8;

class ProbePoll {
 public:
  ProbePoll(const PodView& pod, const PodState& state, size_t container, const Behaviour& behaviour, int64_t now,
            Poll* out)
      : pod_(pod),
        state_(state),
        i_(container),
        r_(state.containers[container]),
        spec_(pod.spec(container)),
        behaviour_(behaviour),
        now_(now),
        out_(*out) {}

  void run() {
    // Another life has told what failed so far.
    if (r_.told_ns == 0 && is_probed()) out_.events.push_back(event(Kind::probes_told, now_));
    const int64_t up = started_up();
    if (up == kNever) return;
    // It has started later than it is now when the clock was put back meanwhile.
    if (up > now_) return wake(up);
    if (!r_.startup) {
      RuntimeEvent passed = event(Kind::startup_passed, up);
      passed.ready = ready_at_once(pod_, i_, behaviour_);
      return due(std::move(passed));
    }
    readiness(up);
    liveness(up);
  }

 private:
  bool is_probed() const {
    return spec_.has_startupprobe() || spec_.has_readinessprobe() || spec_.has_livenessprobe() ||
           behaviour_.unhealthy_after;
  }
  RuntimeEvent event(Kind kind, int64_t at) const {
    RuntimeEvent e;
    e.kind = kind;
    e.container = i_;
    e.at_ns = at;
    return e;
  }
  void wake(int64_t at) { out_.next_ns = out_.next_ns == 0 ? at : std::min(out_.next_ns, at); }
  void due(RuntimeEvent e) {
    if (e.at_ns > now_) return wake(e.at_ns);
    out_.events.push_back(std::move(e));
  }

  ProbeSeries series(ProbeKind kind, const ProbeMessage& probe, const std::optional<ProbeScript>& script,
                     int64_t not_before) const {
    ProbeSeries out;
    const ProbeRule rule = out.rule = probe_rule(probe, r_.started_ns, not_before);
    if (!script && !behaviour_.probe_latency) {
      out.steady_from = 0;
      out.find = [rule](int64_t n) { return ProbeFinding{true, false, rule.first_ns + n * rule.period_ns}; };
      return out;
    }
    if (script && !behaviour_.probe_latency) {
      const int64_t by_time = r_.started_ns + script->steady_since_ns() - rule.first_ns;
      out.steady_from = std::max(script->steady_number(), by_time <= 0 ? 0 : by_time / rule.period_ns + 1);
    }
    out.find = [this, kind, rule, script](int64_t n) { return find(kind, rule, script, n); };
    return out;
  }

  ProbeFinding find(ProbeKind kind, const ProbeRule& rule, const std::optional<ProbeScript>& script,
                    int64_t n) const {
    ProbeFinding out;
    out.at_ns = rule.first_ns + n * rule.period_ns;
    const std::string what = std::string(probe_name(kind)) + "/" + std::to_string(n);
    io::Random random = simulated_stream(pod_, i_, r_.restart_count, what);
    auto outcome = ProbeScript::Outcome::ok;
    if (script) outcome = script->at(n, out.at_ns - r_.started_ns, random.unit());
    int64_t latency = behaviour_.probe_latency ? behaviour_.probe_latency->draw(random) : 0;
    // The next one waits for this one, so that none overtakes another.
    const int64_t longest = std::min(rule.timeout_ns, rule.period_ns);
    out.timed_out = outcome == ProbeScript::Outcome::timeout || latency > rule.timeout_ns;
    if (outcome == ProbeScript::Outcome::timeout) latency = longest;
    out.ok = outcome == ProbeScript::Outcome::ok && !out.timed_out;
    out.at_ns += std::min(latency, longest);
    return out;
  }

  /// When its startup probe passes, or passed; never while it does not.
  int64_t started_up() {
    if (!spec_.has_startupprobe()) return r_.started_ns;
    const ProbeMessage& probe = spec_.startupprobe();
    const ProbeSeries startup = series(ProbeKind::startup, probe, behaviour_.startup_probe, 0);
    for (int64_t n = 0; n < startup.rule.failures; ++n) {
      const ProbeFinding found = startup.find(n);
      if (!found.ok) continue;
      if (found.at_ns > now_) wake(found.at_ns);
      if (!r_.startup) tell_failures(ProbeKind::startup, probe, startup, n);
      return found.at_ns;
    }
    tell_failures(ProbeKind::startup, probe, startup, startup.rule.failures);
    defeated(ProbeKind::startup, startup.find(startup.rule.failures - 1).at_ns);
    return kNever;
  }

  void readiness(int64_t up) {
    const bool by_hand = behaviour_.never_ready || behaviour_.ready_after;
    if (by_hand || !spec_.has_readinessprobe()) return ready_by_hand(up);
    const ProbeSeries probes = series(ProbeKind::readiness, spec_.readinessprobe(), behaviour_.readiness_probe, up);
    const int64_t done = probes.done_by(now_);
    const bool ready = probes.stands(done, false);
    if (ready != r_.ready) {
      RuntimeEvent changed = event(Kind::readiness_changed, now_);
      changed.ready = ready;
      due(std::move(changed));
    }
    tell_failures(ProbeKind::readiness, spec_.readinessprobe(), probes, -1);
    const int64_t turn = probes.next(done, [&](int64_t n) { return probes.stands(n + 1, false) != ready; });
    if (turn >= 0) wake(probes.find(turn).at_ns);
  }

  /// As the annotation says, or at once where there is no probe.
  void ready_by_hand(int64_t up) {
    if (r_.ready || behaviour_.never_ready) return;
    int64_t at = up;
    if (behaviour_.ready_after) {
      io::Random random = simulated_stream(pod_, i_, r_.restart_count, "ready-after");
      at += behaviour_.ready_after->draw(random);
    }
    RuntimeEvent changed = event(Kind::readiness_changed, at);
    changed.ready = true;
    due(std::move(changed));
  }

  void liveness(int64_t up) {
    if (r_.phase != ContainerPhase::running) return;
    if (behaviour_.unhealthy_after) {
      io::Random random = simulated_stream(pod_, i_, r_.restart_count, "unhealthy-after");
      const int64_t at = up + behaviour_.unhealthy_after->draw(random);
      if (at > r_.told_ns && r_.told_ns != 0) {
        RuntimeEvent failed = event(Kind::probe_failed, at);
        failed.probe = ProbeKind::liveness;
        failed.message = "simulated";
        due(std::move(failed));
      }
      defeated(ProbeKind::liveness, at);
    }
    if (!spec_.has_livenessprobe()) return;
    const ProbeSeries probes = series(ProbeKind::liveness, spec_.livenessprobe(), behaviour_.liveness_probe, up);
    if (probes.steady_from == 0 && probes.find(0).ok) return;
    tell_failures(ProbeKind::liveness, spec_.livenessprobe(), probes, -1);
    const int64_t last = probes.first_defeat(probes.done_by(now_));
    if (last >= 0) defeated(ProbeKind::liveness, probes.find(last).at_ns);
  }

  /// A pod that is deleted is stopped anyway.
  void defeated(ProbeKind kind, int64_t at) {
    if (r_.phase != ContainerPhase::running || pod_.deleted) return;
    RuntimeEvent defeat = event(Kind::unhealthy, at);
    defeat.probe = kind;
    due(std::move(defeat));
  }

  /// Tells the failures that have not been told, of the first `total` probes (-1: of all), and wakes for the next.
  void tell_failures(ProbeKind kind, const ProbeMessage& probe, const ProbeSeries& probes, int64_t total) {
    if (probes.steady_from == 0 && probes.find(0).ok) return;
    const int64_t done = probes.done_by(now_);
    const int64_t end = total < 0 ? done : std::min(done, total);
    int64_t told = r_.told_ns == 0 ? done : probes.done_by(r_.told_ns);
    told = std::max(told, done - kToldAtOnce);
    for (int64_t n = told; n < end; ++n) {
      const ProbeFinding found = probes.find(n);
      if (found.ok) continue;
      RuntimeEvent failed = event(Kind::probe_failed, found.at_ns);
      failed.probe = kind;
      failed.message = probe_failure(spec_, probe, state_.ip.text(), found.timed_out);
      due(std::move(failed));
    }
    if (total >= 0 && done >= total) return;
    const int64_t next = probes.next(done, [&](int64_t n) { return !probes.find(n).ok; });
    if (next >= 0 && (total < 0 || next < total)) wake(probes.find(next).at_ns);
  }

  const PodView& pod_;
  const PodState& state_;
  const size_t i_;
  const ContainerRecord& r_;
  const ContainerMessage& spec_;
  const Behaviour& behaviour_;
  const int64_t now_;
  Poll& out_;
};

}  // namespace

void poll_probes(const PodView& pod, const PodState& state, size_t container, const Behaviour& behaviour,
                 int64_t now_ns, Poll* out) {
  ProbePoll(pod, state, container, behaviour, now_ns, out).run();
}

bool ready_at_once(const PodView& pod, size_t container, const Behaviour& behaviour) {
  return !behaviour.never_ready && !behaviour.ready_after && !pod.spec(container).has_readinessprobe();
}

}  // namespace kabuki::kubelet

#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"

namespace kabuki::kubelet {

using ProbeMessage = ::k8s::io::api::core::v1::Probe;

/// When a container is probed, and how many results in a row count.
struct ProbeRule {
  int64_t first_ns = 0;
  int64_t period_ns = 0;
  int64_t timeout_ns = 0;
  int64_t successes = 1;
  int64_t failures = 3;
};
/// The rule of a probe of a container that started at `started_ns`. `not_before_ns`: when its startup probe passed.
/// What the spec leaves out is what Kubernetes defaults it to.
ProbeRule probe_rule(const ProbeMessage& probe, int64_t started_ns, int64_t not_before_ns);

/// What one probe found, and when; probes of a series are numbered from 0 and come in the order of time.
struct ProbeFinding {
  bool ok = true;
  bool timed_out = false;
  int64_t at_ns = 0;
};

/// All probes of one kind that a container ever gets, as a function of their number: what stands at any moment
/// follows from that and the clock, so nothing need be remembered.
struct ProbeSeries {
  ProbeRule rule;
  std::function<ProbeFinding(int64_t n)> find;
  /// From this one on all find the same.
  int64_t steady_from = std::numeric_limits<int64_t>::max();

  /// How many probes have found something by `now_ns`.
  int64_t done_by(int64_t now_ns) const;
  /// What counts after the first `done` probes: looks back to the last run that was long enough, or `initially`.
  bool stands(int64_t done, bool initially) const;
  /// The first probe that completes a run of failures long enough among [0, done); -1: there is none.
  int64_t first_defeat(int64_t done) const;
  /// The first probe from `from` on of which `wanted` holds; -1: never. Where it is not among the next 256, the last
  /// of those, so that the search goes on then.
  int64_t next(int64_t from, const std::function<bool(int64_t n)>& wanted) const;
};

/// "Readiness", as events begin.
const char* probe_name(ProbeKind kind);
/// Why a probe failed, as a kubelet words it. `address` is the pod's.
std::string probe_failure(const ContainerMessage& container, const ProbeMessage& probe, const std::string& address,
                          bool timed_out);

}  // namespace kabuki::kubelet

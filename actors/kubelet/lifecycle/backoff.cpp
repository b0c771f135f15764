#include "actors/kubelet/lifecycle/backoff.hpp"

#include <algorithm>

namespace kabuki::kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr uint32_t kDoublingsMax = 5;  // 10 s * 2^5 is past the limit

bool ran_long(const Termination& ended) {
  return ended.finished_ns - ended.started_ns >= kBackOffResetSeconds * kSecond;
}

}  // namespace

int64_t back_off_seconds(uint32_t failures) {
  if (failures == 0) return 0;
  return std::min(kBackOffFirstSeconds << std::min(failures - 1, kDoublingsMax), kBackOffMaxSeconds);
}

int64_t restart_delay_seconds(const Termination& ended) {
  return ran_long(ended) ? 0 : back_off_seconds(ended.streak);
}

uint32_t next_streak(const Termination& ended) { return ran_long(ended) ? 1 : ended.streak + 1; }

int64_t restart_at_ns(const Termination& ended) {
  const int64_t delay = restart_delay_seconds(ended);
  return delay == 0 ? ended.finished_ns : (ended.finished_ns / kSecond + delay) * kSecond;
}

bool needs_restart(Role role, RestartPolicy policy, int32_t exit_code) {
  switch (role) {
    case Role::sidecar:
      return true;
    case Role::init:
      return exit_code != 0 && policy != RestartPolicy::never;
    case Role::ephemeral:
      return false;
    case Role::main:
      return policy == RestartPolicy::always || (policy == RestartPolicy::on_failure && exit_code != 0);
  }
  return false;
}

bool needs_restart(const PodView& pod, size_t container, int32_t exit_code) {
  const ContainerMessage& spec = pod.spec(container);
  for (const auto& rule : spec.restartpolicyrules()) {
    const auto& values = rule.exitcodes().values();
    const bool listed = std::find(values.begin(), values.end(), exit_code) != values.end();
    if (rule.action() == "Restart" && listed == (rule.exitcodes().operator_() == "In")) return true;
  }
  if (pod.role(container) == Role::sidecar || spec.restartpolicy().empty()) {
    return needs_restart(pod.role(container), pod.policy, exit_code);
  }
  return needs_restart(pod.role(container), restart_policy_of(spec.restartpolicy()), exit_code);
}

}  // namespace kabuki::kubelet

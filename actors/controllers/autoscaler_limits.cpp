#include "actors/controllers/autoscaler_limits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace kabuki::controllers {
namespace {

using Rules = ::k8s::io::api::autoscaling::v2::HPAScalingRules;
using Recommendation = AutoscalerMemory::Recommendation;
using Change = AutoscalerMemory::Change;

constexpr int32_t kSmallestUpLimit = 4;
constexpr const char* kWithinRange = "the desired count is within the acceptable range";
constexpr const char* kTooFew = "the desired replica count is less than the minimum replica count";
constexpr const char* kTooMany = "the desired replica count is more than the maximum replica count";
constexpr const char* kTooFast = "the desired replica count is increasing faster than the maximum scale rate";
constexpr const char* kTooFastDown = "the desired replica count is decreasing faster than the maximum scale rate";

/// Puts the newest recommendation in the place of one that no window reaches any more.
void record(std::vector<Recommendation>* all, std::optional<size_t> outdated, Recommendation newest) {
  if (outdated) {
    (*all)[*outdated] = newest;
  } else {
    all->push_back(newest);
  }
}

void set_stable(const LimitQuestion& question, int32_t stable, const char* reason, const char* message,
                LimitedScale* out) {
  const bool changed = stable != question.wanted;
  out->stable_reason = changed ? reason : "ReadyForNewScale";
  out->stable_message = changed ? message : "recommended size matches current size";
}

int32_t changed_within(const std::vector<Change>& changes, int32_t seconds, io::MonoTime now) {
  const io::MonoTime cutoff = now - io::Duration(std::chrono::seconds(seconds));
  int32_t out = 0;
  for (const Change& change : changes) {
    if (change.at > cutoff) out += change.replicas;
  }
  return out;
}

int32_t up_limit(const LimitQuestion& question, const Rules& rules, const AutoscalerMemory& memory) {
  if (rules.selectpolicy() == "Disabled") return question.current;
  const bool least = rules.selectpolicy() == "Min";
  int32_t out = least ? std::numeric_limits<int32_t>::max() : std::numeric_limits<int32_t>::min();
  for (const auto& policy : rules.policies()) {
    const int32_t began = question.current - changed_within(memory.ups, policy.periodseconds(), question.now) +
                          changed_within(memory.downs, policy.periodseconds(), question.now);
    // Rounded up, for else a percentage of few would never add one.
    const double percent = static_cast<double>(began) * (1 + static_cast<double>(policy.value()) / 100);
    const int32_t proposed =
        policy.type() == "Pods" ? began + policy.value() : static_cast<int32_t>(std::ceil(percent));
    out = least ? std::min(out, proposed) : std::max(out, proposed);
  }
  return out;
}

int32_t down_limit(const LimitQuestion& question, const Rules& rules, const AutoscalerMemory& memory) {
  if (rules.selectpolicy() == "Disabled") return question.current;
  const bool least = rules.selectpolicy() == "Min";
  int32_t out = least ? std::numeric_limits<int32_t>::min() : std::numeric_limits<int32_t>::max();
  for (const auto& policy : rules.policies()) {
    const int32_t began = question.current - changed_within(memory.ups, policy.periodseconds(), question.now) +
                          changed_within(memory.downs, policy.periodseconds(), question.now);
    const double percent = static_cast<double>(began) * (1 - static_cast<double>(policy.value()) / 100);
    const int32_t proposed = policy.type() == "Pods" ? began - policy.value() : static_cast<int32_t>(percent);
    // The smallest change is the one that leaves most.
    out = least ? std::max(out, proposed) : std::min(out, proposed);
  }
  return out;
}

void apply_rates(const LimitQuestion& question, int32_t wanted, const BehaviorMessage& behavior,
                 const AutoscalerMemory& memory, LimitedScale* out) {
  out->replicas = wanted;
  out->reason = "DesiredWithinRange";
  out->message = kWithinRange;
  if (wanted > question.current) {
    const int32_t rate = std::max(up_limit(question, behavior.scaleup(), memory), question.current);
    const bool by_rate = question.max > rate;
    const int32_t most = by_rate ? rate : question.max;
    if (wanted <= most) return;
    *out = {most,
            true,
            by_rate ? "ScaleUpLimit" : "TooManyReplicas",
            by_rate ? kTooFast : kTooMany,
            out->stable_reason,
            out->stable_message};
  } else if (wanted < question.current) {
    const int32_t rate = std::min(down_limit(question, behavior.scaledown(), memory), question.current);
    const bool by_rate = question.min < rate;
    const int32_t least = by_rate ? rate : question.min;
    if (wanted >= least) return;
    *out = {least,
            true,
            by_rate ? "ScaleDownLimit" : "TooFewReplicas",
            by_rate ? kTooFastDown : kTooFew,
            out->stable_reason,
            out->stable_message};
  }
}

io::Duration longest_period(const Rules& rules) {
  int32_t out = 0;
  for (const auto& policy : rules.policies()) out = std::max(out, policy.periodseconds());
  return std::chrono::seconds(out);
}

}  // namespace

LimitedScale limit_scale(const LimitQuestion& question, AutoscalerMemory* memory) {
  LimitedScale out;
  const io::MonoTime cutoff = question.now - question.downscale_stabilization;
  int32_t stable = question.wanted;
  std::optional<size_t> outdated;
  for (size_t i = 0; i < memory->recommendations.size(); ++i) {
    const Recommendation& one = memory->recommendations[i];
    if (one.at < cutoff) {
      outdated = i;
    } else {
      stable = std::max(stable, one.replicas);
    }
  }
  record(&memory->recommendations, outdated, {question.wanted, question.now});
  set_stable(question, stable, "ScaleDownStabilized",
             "recent recommendations were higher than current one, applying the highest recent recommendation", &out);

  const int32_t rate = std::max(2 * question.current, kSmallestUpLimit);
  const bool by_rate = question.max > rate;
  const int32_t most = by_rate ? rate : question.max;
  out.replicas = std::clamp(stable, question.min, std::max(question.min, most));
  out.limited = out.replicas != stable;
  if (stable < question.min) {
    out.reason = "TooFewReplicas";
    out.message = kTooFew;
  } else if (stable > most) {
    out.reason = by_rate ? "ScaleUpLimit" : "TooManyReplicas";
    out.message = by_rate ? kTooFast : kTooMany;
  } else {
    out.reason = "DesiredWithinRange";
    out.message = kWithinRange;
  }
  return out;
}

LimitedScale limit_scale(const LimitQuestion& question, const BehaviorMessage& behavior, AutoscalerMemory* memory) {
  const auto cutoff = [&](const Rules& rules, io::Duration otherwise) {
    return question.now - (rules.has_stabilizationwindowseconds()
                               ? io::Duration(std::chrono::seconds(rules.stabilizationwindowseconds()))
                               : otherwise);
  };
  const io::MonoTime up_cutoff = cutoff(behavior.scaleup(), io::Duration(0));
  const io::MonoTime down_cutoff = cutoff(behavior.scaledown(), question.downscale_stabilization);
  int32_t low = question.wanted, high = question.wanted;
  std::optional<size_t> outdated;
  for (size_t i = 0; i < memory->recommendations.size(); ++i) {
    const Recommendation& one = memory->recommendations[i];
    if (one.at > up_cutoff) low = std::min(low, one.replicas);
    if (one.at > down_cutoff) high = std::max(high, one.replicas);
    if (one.at < up_cutoff && one.at < down_cutoff) outdated = i;
  }
  record(&memory->recommendations, outdated, {question.wanted, question.now});
  const int32_t stable = std::min(std::max(question.current, low), high);

  LimitedScale out;
  const bool up = question.wanted >= question.current;
  set_stable(question, stable, up ? "ScaleUpStabilized" : "ScaleDownStabilized",
             up ? "recent recommendations were lower than current one, applying the lowest recent recommendation"
                : "recent recommendations were higher than current one, applying the highest recent recommendation",
             &out);
  apply_rates(question, stable, behavior, *memory, &out);
  return out;
}

void remember_change(const BehaviorMessage& behavior, int32_t before, int32_t after, io::MonoTime now,
                     AutoscalerMemory* memory) {
  const bool up = after > before;
  std::vector<Change>& changes = up ? memory->ups : memory->downs;
  const io::MonoTime cutoff = now - longest_period(up ? behavior.scaleup() : behavior.scaledown());
  std::erase_if(changes, [&](const Change& change) { return change.at < cutoff; });
  changes.push_back({std::abs(after - before), now});
}

}  // namespace kabuki::controllers

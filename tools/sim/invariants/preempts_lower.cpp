#include <map>
#include <string>

#include "messages/api/core/v1/pod.pb.h"
#include "tools/sim/invariants/all.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::Pod;

/// The uid of the pod that this one was driven out for; "" where it was not.
std::string driven_out_by(const Pod& pod) {
  for (const auto& condition : pod.status().conditions()) {
    if (condition.type() != "DisruptionTarget" || condition.reason() != "PreemptionByScheduler") continue;
    return condition.message().substr(condition.message().rfind(' ') + 1);
  }
  return {};
}

class PreemptsLower final : public Invariant {
 public:
  PreemptsLower() : Invariant("preempts-lower") {}

  void changed(const Seen& seen, const Breach& breach) override {
    if (seen.object().kind() != kinds::kPod || !seen.after) return;
    const auto pod = seen.after->as<Pod>();
    if (!seen.before)
      known_[pod.metadata().uid()] = {pod.spec().priority(), pod.spec().preemptionpolicy() != "Never"};
    const std::string by = driven_out_by(pod);
    if (by.empty() || seen.restoring || (seen.before && driven_out_by(seen.before->as<Pod>()) == by)) return;
    const std::string what = seen.after->key().text() + " of priority " + std::to_string(pod.spec().priority());
    const auto found = known_.find(by);
    if (found == known_.end()) return breach(what + " is driven out for a pod that never was: " + by);
    if (!found->second.may) return breach(what + " is driven out for a pod that never drives out others");
    if (found->second.priority <= pod.spec().priority()) {
      breach(what + " is driven out for one of priority " + std::to_string(found->second.priority));
    }
  }

 private:
  struct Known {
    int32_t priority = 0;
    bool may = true;
  };
  std::map<std::string, Known> known_;  // every pod there ever was, by uid
};

}  // namespace

std::unique_ptr<Invariant> preempts_lower() { return std::make_unique<PreemptsLower>(); }

}  // namespace kabuki::tools

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "actors/controllers/stateful_identity.hpp"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "tools/sim/invariants/all.hpp"
#include "tools/sim/invariants/owner.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::apps::v1::StatefulSet;
using ::k8s::io::api::core::v1::Pod;

/// So long may what a controller sees be behind what is durable.
constexpr std::chrono::seconds kLag{30};

bool is_ready(const Pod& pod) {
  for (const auto& condition : pod.status().conditions()) {
    if (condition.type() == "Ready") return condition.status() == "True";
  }
  return false;
}

bool runs(const Pod& pod) {
  for (const auto& container : pod.status().containerstatuses()) {
    if (container.state().has_running()) return true;
  }
  return false;
}

class Identities final : public Invariant {
 public:
  Identities() : Invariant("identities") {}

  void changed(const Seen& seen, const Breach& breach) override {
    if (seen.object().kind() != kinds::kPod) return;
    const auto pod = seen.object().as<Pod>();
    const auto owner = controller_of(pod, "StatefulSet");
    if (!owner) return;
    const auto ordinal = controllers::ordinal_of(owner->name(), pod.metadata().name());
    if (!ordinal) return breach(seen.object().key().text() + " has no identity of " + owner->name());
    const auto identity = std::pair(owner->uid(), *ordinal);
    if (!seen.after) {
      if (was_ready_.contains(identity)) was_ready_[identity] = seen.now;
      // What was just put back is not what its node knows: that may have ended the pod meanwhile.
      const bool put_back = restored_.erase({identity, seen.before->revision()}) > 0;
      if (!put_back && runs(pod) && seen.objects.contains({kinds::kNode, "", pod.spec().nodename()})) {
        breach(seen.object().key().text() + " went while its containers ran on " + pod.spec().nodename());
      }
      return;
    }
    if (seen.restoring) restored_.insert({identity, seen.after->revision()});
    if (!seen.before && !seen.restoring) look_below(seen, *owner, *ordinal, breach);
    const bool ready = is_ready(pod);
    if (ready || (seen.before && is_ready(seen.before->as<Pod>()))) was_ready_[identity] = seen.now;
    ready ? void(ready_[identity] = true) : void(ready_.erase(identity));
  }

  void forget() override {
    was_ready_.clear();
    ready_.clear();
    restored_.clear();
  }

 private:
  void look_below(const Seen& seen, const OwnerReference& owner, int ordinal, const Breach& breach) {
    const Key key{kinds::kStatefulSet, seen.object().key().ns, owner.name()};
    const ObjectPtr set = find_owner(seen.objects, key, owner.uid());
    if (!set || set->as<StatefulSet>().spec().podmanagementpolicy() == "Parallel") return;
    for (int below = 0; below < ordinal; ++below) {
      const auto identity = std::pair(owner.uid(), below);
      const auto was = was_ready_.find(identity);
      if (ready_.contains(identity) || (was != was_ready_.end() && seen.now - was->second <= kLag)) continue;
      breach(seen.object().key().text() + " came when " + owner.name() + "-" + std::to_string(below) +
             " was not ready");
    }
  }

  std::map<std::pair<std::string, int>, io::MonoTime> was_ready_;  // by set and ordinal: last seen so
  std::map<std::pair<std::string, int>, bool> ready_;
  std::set<std::pair<std::pair<std::string, int>, uint64_t>> restored_;  // with the revision they came back at
};

}  // namespace

std::unique_ptr<Invariant> identities() { return std::make_unique<Identities>(); }

}  // namespace kabuki::tools

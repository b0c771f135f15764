#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/quantity.hpp"
#include "tools/sim/invariants/all.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::Pod;
using ::k8s::io::api::core::v1::ResourceQuota;

/// Pods that have ended are not counted, nor those that should be gone by `now`: their nodes are lost.
bool counts(const Pod& pod, int64_t now) {
  if (pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed") return false;
  return !pod.metadata().has_deletiontimestamp() || pod.metadata().deletiontimestamp().seconds() >= now;
}

class QuotaKept final : public Invariant {
 public:
  QuotaKept() : Invariant("quota-kept") {}

  /// A quota that comes late or is lowered takes nothing away: only what comes is judged.
  void changed(const Seen& seen, const Breach& breach) override {
    if (seen.object().kind() != kinds::kPod || seen.before || !seen.after || seen.restoring) return;
    const std::string ns(seen.after->ns());
    const int64_t now = seen.after->as<Pod>().metadata().creationtimestamp().seconds();
    for (auto it = seen.objects.lower_bound({kinds::kResourceQuota, ns, ""});
         it != seen.objects.end() && it->first.kind == kinds::kResourceQuota && it->first.ns == ns; ++it) {
      const auto quota = it->second->as<ResourceQuota>();
      const auto hard = quota.status().hard().find("pods");
      if (hard == quota.status().hard().end()) continue;
      const auto most = Quantity::parse(hard->second.string());
      const int64_t there = pods_in(seen, ns, now);
      if (most && there > most->value()) {
        breach(seen.after->key().text() + " is the " + std::to_string(there) + "th pod where " + it->first.name +
               " allows " + hard->second.string());
      }
    }
  }

 private:
  static int64_t pods_in(const Seen& seen, const std::string& ns, int64_t now) {
    int64_t count = 0;
    for (auto it = seen.objects.lower_bound({kinds::kPod, ns, ""});
         it != seen.objects.end() && it->first.kind == kinds::kPod && it->first.ns == ns; ++it) {
      count += counts(it->second->as<Pod>(), now);
    }
    return count;
  }
};

}  // namespace

std::unique_ptr<Invariant> quota_kept() { return std::make_unique<QuotaKept>(); }

}  // namespace kabuki::tools

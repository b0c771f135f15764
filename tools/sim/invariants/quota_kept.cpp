#include "actors/quota/ledger.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/quantity.hpp"
#include "messages/status.hpp"
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

/// So long may a write be under way that an API server took before it knew of a bound.
constexpr std::chrono::seconds kUnderWay{10};

/// A quota of pods as it is enforced.
struct Bound {
  int64_t pods = 0;
  io::MonoTime since;                      // in force, or lowered
  std::optional<io::MonoTime> late;        // when a pod came last that was not charged, with good reason
  std::map<std::string, int64_t> charged;  // by uid of pods to come: the most that was allowed since their charge
};

class QuotaKept final : public Invariant {
 public:
  QuotaKept() : Invariant("quota-kept") {}

  void changed(const Seen& seen, const Breach& breach) override {
    if (seen.object().kind() == kinds::kResourceQuota) return note_bound(seen);
    if (seen.object().kind() != kinds::kPod || seen.before || !seen.after || seen.restoring) return;
    const std::string ns(seen.after->ns());
    const auto first = bounds_.lower_bound({kinds::kResourceQuota, ns, ""});
    for (auto it = first; it != bounds_.end() && it->first.ns == ns; ++it)
      judge(seen, it->first.name, &it->second, breach);
  }

  void forget() override { bounds_.clear(); }

 private:
  /// A quota that comes late or is lowered takes nothing away: only what comes is judged, by what was allowed when it
  /// was charged or later.
  void note_bound(const Seen& seen) {
    const auto quota = seen.object().as<ResourceQuota>();
    const auto hard = quota.status().hard().find("pods");
    const auto most = hard == quota.status().hard().end() ? Result<Quantity>(bad_request("unbounded"))
                                                          : Quantity::parse(hard->second.string());
    if (!seen.after || !most) {
      bounds_.erase(seen.object().key());
      return;
    }
    const auto [it, fresh] = bounds_.try_emplace(seen.after->key());
    Bound& bound = it->second;
    if (fresh || most->value() < bound.pods) bound.since = seen.now;
    bound.pods = most->value();
    for (auto& [uid, allowed] : bound.charged) allowed = std::max(allowed, bound.pods);
    for (const auto& reservation : quota::reservations_of(quota)) {
      if (reservation.key.kind == kinds::kPod) bound.charged.try_emplace(reservation.uid, bound.pods);
    }
  }

  static void judge(const Seen& seen, const std::string& name, Bound* bound, const Breach& breach) {
    const auto pod = seen.after->as<Pod>();
    const auto charge = bound->charged.extract(pod.metadata().uid());
    if (charge.empty() && seen.now - bound->since < kUnderWay) {
      bound->late = seen.now;
      return;
    }
    if (bound->late && seen.now - *bound->late < kUnderWay) return;
    const int64_t most = charge.empty() ? bound->pods : charge.mapped();
    const int64_t there = pods_in(seen, std::string(seen.after->ns()), pod.metadata().creationtimestamp().seconds());
    if (there <= most) return;
    breach(seen.after->key().text() + " is the " + std::to_string(there) + "th pod where " + name + " allows " +
           std::to_string(most));
  }

  static int64_t pods_in(const Seen& seen, const std::string& ns, int64_t now) {
    int64_t count = 0;
    for (auto it = seen.objects.lower_bound({kinds::kPod, ns, ""});
         it != seen.objects.end() && it->first.kind == kinds::kPod && it->first.ns == ns; ++it) {
      count += counts(it->second->as<Pod>(), now);
    }
    return count;
  }

  std::map<Key, Bound> bounds_;
};

}  // namespace

std::unique_ptr<Invariant> quota_kept() { return std::make_unique<QuotaKept>(); }

}  // namespace kabuki::tools

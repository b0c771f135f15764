#pragma once

#include <string>
#include <vector>

#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/object.hpp"

namespace kabuki::controllers {

namespace annotations {
inline constexpr const char* kRevision = "deployment.kubernetes.io/revision";
inline constexpr const char* kRevisionHistory = "deployment.kubernetes.io/revision-history";
inline constexpr const char* kDesiredReplicas = "deployment.kubernetes.io/desired-replicas";
inline constexpr const char* kMaxReplicas = "deployment.kubernetes.io/max-replicas";
inline constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
}  // namespace annotations
inline constexpr const char* kPodTemplateHash = "pod-template-hash";

/// A replica set as a rollout moves it: `set` is what it shall be, `object` what it is (null: to be created).
struct RolloutSet {
  ObjectPtr object;
  ::k8s::io::api::apps::v1::ReplicaSet set;

  int32_t replicas() const { return set.spec().replicas(); }
  int32_t available() const { return set.status().availablereplicas(); }
};

/// The arithmetic of a rollout over the replica sets of one deployment, newest template apart from the others. Every
/// function changes only what the sets shall be. Pure. Source: Kubernetes' deployment controller.
class Rollout {
 public:
  using Deployment = ::k8s::io::api::apps::v1::Deployment;

  /// `sets` in the order of their creation; `newest` is the one of the deployment's template, or -1.
  Rollout(const Deployment& deployment, std::vector<RolloutSet> sets, int newest);

  int32_t desired() const { return desired_; }
  int32_t max_surge() const { return max_surge_; }
  int32_t max_unavailable() const { return max_unavailable_; }
  int32_t min_available() const { return desired_ - max_unavailable_; }
  bool rolling() const;

  std::vector<RolloutSet>& sets() { return sets_; }
  const std::vector<RolloutSet>& sets() const { return sets_; }
  RolloutSet* newest() { return newest_ < 0 ? nullptr : &sets_[static_cast<size_t>(newest_)]; }
  const RolloutSet* newest() const { return newest_ < 0 ? nullptr : &sets_[static_cast<size_t>(newest_)]; }
  std::vector<RolloutSet*> old();
  int32_t total_replicas() const;

  /// Adds the set of the deployment's template and gives it as many replicas as the strategy allows at once.
  RolloutSet& add_newest(::k8s::io::api::apps::v1::ReplicaSet set);

  /// Whether the deployment was scaled since its sets were: then they are scaled before anything else.
  bool was_scaled() const;
  /// Brings the sets to the deployment's new size: one set alone as it is, several in proportion.
  void scale();
  /// One step of a rolling update. True when something changed.
  bool step_up();
  bool step_down();
  /// Recreate: all old sets to 0. True when something changed.
  bool stop_old();
  /// Recreate: whether pods of old sets are still there.
  bool old_pods_remain() const { return pods_remain_beside(newest()); }
  /// The old sets beyond the history limit that nothing needs any more, oldest first.
  std::vector<const RolloutSet*> beyond_history() const;

 private:
  bool resize(RolloutSet* set, int32_t replicas);
  bool pods_remain_beside(const RolloutSet* except) const;
  int32_t newest_allowance() const;
  int32_t share(const RolloutSet& set, int32_t to_add, int32_t added) const;
  void scale_in_proportion();
  int32_t clean_unhealthy(int32_t most);
  int32_t scale_down_old();

  const Deployment& deployment_;
  std::vector<RolloutSet> sets_;
  int newest_;
  int32_t desired_;
  int32_t max_surge_ = 0;
  int32_t max_unavailable_ = 0;
};

/// The revision a set stands for; 0 without the annotation.
int64_t revision_of(const ::k8s::io::api::apps::v1::ReplicaSet& set);

}  // namespace kabuki::controllers

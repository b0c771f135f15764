#pragma once

#include <absl/container/flat_hash_map.h>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/scheduler/cluster.hpp"
#include "actors/scheduler/placement.hpp"
#include "actors/scheduler/preemption.hpp"
#include "actors/scheduler/profile.hpp"
#include "actors/scheduler/queue.hpp"
#include "messages/object.hpp"
#include "runtime/io/random.hpp"

namespace kabuki::scheduler {

/// How the API server answered a bind.
enum class BindOutcome {
  done,
  refused,   // certainly not bound: the pod may go elsewhere
  conflict,  // perhaps bound, which the pod itself is yet to say: asked again a few times in the same place
  unknown,   // no answer: asked again in the same place until there is one
};

/// All the scheduler knows: the cluster, its pods and what it has assumed but not yet seen confirmed. A bind is
/// assumed the moment it is decided, so that the next decision counts it; it ends as confirmed by the pod's own
/// change, or is forgotten when the bind was refused. A pod that others were made to leave for is nominated: its
/// place counts for all pods that are not more important. Pure: events and time in, decisions out. Not thread-safe.
class SchedulerState {
 public:
  /// Pods that ask for one of `profiles` by its scheduler's name are placed; all are counted.
  SchedulerState(std::vector<Profile> profiles, io::Random random);
  SchedulerState(std::string scheduler_name, io::Random random)
      : SchedulerState({Profile::standard(std::move(scheduler_name))}, std::move(random)) {}

  void pod_changed(const ObjectPtr& pod);
  void pod_deleted(const Key& pod);
  void node_changed(const Object& node);
  void node_deleted(const std::string& name);
  /// A namespace, PersistentVolume, PersistentVolumeClaim, StorageClass, CSINode or
  /// PodDisruptionBudget.
  void other_changed(const Object& object);
  void other_deleted(const Key& key);

  struct Bind {
    PodId id = 0;
    ObjectPtr pod;
    std::string node;
  };
  struct Failure {
    ObjectPtr pod;
    std::string message;
    std::string nominated;  // the node that `victims` are to leave for it
    std::vector<ObjectPtr> victims;
  };
  struct Round {
    std::vector<Bind> binds;
    std::vector<Failure> failures;
    /// When to ask again though nothing changed.
    std::optional<io::MonoTime> next;
    /// Pods are left that could be tried at once.
    bool more = false;
  };
  /// Tries at most `limit` pods.
  Round schedule(size_t limit, io::MonoTime now);
  /// `bind` as it was decided, whatever has happened to the pod since.
  void bind_answered(const Bind& bind, BindOutcome outcome, io::MonoTime now);

  /// A victim could not be deleted: it may be chosen again.
  void eviction_refused(const Key& pod);

  const NodeTable& nodes() const { return cluster_.nodes; }
  const SchedulingQueue& queue() const { return queue_; }
  size_t pods() const { return by_key_.size(); }
  /// Binds decided and not yet seen in the pod itself.
  size_t assumed() const { return assumed_; }
  uint64_t placed() const { return placed_; }

 private:
  enum class State : uint8_t { other, queued, assumed, bound };
  struct Pod {
    ObjectPtr object;
    DemandPtr demand;
    uint64_t uid = 0;  // a hash: tells a pod from its namesake
    GroupId group = 0;
    NodeSlot node = kNoNode;
    NodeSlot nominated = kNoNode;
    State state = State::other;
    uint8_t unclear = 0;     // answers in a row
    bool is_victim = false;  // told to go
  };
  using Again = std::set<std::pair<io::MonoTime, PodId>>;

  PodId make(const std::string& key);
  void forget(PodId id, const std::string& key);
  void describe(PodId id, Pod& pod, const ObjectPtr& object);
  void count_on(PodId id, Pod& pod, NodeSlot node);
  void uncount(PodId id, Pod& pod);
  void nominate(PodId id, Pod& pod, NodeSlot node);
  /// Adds the pods nominated to nodes, but for `id` and those less important than it; returns who was added.
  std::vector<PodId> count_nominated(PodId id);
  void fail(PodId id, const Profile& profile, const Candidate& candidate, const Placement& placement, Round* round);
  /// Why the pod may make none leave; "" when it may.
  std::string not_eligible(const Pod& pod) const;
  std::vector<Occupant> occupants(NodeSlot node) const;
  const Profile* profile_of(const PodDemand& demand) const;
  void confirm(PodId id, Pod& pod, std::string_view node);
  void consider(PodId id, Pod& pod, bool same_demand);
  bool may_be_placed(const Pod& pod) const;
  void try_pod(PodId id, io::MonoTime now, Round* round);
  void repeat_unclear(io::MonoTime now, Round* round);
  void drop_repetition(PodId id);
  bool is(const Pod& pod, const Object& object) const;

  std::map<std::string, Profile> profiles_;  // by scheduler's name
  io::Random random_;
  Cluster cluster_;
  std::map<Key, Budget> budgets_;
  std::vector<std::vector<PodId>> on_node_;  // by slot
  std::set<PodId> nominated_;
  SchedulingQueue queue_;
  DemandCache demands_;
  absl::flat_hash_map<std::string, PodId> by_key_;  // "namespace/name"; only looked up
  std::vector<Pod> pods_;
  std::vector<PodId> free_;
  Again repeat_;
  size_t start_ = 0;
  size_t assumed_ = 0;
  uint64_t placed_ = 0;
  bool cluster_changed_ = false;
};

}  // namespace kabuki::scheduler

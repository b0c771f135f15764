#pragma once

#include <absl/container/flat_hash_map.h>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/scheduler/node_table.hpp"
#include "actors/scheduler/placement.hpp"
#include "actors/scheduler/pod_demand.hpp"
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

/// All the scheduler knows: nodes, pods and what it has assumed but not yet seen confirmed. A bind is assumed the
/// moment it is decided, so that the next decision counts it; it ends as confirmed by the pod's own change, or is
/// forgotten when the bind was refused. Pure: events and time in, decisions out. Not thread-safe.
class SchedulerState {
 public:
  /// `scheduler_name`: only pods that ask for it are placed; all are counted.
  SchedulerState(std::string scheduler_name, io::Random random)
      : scheduler_name_(std::move(scheduler_name)), random_(std::move(random)) {}

  void pod_changed(const ObjectPtr& pod);
  void pod_deleted(const Key& pod);
  void node_changed(const Object& node);
  void node_deleted(const std::string& name);

  struct Bind {
    PodId id = 0;
    ObjectPtr pod;
    std::string node;
  };
  struct Failure {
    ObjectPtr pod;
    std::string message;
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

  const NodeTable& nodes() const { return nodes_; }
  const SchedulingQueue& queue() const { return queue_; }
  size_t pods() const { return by_key_.size(); }
  /// Binds decided and not yet seen in the pod itself.
  size_t assumed() const { return assumed_; }
  uint64_t placed() const { return placed_; }

 private:
  enum class State : uint8_t { other, queued, assumed, bound };
  struct Pod {
    ObjectPtr object;  // until it is bound
    DemandPtr demand;
    uint64_t uid = 0;  // a hash: tells a pod from its namesake
    NodeSlot node = kNoNode;
    State state = State::other;
    uint8_t unclear = 0;  // answers in a row
  };
  using Again = std::set<std::pair<io::MonoTime, PodId>>;

  PodId make(const std::string& key);
  void forget(PodId id, const std::string& key);
  void count_on(Pod& pod, NodeSlot node);
  void uncount(Pod& pod);
  void confirm(PodId id, Pod& pod, std::string_view node);
  void consider(PodId id, Pod& pod, const ObjectPtr& object);
  bool may_be_placed(const Pod& pod) const;
  void try_pod(PodId id, io::MonoTime now, Round* round);
  void repeat_unclear(io::MonoTime now, Round* round);
  void drop_repetition(PodId id);
  bool is(const Pod& pod, const Object& object) const;

  std::string scheduler_name_;
  io::Random random_;
  NodeTable nodes_;
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

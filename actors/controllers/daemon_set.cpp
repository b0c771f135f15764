#include "actors/controllers/daemon_set.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "actors/controllers/claim.hpp"
#include "actors/controllers/daemon_nodes.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/revisions.hpp"
#include "messages/api/apps/v1/daemon_set.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/util/intstr.pb.h"
#include "messages/encode.hpp"
#include "messages/int_or_string.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;
using actors::Write;

/// A pod that failed is taken away no sooner than this after it was made: a node that refuses it is not hammered.
constexpr int64_t kFailedPodStaysSeconds = 10;
constexpr size_t kBurst = 250;

struct Daemon {
  ObjectPtr pod;
  PodFacts facts;
  bool updated = false;
  bool available = false;
};

struct Place {
  DaemonNodes::Verdict verdict;
  bool exists = false;          // as a node
  std::vector<Daemon> daemons;  // the oldest first

  /// Of those that are neither over nor going: the first of the newest template, and the first of another.
  const Daemon* first(bool updated) const {
    for (const Daemon& one : daemons) {
      if (one.updated == updated && one.facts.active()) return &one;
    }
    return nullptr;
  }
};

/// One reconcile of one set.
class Reconcile {
 public:
  Reconcile(const View& view, const ObjectPtr& object, const Instant& now)
      : view_(view),
        object_(object),
        set_(object->as<apps::DaemonSet>()),
        now_(now),
        nodes_(set_.spec().template_().spec()) {}

  Plan run() {
    const auto selector = selector_of(*object_);
    if (!selector) return {};
    const bool deleting = set_.metadata().has_deletiontimestamp();
    Claim claim = claim_dependents(view_, *object_, kinds::kPod, *selector, !deleting);
    for (Write& write : claim.writes) plan_.add(std::move(write));
    const Revisions revisions = Revisions::of(view_, *object_, !deleting, &plan_);
    if (!plan_.empty()) return std::move(plan_);
    bool collided = false;
    const Revision* newest =
        revisions.ensure(view_, *object_, set_.spec().template_(), set_.status().collisioncount(), &plan_, &collided);
    if (!newest) {
      if (deleting) return {};
      if (collided) count_collision();
      return std::move(plan_);
    }
    hash_ = newest->hash();
    sort_out(claim.kept);
    if (!deleting) {
      for (const auto& [node, place] : places_) manage(node, place);
      if (set_.spec().updatestrategy().type() != "OnDelete") max_surge_ > 0 ? surge() : replace();
      cut_history(revisions, *newest);
    }
    write_status();
    return std::move(plan_);
  }

 private:
  void sort_out(const std::vector<ObjectPtr>& pods) {
    for (const ObjectPtr& node : view_.all(kinds::kNode)) {
      Place& place = places_[std::string(node->name())];
      place.verdict = nodes_.judge(*node);
      place.exists = true;
    }
    for (const ObjectPtr& pod : pods) {
      Daemon one{pod, view_.facts(pod)};
      one.updated = label_of(*pod, kRevisionHashLabel) == hash_;
      one.available = !one.facts.deleting && is_available(one.facts, set_.spec().minreadyseconds(), now_, &plan_);
      places_[target_node(*pod)].daemons.push_back(std::move(one));
    }
    for (auto& [name, place] : places_) {
      desired_ += place.verdict.should_run;
      std::stable_sort(place.daemons.begin(), place.daemons.end(), [](const Daemon& a, const Daemon& b) {
        return a.facts.created != b.facts.created ? a.facts.created < b.facts.created
                                                  : a.facts.bound && !b.facts.bound;
      });
    }
    const auto& update = set_.spec().updatestrategy().rollingupdate();
    max_surge_ = share(update.has_maxsurge() ? update.maxsurge() : int_value(0));
    max_unavailable_ = share(update.has_maxunavailable() ? update.maxunavailable() : int_value(1));
    if (max_surge_ == 0 && max_unavailable_ == 0) max_unavailable_ = 1;
  }

  int32_t share(const IntOrStringMessage& value) const {
    auto scaled = scaled_value(value, desired_, Rounding::up);
    return scaled.ok() ? *scaled : 0;
  }

  void create_on(const std::string& node) {
    if (plan_.steps.size() >= kBurst) return;
    core::Pod pod = pod_from(*object_, set_.spec().template_());
    pod.mutable_metadata()->set_generatename(set_.metadata().name() + "-");
    (*pod.mutable_metadata()->mutable_labels())[kRevisionHashLabel] = hash_;
    *pod.mutable_spec() = nodes_.spec_for(node);
    plan_.add(Write::create(kinds::kPod, pod), announce_created(*object_));
  }

  void remove(const Daemon& one) {
    if (one.facts.deleting || plan_.steps.size() >= kBurst || !removed_.insert(one.pod->key()).second) return;
    plan_.add(Write::remove(*one.pod), announce_deleted(*object_));
  }

  /// What a node has too many or too few of, whatever the update.
  void manage(const std::string& node, const Place& place) {
    if (!place.exists) {
      // Bound ones are the pod garbage collector's matter: they may be running yet.
      for (const Daemon& one : place.daemons) {
        if (!one.facts.bound) remove(one);
      }
      return;
    }
    if (!place.verdict.may_continue) {
      for (const Daemon& one : place.daemons) remove(one);
      return;
    }
    std::vector<const Daemon*> active;
    for (const Daemon& one : place.daemons) {
      if (one.facts.active()) active.push_back(&one);
      if (one.facts.over()) remove_over(one);
    }
    if (place.daemons.empty() && place.verdict.should_run) create_on(node);
    if (max_surge_ == 0) {
      for (size_t i = 1; i < active.size(); ++i) remove(*active[i]);
    } else {
      keep_one_of_each(place, active);
    }
  }

  void remove_over(const Daemon& one) {
    const int64_t left = one.facts.created + kFailedPodStaysSeconds - now_.wall.seconds();
    if (left > 0) {
      plan_.again(std::chrono::seconds(left));
    } else {
      remove(one);
    }
  }

  /// While surging a node has one pod of the old template and one of the newest, until one has to go.
  void keep_one_of_each(const Place& place, const std::vector<const Daemon*>& active) {
    const Daemon* fresh = place.first(true);
    const Daemon* old = place.first(false);
    for (const Daemon* one : active) {
      if (one != fresh && one != old) remove(*one);
    }
    if (fresh && old && (!old->facts.ready || fresh->available)) remove(*old);
  }

  /// Old pods are deleted as far as that leaves no more than maxUnavailable nodes without an available one.
  void replace() {
    int32_t unavailable = 0;
    std::vector<const Daemon*> at_once, candidates;
    for (const auto& [node, place] : places_) {
      if (!place.exists || !place.verdict.may_continue) continue;
      const Daemon* fresh = place.first(true);
      const Daemon* old = place.first(false);
      if (!fresh && !old && !place.verdict.should_run && place.daemons.empty()) continue;
      if (fresh || !old) {
        unavailable += old || !fresh || !fresh->available;
      } else if (!old->available) {
        // Nothing is lost by replacing it, but its node is no less without one.
        at_once.push_back(old);
        ++unavailable;
      } else {
        candidates.push_back(old);
      }
    }
    for (const Daemon* one : at_once) remove(*one);
    const auto left = std::clamp<int64_t>(max_unavailable_ - unavailable, 0, static_cast<int64_t>(candidates.size()));
    for (int64_t i = 0; i < left; ++i) remove(*candidates[static_cast<size_t>(i)]);
  }

  void surge() {
    int32_t surging = 0;
    std::vector<std::string> at_once, candidates;
    for (const auto& [node, place] : places_) {
      if (!place.exists || !place.verdict.should_run) continue;
      const Daemon* fresh = place.first(true);
      const Daemon* old = place.first(false);
      if (!old) continue;
      if (fresh) {
        surging += !fresh->available;
      } else if (!old->available) {
        at_once.push_back(node);
      } else {
        candidates.push_back(node);
      }
    }
    for (const std::string& node : at_once) create_on(node);
    const auto left = std::clamp<int64_t>(max_surge_ - surging, 0, static_cast<int64_t>(candidates.size()));
    for (int64_t i = 0; i < left; ++i) create_on(candidates[static_cast<size_t>(i)]);
  }

  void cut_history(const Revisions& revisions, const Revision& newest) {
    std::set<std::string> hashes, used = {newest.name()};
    for (const auto& [node, place] : places_) {
      for (const Daemon& one : place.daemons) hashes.insert(label_of(*one.pod, kRevisionHashLabel));
    }
    for (const Revision& revision : revisions.all()) {
      if (hashes.contains(revision.hash())) used.insert(revision.name());
    }
    const auto& spec = set_.spec();
    revisions.cut(spec.has_revisionhistorylimit() ? static_cast<size_t>(spec.revisionhistorylimit()) : 10, used,
                  &plan_);
  }

  apps::DaemonSetStatus status() const {
    apps::DaemonSetStatus status;
    int32_t current = 0, misplaced = 0, ready = 0, available = 0, updated = 0;
    for (const auto& [node, place] : places_) {
      if (place.daemons.empty() || !place.exists) continue;
      if (!place.verdict.should_run) {
        ++misplaced;
        continue;
      }
      const Daemon& oldest = place.daemons.front();
      ++current;
      ready += oldest.facts.ready;
      available += oldest.available;
      updated += oldest.updated;
    }
    status.set_currentnumberscheduled(current);
    status.set_numbermisscheduled(misplaced);
    status.set_desirednumberscheduled(desired_);
    status.set_numberready(ready);
    status.set_observedgeneration(set_.metadata().generation());
    status.set_updatednumberscheduled(updated);
    status.set_numberavailable(available);
    status.set_numberunavailable(desired_ - available);
    if (set_.status().has_collisioncount()) status.set_collisioncount(set_.status().collisioncount());
    *status.mutable_conditions() = set_.status().conditions();
    return status;
  }

  void count_collision() {
    auto updated = set_;
    updated.mutable_status()->set_collisioncount(set_.status().collisioncount() + 1);
    plan_.add(Write::update_status(*object_, updated));
  }

  void write_status() {
    const auto fresh = status();
    if (serialize(fresh) == serialize(set_.status())) return;
    auto updated = set_;
    *updated.mutable_status() = fresh;
    plan_.add(Write::update_status(*object_, updated));
  }

  const View& view_;
  const ObjectPtr object_;
  const apps::DaemonSet set_;
  const Instant now_;
  const DaemonNodes nodes_;
  Plan plan_;
  std::string hash_;
  std::map<std::string, Place> places_;  // by node
  std::set<Key> removed_;
  int32_t desired_ = 0;
  int32_t max_surge_ = 0;
  int32_t max_unavailable_ = 0;
};

/// What of a node decides whether daemons run there; its heartbeats do not.
bool bears_on_daemons(const Change& change) {
  if (!change.before || !change.after) return true;
  const auto before = change.before->as<core::Node>();
  const auto after = change.after->as<core::Node>();
  core::Node a, b;
  *a.mutable_metadata()->mutable_labels() = before.metadata().labels();
  *b.mutable_metadata()->mutable_labels() = after.metadata().labels();
  *a.mutable_spec()->mutable_taints() = before.spec().taints();
  *b.mutable_spec()->mutable_taints() = after.spec().taints();
  return serialize(a) != serialize(b);
}

}  // namespace

Plan reconcile_daemon_set(const View& view, const Key& key, const Instant& now) {
  const ObjectPtr object = view.find(key);
  return object ? Reconcile(view, object, now).run() : Plan();
}

Controller daemon_set_controller() {
  Controller controller;
  controller.name = "daemonset-controller";
  controller.watches = {kinds::kDaemonSet, kinds::kPod, kinds::kControllerRevision, kinds::kNode};
  controller.sleeps_without = 1;
  controller.indexes = View::kControllers | View::kPods;
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    if (change.object().kind() == kinds::kDaemonSet) {
      keys->push_back(change.object().key());
    } else if (change.object().kind() == kinds::kNode) {
      if (view.all(kinds::kDaemonSet).empty() || !bears_on_daemons(change)) return;
      for (const ObjectPtr& set : view.all(kinds::kDaemonSet)) keys->push_back(set->key());
    } else {
      concerned_by_dependent(view, change, kinds::kDaemonSet, keys);
    }
  };
  controller.confirms_views = true;
  controller.reconcile = reconcile_daemon_set;
  return controller;
}

}  // namespace kabuki::controllers

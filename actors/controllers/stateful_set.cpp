#include "actors/controllers/stateful_set.hpp"

#include <algorithm>
#include <set>

#include "actors/controllers/claim.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/owners.hpp"
#include "actors/controllers/revisions.hpp"
#include "actors/controllers/stateful_identity.hpp"
#include "messages/api/util/intstr.pb.h"
#include "messages/encode.hpp"
#include "messages/int_or_string.hpp"
#include "messages/meta.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;
using actors::Write;

/// One identity: its pod, or null while there is none.
struct Identity {
  int32_t ordinal = 0;
  ObjectPtr pod;
  PodFacts facts;
  std::string revision;
  bool available = false;

  bool running_and_ready() const { return pod && facts.phase == PodFacts::Phase::running && facts.ready; }
  bool healthy() const { return available && !facts.deleting; }
};

/// One reconcile of one set.
class Reconcile {
 public:
  Reconcile(const View& view, const ObjectPtr& object, const Instant& now)
      : view_(view), object_(object), set_(object->as<apps::StatefulSet>()), now_(now) {}

  Plan run() {
    const auto selector = selector_of(*object_);
    if (!selector) return {};
    const bool deleting = set_.metadata().has_deletiontimestamp();
    Claim claim = claim_dependents(view_, *object_, kinds::kPod, *selector, !deleting, [this](const Object& pod) {
      return ordinal_of(set_.metadata().name(), pod.name()).has_value();
    });
    for (Write& write : claim.writes) plan_.add(std::move(write));
    const Revisions revisions = Revisions::of(view_, *object_, !deleting, &plan_);
    if (!plan_.empty()) return std::move(plan_);
    bool collided = false;
    newest_ =
        revisions.ensure(view_, *object_, set_.spec().template_(), set_.status().collisioncount(), &plan_, &collided);
    if (!newest_) {
      if (deleting) return {};
      if (collided) count_collision();
      return std::move(plan_);
    }
    current_ = revisions.find(set_.status().currentrevision());
    if (!current_) current_ = newest_;
    sort_out(claim.kept);
    report();
    if (!deleting) {
      move();
      cut_history(revisions);
    }
    write_status();
    return std::move(plan_);
  }

 private:
  bool ordered() const { return set_.spec().podmanagementpolicy() != "Parallel"; }
  bool rolling() const { return set_.spec().updatestrategy().type() != "OnDelete"; }
  int32_t wanted() const { return set_.spec().has_replicas() ? set_.spec().replicas() : 1; }
  int32_t first() const { return set_.spec().ordinals().start(); }
  int32_t partition() const { return set_.spec().updatestrategy().rollingupdate().partition(); }
  const std::string& name() const { return set_.metadata().name(); }

  void sort_out(const std::vector<ObjectPtr>& pods) {
    for (int32_t i = 0; i < wanted(); ++i) members_.push_back({first() + i});
    for (const ObjectPtr& pod : pods) {
      Identity one{*ordinal_of(name(), pod->name()), pod, view_.facts(pod), label_of(*pod, kRevisionHashLabel)};
      one.available = one.running_and_ready() && is_available(one.facts, set_.spec().minreadyseconds(), now_, &plan_);
      if (one.ordinal >= first() && one.ordinal < first() + wanted()) {
        members_[static_cast<size_t>(one.ordinal - first())] = std::move(one);
      } else {
        condemned_.push_back(std::move(one));
      }
    }
    std::sort(condemned_.begin(), condemned_.end(),
              [](const Identity& a, const Identity& b) { return a.ordinal > b.ordinal; });
  }

  void count(const Identity& one) {
    if (!one.pod) return;
    status_.set_replicas(status_.replicas() + 1);
    if (one.running_and_ready()) status_.set_readyreplicas(status_.readyreplicas() + 1);
    if (one.available) status_.set_availablereplicas(status_.availablereplicas() + 1);
    if (one.facts.deleting) return;
    if (one.revision == current_->name()) status_.set_currentreplicas(status_.currentreplicas() + 1);
    if (one.revision == newest_->name()) status_.set_updatedreplicas(status_.updatedreplicas() + 1);
  }

  void report() {
    status_.set_observedgeneration(set_.metadata().generation());
    status_.set_currentrevision(current_->name());
    status_.set_updaterevision(newest_->name());
    if (set_.status().has_collisioncount()) status_.set_collisioncount(set_.status().collisioncount());
    *status_.mutable_conditions() = set_.status().conditions();
    for (const Identity& one : members_) count(one);
    for (const Identity& one : condemned_) count(one);
    if (rolling() && status_.updatedreplicas() == status_.replicas() &&
        status_.readyreplicas() == status_.replicas() && status_.replicas() == wanted()) {
      status_.set_currentreplicas(status_.updatedreplicas());
      status_.set_currentrevision(newest_->name());
    }
  }

  /// Members upwards, then surplus downwards, then the update: whoever has to wait holds up what follows.
  void move() {
    for (const Identity& one : members_) {
      if (raise(one)) return;
    }
    const Identity* first_unhealthy = nullptr;
    for (const Identity& one : members_) {
      if (!first_unhealthy && !one.healthy()) first_unhealthy = &one;
    }
    for (auto it = condemned_.rbegin(); it != condemned_.rend(); ++it) {
      if (!first_unhealthy && !it->healthy()) first_unhealthy = &*it;
    }
    for (const Identity& one : condemned_) {
      if (lower(one, first_unhealthy)) return;
    }
    if (rolling() && plan_.empty()) update();
  }

  /// Towards a pod that is there and well. True: nothing more may be done now.
  bool raise(const Identity& one) {
    if (!one.pod) return create(one) || ordered();
    if (one.facts.over()) {
      if (!one.facts.deleting) remove(one);
      return ordered();
    }
    const bool claims_written = write_claims(one.ordinal, false, nullptr);
    if (ordered() && (claims_written || !one.healthy())) return true;
    if (one.facts.deleting || bears_identity(*one.pod, one.ordinal)) return false;
    auto pod = one.pod->as<core::Pod>();
    add_identity(one.ordinal, &pod);
    plan_.add(Write::update(*one.pod, pod));
    return false;
  }

  bool create(const Identity& one) {
    // A claim that is going would go from under the pod.
    for (const auto& claim : identity_claims(set_, one.ordinal)) {
      const ObjectPtr there =
          view_.find({kinds::kPersistentVolumeClaim, set_.metadata().namespace_(), claim.metadata().name()});
      if (there && (is_being_deleted(*there) || owned_by_past_pod(*there))) return ordered();
    }
    if (write_claims(one.ordinal, false, nullptr)) return ordered();
    const bool old = wants_current(one.ordinal);
    const Revision& revision = old ? *current_ : *newest_;
    const auto model = old ? current_->pod_template() : std::nullopt;
    const auto pod =
        identity_pod(*object_, set_, model ? *model : set_.spec().template_(), revision.name(), one.ordinal);
    const std::string who = pod.metadata().name() + " in StatefulSet " + name();
    plan_.add(Write::create(kinds::kPod, pod),
              announce(*object_, "SuccessfulCreate", "create Pod " + who + " successful", "FailedCreate",
                       "create Pod " + who + " failed error: {error}"));
    return false;
  }

  /// Whether a pod that is to be made is of the revision before the update.
  bool wants_current(int32_t ordinal) const {
    if (!rolling()) return false;
    const bool has_partition = set_.spec().updatestrategy().has_rollingupdate();
    return ordinal < first() + (has_partition ? partition() : set_.status().currentreplicas());
  }

  static bool owned_by_past_pod(const Object& claim) {
    const auto owners = owners_of(claim);
    return std::any_of(owners.begin(), owners.end(), [](const Owner& owner) { return owner.kind == "Pod"; });
  }

  /// Makes missing claims, and gives those that are there the owners that the retention policy asks for. Whether
  /// anything had to be written.
  bool write_claims(int32_t ordinal, bool condemned, const ObjectPtr& pod) {
    bool wrote = false;
    for (auto& claim : identity_claims(set_, ordinal)) {
      const ObjectPtr there =
          view_.find({kinds::kPersistentVolumeClaim, set_.metadata().namespace_(), claim.metadata().name()});
      if (there) {
        wrote |= set_claim_owner(*there, condemned, pod);
        continue;
      }
      if (condemned) continue;
      own_claim(false, pod, claim.mutable_metadata());
      const std::string who =
          claim.metadata().name() + " Pod " + name() + "-" + std::to_string(ordinal) + " in StatefulSet " + name();
      plan_.add(Write::create(kinds::kPersistentVolumeClaim, claim),
                announce(*object_, "SuccessfulCreate", "create Claim " + who + " success", "FailedCreate",
                         "create Claim " + who + " failed error: {error}"));
      wrote = true;
    }
    return wrote;
  }

  void own_claim(bool condemned, const ObjectPtr& pod, ObjectMeta* meta) const {
    const auto& policy = set_.spec().persistentvolumeclaimretentionpolicy();
    const bool by_pod = condemned && pod && policy.whenscaled() == "Delete";
    if (by_pod) *meta->add_ownerreferences() = controller_reference(*pod);
    if (!by_pod && policy.whendeleted() == "Delete") *meta->add_ownerreferences() = controller_reference(*object_);
  }

  bool set_claim_owner(const Object& claim, bool condemned, const ObjectPtr& pod) {
    const auto& policy = set_.spec().persistentvolumeclaimretentionpolicy();
    const bool owned = policy.whendeleted() == "Delete" || policy.whenscaled() == "Delete";
    if (is_being_deleted(claim) || (!owned && owners_of(claim).empty())) return false;
    auto message = claim.as<core::PersistentVolumeClaim>();
    auto* owners = message.mutable_metadata()->mutable_ownerreferences();
    const std::string pod_name = pod ? std::string(pod->name()) : "";
    owners->erase(std::remove_if(owners->begin(), owners->end(),
                                 [&](const auto& owner) {
                                   return owner.uid() == object_->uid() ||
                                          (owner.kind() == "Pod" && ordinal_of(name(), owner.name()));
                                 }),
                  owners->end());
    // What somebody else controls is left to him.
    if (std::any_of(owners->begin(), owners->end(), [](const auto& owner) { return owner.controller(); }))
      return false;
    own_claim(condemned, pod, message.mutable_metadata());
    if (serialize(message) == serialize(claim.as<core::PersistentVolumeClaim>())) return false;
    plan_.add(Write::update(claim, message));
    return true;
  }

  void remove(const Identity& one) {
    const std::string who = std::string(one.pod->name()) + " in StatefulSet " + name();
    plan_.add(Write::remove(*one.pod), announce(*object_, "SuccessfulDelete", "delete Pod " + who + " successful",
                                                "FailedDelete", "delete Pod " + who + " failed error: {error}"));
  }

  bool lower(const Identity& one, const Identity* first_unhealthy) {
    if (one.facts.deleting) return ordered();
    // One that is over never gets well: waiting for it would be waiting for ever.
    if (ordered() && !one.healthy() && !one.facts.over() && &one != first_unhealthy) return true;
    if (!write_claims(one.ordinal, true, one.pod)) remove(one);
    return ordered();
  }

  size_t max_unavailable() const {
    const auto& update = set_.spec().updatestrategy().rollingupdate();
    if (!update.has_maxunavailable()) return 1;
    auto most = scaled_value(update.maxunavailable(), wanted(), Rounding::up);
    return most.ok() && *most > 1 ? static_cast<size_t>(*most) : 1;
  }

  void update() {
    size_t unavailable = 0;
    const size_t most = max_unavailable();
    if (most > 1) {
      unavailable = static_cast<size_t>(
          std::count_if(members_.begin(), members_.end(), [](const Identity& one) { return !one.healthy(); }));
    }
    for (auto it = members_.rbegin(); it != members_.rend() && it->ordinal >= first() + partition(); ++it) {
      if (most > 1 && unavailable >= most) return;
      if (it->pod && it->revision != newest_->name() && !it->facts.deleting) {
        remove(*it);
        if (most == 1) return;
        unavailable += it->healthy();
      } else if (most == 1 && !it->healthy()) {
        return;
      }
    }
  }

  void cut_history(const Revisions& revisions) {
    std::set<std::string> used = {current_->name(), newest_->name(), status_.currentrevision()};
    for (const Identity& one : members_) used.insert(one.revision);
    for (const Identity& one : condemned_) used.insert(one.revision);
    const auto& spec = set_.spec();
    revisions.cut(spec.has_revisionhistorylimit() ? static_cast<size_t>(spec.revisionhistorylimit()) : 10, used,
                  &plan_);
  }

  void count_collision() {
    auto updated = set_;
    updated.mutable_status()->set_collisioncount(set_.status().collisioncount() + 1);
    plan_.add(Write::update_status(*object_, updated));
  }

  void write_status() {
    if (serialize(status_) == serialize(set_.status())) return;
    auto updated = set_;
    *updated.mutable_status() = status_;
    plan_.add(Write::update_status(*object_, updated));
  }

  const View& view_;
  const ObjectPtr object_;
  const apps::StatefulSet set_;
  const Instant now_;
  Plan plan_;
  const Revision* current_ = nullptr;
  const Revision* newest_ = nullptr;
  std::vector<Identity> members_;    // by ordinal, without a gap
  std::vector<Identity> condemned_;  // the highest first
  apps::StatefulSetStatus status_;
};

/// The sets whose claim this is, by its name.
void concerned_by_claim(const View& view, const Object& claim, std::vector<Key>* keys) {
  for (const ObjectPtr& set : view.in_namespace(kinds::kStatefulSet, claim.ns())) {
    const auto at = claim.name().rfind("-" + std::string(set->name()) + "-");
    if (at != std::string_view::npos && ordinal_of(set->name(), claim.name().substr(at + 1))) {
      keys->push_back(set->key());
    }
  }
}

}  // namespace

Plan reconcile_stateful_set(const View& view, const Key& key, const Instant& now) {
  const ObjectPtr object = view.find(key);
  return object ? Reconcile(view, object, now).run() : Plan();
}

Controller stateful_set_controller() {
  Controller controller;
  controller.name = "statefulset-controller";
  controller.watches = {kinds::kStatefulSet, kinds::kPod, kinds::kControllerRevision, kinds::kPersistentVolumeClaim};
  controller.sleeps_without = 1;
  controller.indexes = View::kControllers | View::kPods;
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    if (change.object().kind() == kinds::kStatefulSet) {
      keys->push_back(change.object().key());
    } else if (change.object().kind() == kinds::kPersistentVolumeClaim) {
      concerned_by_claim(view, change.object(), keys);
    } else {
      concerned_by_dependent(view, change, kinds::kStatefulSet, keys);
    }
  };
  controller.confirms_views = true;
  controller.reconcile = reconcile_stateful_set;
  return controller;
}

}  // namespace kabuki::controllers

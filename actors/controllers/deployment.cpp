#include "actors/controllers/deployment.hpp"

#include <algorithm>
#include <array>

#include "actors/controllers/claim.hpp"
#include "actors/controllers/deployment_status.hpp"
#include "actors/controllers/owners.hpp"
#include "actors/controllers/rollout.hpp"
#include "messages/encode.hpp"
#include "messages/hash.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr size_t kMaxHistoryBytes = 2000;

std::string template_bytes(core::PodTemplateSpec model) {
  model.mutable_metadata()->mutable_labels()->erase(kPodTemplateHash);
  return serialize(model);
}

bool is_ours_to_copy(const std::string& annotation) {
  static constexpr std::array<std::string_view, 6> kOwn = {
      annotations::kLastApplied,     annotations::kRevision,    annotations::kRevisionHistory,
      annotations::kDesiredReplicas, annotations::kMaxReplicas, "deprecated.deployment.rollback.to"};
  return std::find(kOwn.begin(), kOwn.end(), annotation) == kOwn.end();
}

std::vector<RolloutSet> sets_of(const std::vector<ObjectPtr>& objects) {
  std::vector<RolloutSet> sets;
  for (const ObjectPtr& object : objects) sets.push_back({object, object->as<apps::ReplicaSet>()});
  for (RolloutSet& set : sets) {
    if (!set.set.spec().has_replicas()) set.set.mutable_spec()->set_replicas(1);
  }
  std::stable_sort(sets.begin(), sets.end(), [](const RolloutSet& a, const RolloutSet& b) {
    return a.set.metadata().creationtimestamp().seconds() < b.set.metadata().creationtimestamp().seconds();
  });
  return sets;
}

int find_newest(const apps::Deployment& deployment, const std::vector<RolloutSet>& sets) {
  const std::string wanted = template_bytes(deployment.spec().template_());
  for (size_t i = 0; i < sets.size(); ++i) {
    if (template_bytes(sets[i].set.spec().template_()) == wanted) return static_cast<int>(i);
  }
  return -1;
}

/// One reconcile of one deployment.
class Reconcile {
 public:
  Reconcile(const View& view, const ObjectPtr& object, std::vector<ObjectPtr> owned, const Instant& now)
      : view_(view),
        object_(object),
        deployment_(object->as<apps::Deployment>()),
        now_(now),
        rollout_(deployment_, sets_of(owned), find_newest(deployment_, sets_of(owned))) {}

  Plan run() {
    if (!deployment_.metadata().has_deletiontimestamp()) {
      move();
      write_sets();
    }
    write_deployment();
    return std::move(plan_);
  }

 private:
  void move() {
    if (deployment_.spec().paused() || rollout_.was_scaled()) {
      note_revision();
      rollout_.scale();
      if (deployment_.spec().paused()) cut_history();
      return;
    }
    rolling_out_ = true;
    if (rollout_.rolling()) {
      if (!ensure_newest()) return;
      if (!created_ && !rollout_.step_up()) rollout_.step_down();
    } else {
      note_revision();
      if (rollout_.stop_old() || rollout_.old_pods_remain()) return;
      if (!ensure_newest()) return;
      rollout_.step_up();
    }
    if (is_complete(deployment_, deployment_.status())) cut_history();
  }

  int64_t next_revision() {
    int64_t highest = 0;
    for (const RolloutSet* set : rollout_.old()) highest = std::max(highest, revision_of(set->set));
    return highest + 1;
  }

  /// Brings annotations of the newest set up to date, as Kubernetes' SetNewReplicaSetAnnotations does.
  void note_revision() {
    RolloutSet* fresh = rollout_.newest();
    if (!fresh) return;
    auto& notes = *fresh->set.mutable_metadata()->mutable_annotations();
    for (const auto& [key, value] : deployment_.metadata().annotations()) {
      if (is_ours_to_copy(key)) notes[key] = value;
    }
    const int64_t before = revision_of(fresh->set);
    const int64_t revision = next_revision();
    if (revision > before) {
      if (before > 0) add_to_history(before, &notes[annotations::kRevisionHistory]);
      notes[annotations::kRevision] = std::to_string(revision);
    }
    fresh->set.mutable_spec()->set_minreadyseconds(deployment_.spec().minreadyseconds());
    revision_ = notes[annotations::kRevision];
  }

  static void add_to_history(int64_t revision, std::string* history) {
    const std::string one = std::to_string(revision);
    if (history->size() + 1 + one.size() > kMaxHistoryBytes) history->erase(0, history->find(',') + 1);
    *history += (history->empty() ? "" : ",") + one;
  }

  /// False when the newest set's name is taken by another: then only the collision is counted.
  bool ensure_newest() {
    if (!rollout_.newest()) {
      apps::ReplicaSet fresh = newest_set();
      if (view_.find({kinds::kReplicaSet, fresh.metadata().namespace_(), fresh.metadata().name()})) {
        collided_ = true;
        return false;
      }
      rollout_.add_newest(std::move(fresh));
      created_ = true;
    }
    note_revision();
    return true;
  }

  apps::ReplicaSet newest_set() const {
    const auto& spec = deployment_.spec();
    const std::string hash = pod_template_hash(spec.template_(), deployment_.status().collisioncount());
    apps::ReplicaSet set;
    auto* meta = set.mutable_metadata();
    meta->set_name(deployment_.metadata().name() + "-" + hash);
    meta->set_namespace_(deployment_.metadata().namespace_());
    *meta->mutable_labels() = spec.template_().metadata().labels();
    (*meta->mutable_labels())[kPodTemplateHash] = hash;
    *meta->add_ownerreferences() = controller_reference(*object_);
    *set.mutable_spec()->mutable_selector() = spec.selector();
    (*set.mutable_spec()->mutable_selector()->mutable_matchlabels())[kPodTemplateHash] = hash;
    *set.mutable_spec()->mutable_template_() = spec.template_();
    (*set.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels())[kPodTemplateHash] = hash;
    set.mutable_spec()->set_minreadyseconds(spec.minreadyseconds());
    return set;
  }

  void cut_history() {
    for (const RolloutSet* set : rollout_.beyond_history()) {
      removed_.push_back(set->object);
      plan_.add(Write::remove(*set->object));
    }
  }

  Announcement scaled(int32_t from, int32_t to) const {
    return {object_->key(),
            std::string(object_->uid()),
            "ScalingReplicaSet",
            std::string("Scaled ") + (to > from ? "up" : "down") + " replica set {name} from " +
                std::to_string(from) + " to " + std::to_string(to),
            "ReplicaSetCreateError",
            ""};
  }

  void write_sets() {
    for (const RolloutSet& set : rollout_.sets()) {
      if (!set.object) {
        Announcement say = scaled(0, set.replicas());
        say.failed = "Failed to create new replica set {name}: {error}";
        if (set.replicas() == 0) say.done.clear();
        plan_.add(Write::create(kinds::kReplicaSet, set.set), std::move(say));
        continue;
      }
      if (std::find(removed_.begin(), removed_.end(), set.object) != removed_.end()) continue;
      auto before = set.object->as<apps::ReplicaSet>();
      if (!before.spec().has_replicas()) before.mutable_spec()->set_replicas(1);
      if (serialize(before) == serialize(set.set)) continue;
      Write write = Write::update(*set.object, set.set);
      if (before.spec().replicas() != set.replicas()) {
        plan_.add(std::move(write), scaled(before.spec().replicas(), set.replicas()));
      } else {
        plan_.add(std::move(write));
      }
    }
  }

  /// One write per object: that a set was created is told first, since nobody sees it afterwards; else the revision
  /// goes before the status.
  void write_deployment() {
    const auto& notes = deployment_.metadata().annotations();
    auto noted = notes.find(annotations::kRevision);
    if (!created_ && !revision_.empty() && (noted == notes.end() || noted->second != revision_)) {
      auto updated = deployment_;
      (*updated.mutable_metadata()->mutable_annotations())[annotations::kRevision] = revision_;
      plan_.add(Write::update(*object_, updated));
      return;
    }
    RolloutNews news{rolling_out_ && !collided_, created_, {}};
    const View::Refusal* refusal = view_.refusal(object_->key());
    if (created_ && refusal && refusal->creating) news.refused = refusal->message;
    DeploymentReport report = report_deployment(deployment_, rollout_, news, now_);
    if (collided_) report.status.set_collisioncount(report.status.collisioncount() + 1);
    if (report.deadline_in) plan_.again(*report.deadline_in);
    if (serialize(report.status) == serialize(deployment_.status())) return;
    auto updated = deployment_;
    *updated.mutable_status() = report.status;
    plan_.add(Write::update_status(*object_, updated));
  }

  const View& view_;
  const ObjectPtr object_;
  const apps::Deployment deployment_;
  const Instant now_;
  Rollout rollout_;
  Plan plan_;
  std::vector<ObjectPtr> removed_;
  std::string revision_;
  bool rolling_out_ = false;
  bool created_ = false;
  bool collided_ = false;
};

}  // namespace

Plan reconcile_deployment(const View& view, const Key& key, const Instant& now) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object) return plan;
  const auto deployment = object->as<apps::Deployment>();
  const auto selector = LabelSelector::from_message(deployment.spec().selector());
  if (!selector.ok() || selector->empty()) return plan;
  Claim claim =
      claim_dependents(view, *object, kinds::kReplicaSet, *selector, !deployment.metadata().has_deletiontimestamp());
  if (claim.writes.empty()) return Reconcile(view, object, std::move(claim.kept), now).run();
  for (Write& write : claim.writes) plan.add(std::move(write));
  return plan;
}

Controller deployment_controller() {
  Controller controller;
  controller.name = "deployment-controller";
  controller.watches = {kinds::kDeployment, kinds::kReplicaSet};
  controller.sleeps_without = 1;
  controller.indexes = View::kControllers;
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    if (change.object().kind() == kinds::kDeployment) {
      keys->push_back(change.object().key());
    } else {
      concerned_by_dependent(view, change, kinds::kDeployment, keys);
    }
  };
  controller.reconcile = reconcile_deployment;
  return controller;
}

}  // namespace kabuki::controllers

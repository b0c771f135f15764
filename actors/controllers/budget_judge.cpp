#include "actors/controllers/budget_judge.hpp"

#include "messages/field_scan.hpp"

namespace kabuki::controllers {
namespace {

bool serves(const ObjectPtr& pod) {
  if (!pod) return false;
  const PodFacts facts = facts_of_pod(*pod);
  return facts.ready && !facts.deleting;
}

}  // namespace

void BudgetJudge::saw(const Change& change, io::WallTime at) {
  const KindId kind = change.object().kind();
  if (kind == kinds::kPod) saw_pod(change, at);
  if (kind == kinds::kPodDisruptionBudget) saw_budget(change, at);
}

bool BudgetJudge::is_evicted(const Object& pod) const {
  for (const ObjectPtr& object : view_.in_namespace(kinds::kPodDisruptionBudget, pod.ns())) {
    if (object->as<DisruptionBudget>().status().disruptedpods().contains(std::string(pod.name()))) return true;
  }
  return false;
}

void BudgetJudge::saw_pod(const Change& change, io::WallTime at) {
  const Object& pod = change.object();
  const bool relabelled = change.before && change.after &&
                          facts_of_pod(*change.before).labels_hash != facts_of_pod(*change.after).labels_hash;
  if (relabelled || (serves(change.before) && !serves(change.after) && !is_evicted(pod))) {
    last_loss_[std::string(pod.ns())] = at;
  }
  change.after ? view_.put(change.after) : view_.remove(pod.key());
}

void BudgetJudge::saw_budget(const Change& change, io::WallTime at) {
  const Object& object = change.object();
  const auto budget = object.as<DisruptionBudget>();
  if (!change.after) {
    // Its notes of evictions under way go with it: another budget knows of these pods' ends as late as of any
    // other's.
    if (!budget.status().disruptedpods().empty()) last_loss_[std::string(object.ns())] = at;
    return view_.remove(object.key());
  }
  view_.put(change.after);
  const auto before = change.before ? change.before->as<DisruptionBudget>().status() : budget.status();
  std::string evicted;
  for (const auto& [name, when] : budget.status().disruptedpods()) {
    if (!before.disruptedpods().contains(name)) evicted = name;
  }
  if (evicted.empty()) return;
  ++evictions_;
  auto loss = last_loss_.find(std::string(object.ns()));
  if (loss != last_loss_.end() && at < loss->second + soon_) return;
  ++judged_;
  int32_t healthy = 0;
  for (const ObjectPtr& pod : pods_of_budget(view_, budget)) {
    healthy += serves(pod) && !budget.status().disruptedpods().contains(std::string(pod->name()));
  }
  if (healthy >= budget.status().desiredhealthy()) return;
  breaches_.push_back(object.key().text() + " at " + std::to_string(object.revision()) + ": evicting " + evicted +
                      " leaves " + std::to_string(healthy) + " healthy pods of " +
                      std::to_string(budget.status().desiredhealthy()));
}

std::vector<std::string> wrong_budgets(const View& truth, const Instant& now) {
  std::vector<std::string> wrong;
  for (const ObjectPtr& budget : truth.all(kinds::kPodDisruptionBudget)) {
    const Plan plan = reconcile_disruption_budget(truth, budget->key(), now);
    if (!plan.empty()) wrong.push_back(budget->key().text() + ": its status is not what its pods make it");
  }
  return wrong;
}

}  // namespace kabuki::controllers

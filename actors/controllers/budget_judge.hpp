#pragma once

#include <map>
#include <string>
#include <vector>

#include "actors/controllers/disruption.hpp"

namespace kabuki::controllers {

/// Judges a history of budgets and pods: whether an eviction ever left fewer healthy pods than its budget needs. Told
/// every change, in the order in which the store made them. What else takes pods away (a rollout, a node that dies)
/// is no breach, nor is an eviction soon after that: whoever counts cannot have known yet.
class BudgetJudge {
 public:
  /// For `soon` after another loss in its namespace an eviction is not judged.
  explicit BudgetJudge(io::Duration soon = kDisruptionTakes) : soon_(soon) {}

  void saw(const Change& change, io::WallTime at);

  /// One line each, in order.
  const std::vector<std::string>& breaches() const { return breaches_; }
  uint64_t evictions() const { return evictions_; }
  /// Of those, how many were judged.
  uint64_t judged() const { return judged_; }

 private:
  bool is_evicted(const Object& pod) const;
  void saw_pod(const Change& change, io::WallTime at);
  void saw_budget(const Change& change, io::WallTime at);

  const io::Duration soon_;
  View view_;
  std::map<std::string, io::WallTime> last_loss_;  // by namespace
  std::vector<std::string> breaches_;
  uint64_t evictions_ = 0;
  uint64_t judged_ = 0;
};

/// Budgets whose status is not what their pods and owners make it, one line each: empty once all is quiet. Pure.
std::vector<std::string> wrong_budgets(const View& truth, const Instant& now);

}  // namespace kabuki::controllers

#include <optional>

#include "actors/controllers/budget_judge.hpp"
#include "tools/sim/invariants/all.hpp"

namespace kabuki::tools {
namespace {

/// Whoever counts may know so late of a pod that serves no more.
constexpr std::chrono::seconds kLag{20};

class BudgetsKept final : public Invariant {
 public:
  BudgetsKept() : Invariant("budgets-kept") { forget(); }

  void changed(const Seen& seen, const Breach& breach) override {
    const size_t told = judge_->breaches().size();
    judge_->saw({seen.before, seen.after}, io::WallTime{seen.now.ns});
    for (size_t i = told; i < judge_->breaches().size(); ++i) breach(judge_->breaches()[i]);
  }

  void forget() override { judge_.emplace(kLag); }

 private:
  std::optional<controllers::BudgetJudge> judge_;
};

}  // namespace

std::unique_ptr<Invariant> budgets_kept() { return std::make_unique<BudgetsKept>(); }

}  // namespace kabuki::tools

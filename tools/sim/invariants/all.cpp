#include "tools/sim/invariants/all.hpp"

namespace kabuki::tools {

std::vector<std::unique_ptr<Invariant>> all_invariants() {
  std::vector<std::unique_ptr<Invariant>> all;
  all.push_back(nodes_not_overfull());
  all.push_back(identities());
  all.push_back(jobs_exact());
  all.push_back(cron_once());
  all.push_back(recreate_apart());
  all.push_back(budgets_kept());
  all.push_back(quota_kept());
  all.push_back(volumes_once());
  all.push_back(preempts_lower());
  all.push_back(service_addresses());
  return all;
}

}  // namespace kabuki::tools

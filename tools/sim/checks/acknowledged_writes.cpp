#include "tools/sim/checks/all.hpp"

namespace kabuki::tools {

Lines lost_writes(const Observed& observed, const Workloads& workloads) {
  Lines lost;
  for (const auto& workload : workloads.all()) {
    const Client& client = workload->client();
    lost.insert(lost.end(), client.breaches().begin(), client.breaches().end());
    for (const auto& [key, wanted] : client.wanted()) {
      if (auto why = client.wrong_with(key, observed.find(key)); !why.empty()) lost.push_back(key.text() + " " + why);
    }
  }
  return lost;
}

}  // namespace kabuki::tools

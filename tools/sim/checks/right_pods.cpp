#include "messages/api/core/v1/pod.pb.h"
#include "tools/sim/checks/all.hpp"
#include "tools/sim/workloads/pods.hpp"

namespace kabuki::tools {

Lines wrong_pods(const Observed& observed, const Workloads& workloads) {
  Lines wrong;
  for (const auto& workload : workloads.all()) {
    for (auto& line : workload->wrong(observed)) wrong.push_back(std::move(line));
  }
  for (const auto& [key, pod] : observed.all_of<::k8s::io::api::core::v1::Pod>(kinds::kPod)) {
    // One that its node was just ending when the store was put back has ended; nobody adopts what has ended.
    if (observed.restored && has_ended(pod)) continue;
    if (pod.metadata().ownerreferences().empty() && !workloads.wants(key)) {
      wrong.push_back(key.name + " is wanted by nobody");
    }
  }
  return wrong;
}

}  // namespace kabuki::tools

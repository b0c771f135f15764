#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace k8s::io::api::core::v1 {
class PodSpec;
}

namespace kabuki::scheduler {

/// What a pod asks for, in base units (cpu in thousandths). A container that asks for no cpu or memory counts some
/// in the scored ones.
struct PodRequests {
  std::map<std::string, int64_t> amounts;
  int64_t scored_cpu_milli = 0;
  int64_t scored_memory_bytes = 0;
};

/// Kubernetes' formula; see demand_of.
PodRequests requests_of(const ::k8s::io::api::core::v1::PodSpec& spec);

}  // namespace kabuki::scheduler

#include "messages/pod_facts.hpp"

#include "messages/api/core/v1/pod_template.pb.h"

namespace kabuki {
namespace {

namespace core = ::k8s::io::api::core::v1;

struct QosSeen {
  bool anything = false;   // some container asks for or limits cpu or memory
  bool guaranteed = true;  // every container limits both, and asks for just that
};

void look_at(const core::Container& container, QosSeen* seen) {
  const auto& requests = container.resources().requests();
  const auto& limits = container.resources().limits();
  for (const char* resource : {"cpu", "memory"}) {
    auto request = requests.find(resource);
    auto limit = limits.find(resource);
    seen->anything |= request != requests.end() || limit != limits.end();
    bool equal =
        limit != limits.end() && (request == requests.end() || request->second.string() == limit->second.string());
    seen->guaranteed &= equal;
  }
}

}  // namespace

std::string qos_class(const core::PodSpec& spec) {
  QosSeen seen;
  for (const auto& container : spec.containers()) look_at(container, &seen);
  for (const auto& container : spec.initcontainers()) look_at(container, &seen);
  if (!seen.anything) return "BestEffort";
  return seen.guaranteed ? "Guaranteed" : "Burstable";
}

}  // namespace kabuki

#include "actors/scheduler/pod_requests.hpp"

#include <algorithm>

#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/quantity.hpp"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr int64_t kDefaultScoredCpuMilli = 100;
constexpr int64_t kDefaultScoredMemoryBytes = 200 * 1024 * 1024;

using Requests = google::protobuf::Map<std::string, ::k8s::io::apimachinery::pkg::api::resource::Quantity>;

void add(PodRequests* to, const PodRequests& more) {
  for (const auto& [resource, amount] : more.amounts) to->amounts[resource] += amount;
  to->scored_cpu_milli += more.scored_cpu_milli;
  to->scored_memory_bytes += more.scored_memory_bytes;
}

void raise_to(PodRequests* to, const PodRequests& other) {
  for (const auto& [resource, amount] : other.amounts) {
    auto& own = to->amounts[resource];
    own = std::max(own, amount);
  }
  to->scored_cpu_milli = std::max(to->scored_cpu_milli, other.scored_cpu_milli);
  to->scored_memory_bytes = std::max(to->scored_memory_bytes, other.scored_memory_bytes);
}

PodRequests read(const Requests& requests, int64_t default_cpu, int64_t default_memory) {
  PodRequests out;
  for (const auto& [resource, text] : requests) {
    const auto quantity = Quantity::parse(text.string());
    if (quantity.ok()) out.amounts[resource] = resource == "cpu" ? quantity->milli() : quantity->value();
  }
  const auto amount = [&](const char* resource, int64_t otherwise) {
    const auto it = out.amounts.find(resource);
    return it == out.amounts.end() ? otherwise : it->second;
  };
  out.scored_cpu_milli = amount("cpu", default_cpu);
  out.scored_memory_bytes = amount("memory", default_memory);
  return out;
}

PodRequests read(const core::Container& container) {
  return read(container.resources().requests(), kDefaultScoredCpuMilli, kDefaultScoredMemoryBytes);
}

}  // namespace

PodRequests requests_of(const core::PodSpec& spec) {
  PodRequests running, sidecars, starting;
  for (const auto& container : spec.containers()) add(&running, read(container));
  for (const auto& container : spec.initcontainers()) {
    PodRequests one = read(container);
    if (container.restartpolicy() == "Always") {
      add(&running, one);
      add(&sidecars, one);
      raise_to(&starting, sidecars);
    } else {
      add(&one, sidecars);
      raise_to(&starting, one);
    }
  }
  raise_to(&running, starting);
  if (spec.has_resources()) {
    const PodRequests whole =
        read(spec.resources().requests(), running.scored_cpu_milli, running.scored_memory_bytes);
    for (const auto& [resource, amount] : whole.amounts) running.amounts[resource] = amount;
    running.scored_cpu_milli = whole.scored_cpu_milli;
    running.scored_memory_bytes = whole.scored_memory_bytes;
  }
  add(&running, read(spec.overhead(), 0, 0));
  return running;
}

}  // namespace kabuki::scheduler

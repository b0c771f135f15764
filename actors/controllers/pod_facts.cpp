#include "actors/controllers/pod_facts.hpp"

#include <algorithm>
#include <charconv>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/field_scan.hpp"
#include "messages/hash.hpp"
#include "messages/wire.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr int kStatus[] = {3};
constexpr int kNodeName[] = {2, core::PodSpec::kNodeNameFieldNumber};
constexpr int kCreated[] = {1, 8, 1};
constexpr std::string_view kDeletionCost = "controller.kubernetes.io/pod-deletion-cost";

PodFacts::Phase phase_of(std::string_view text) {
  using Phase = PodFacts::Phase;
  return text == "Running"     ? Phase::running
         : text == "Succeeded" ? Phase::succeeded
         : text == "Failed"    ? Phase::failed
         : text == "Unknown"   ? Phase::unknown
                               : Phase::pending;
}

void read_condition(std::string_view bytes, PodFacts* facts) {
  constexpr int kType[] = {core::PodCondition::kTypeFieldNumber};
  constexpr int kValue[] = {core::PodCondition::kStatusFieldNumber};
  constexpr int kSince[] = {core::PodCondition::kLastTransitionTimeFieldNumber, 1};
  if (scan_bytes(bytes, kType) != "Ready") return;
  facts->ready = scan_bytes(bytes, kValue) == "True";
  facts->ready_since = facts->ready ? static_cast<int64_t>(scan_varint(bytes, kSince).value_or(0)) : 0;
}

void read_status(std::string_view bytes, PodFacts* facts) {
  constexpr int kRestarts[] = {core::ContainerStatus::kRestartCountFieldNumber};
  wire::Reader reader(bytes);
  while (reader.next()) {
    switch (reader.number()) {
      case core::PodStatus::kPhaseFieldNumber:
        facts->phase = phase_of(reader.bytes());
        break;
      case core::PodStatus::kConditionsFieldNumber:
        read_condition(reader.bytes(), facts);
        break;
      case core::PodStatus::kContainerStatusesFieldNumber:
        facts->restarts =
            std::max(facts->restarts, static_cast<int32_t>(scan_varint(reader.bytes(), kRestarts).value_or(0)));
        break;
      default:
        break;
    }
  }
}

}  // namespace

std::string_view node_of_pod(const Object& pod) { return scan_bytes(pod.body(), kNodeName); }

PodFacts facts_of_pod(const Object& pod) {
  PodFacts facts;
  read_status(scan_bytes(pod.body(), kStatus), &facts);
  facts.bound = !node_of_pod(pod).empty();
  facts.deleting = !scan_bytes(pod.body(), paths::kDeletionTimestamp).empty();
  facts.created = static_cast<int64_t>(scan_varint(pod.body(), kCreated).value_or(0));
  // Maps are encoded sorted, so that equal labels come in one order.
  std::string labels;
  scan_string_map(pod.body(), paths::kLabels, [&](std::string_view key, std::string_view value) {
    labels.append(key).append(1, '\0').append(value).append(1, '\0');
    return true;
  });
  facts.labels_hash = fnv1a_64(labels);
  scan_string_map(pod.body(), paths::kAnnotations, [&](std::string_view key, std::string_view value) {
    if (key != kDeletionCost) return true;
    std::from_chars(value.data(), value.data() + value.size(), facts.deletion_cost);
    return false;
  });
  return facts;
}

}  // namespace kabuki::controllers

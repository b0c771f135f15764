#include <optional>

#include "actors/api_server/write/admission/plugin.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/scheduling/v1/priority_class.pb.h"
#include "messages/field_scan.hpp"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;
using PriorityClass = ::k8s::io::api::scheduling::v1::PriorityClass;

constexpr int kGlobalDefault[] = {PriorityClass::kGlobalDefaultFieldNumber};
constexpr const char* kPreempts = "PreemptLowerPriority";

bool is_system_class(const std::string& name) {
  return name == "system-cluster-critical" || name == "system-node-critical";
}

/// The class of pods that name none. Of several, which a race may have left, the one of the least value.
std::optional<PriorityClass> global_default(const Admission& admission) {
  std::optional<PriorityClass> least;
  for (const ObjectPtr& object : admission.around().all(kinds::kPriorityClass)) {
    if (scan_varint(object->body(), kGlobalDefault).value_or(0) == 0) continue;
    auto found = object->as<PriorityClass>();
    if (!least || found.value() < least->value()) least = std::move(found);
  }
  return least;
}

Result<> resolve(const Admission& admission, core::PodSpec* spec) {
  int32_t priority = 0;
  std::string policy = kPreempts;
  std::optional<PriorityClass> found;
  if (!spec->priorityclassname().empty()) {
    found = admission.read<PriorityClass>(kinds::kPriorityClass, "", spec->priorityclassname());
    if (!found) return admission.forbid("no PriorityClass with name " + spec->priorityclassname() + " was found");
  } else if ((found = global_default(admission))) {
    spec->set_priorityclassname(found->metadata().name());
  }
  if (found) {
    priority = found->value();
    if (found->has_preemptionpolicy()) policy = found->preemptionpolicy();
  }
  if (spec->has_priority() && spec->priority() != priority) {
    return admission.forbid("the integer value of priority (" + std::to_string(spec->priority()) +
                            ") must not be provided in pod spec; priority admission controller computed " +
                            std::to_string(priority) + " from the given PriorityClass name");
  }
  if (spec->has_preemptionpolicy() && spec->preemptionpolicy() != policy) {
    return admission.forbid("the string value of PreemptionPolicy (" + spec->preemptionpolicy() +
                            ") must not be provided in pod spec; priority admission controller computed " + policy +
                            " from the given PriorityClass name");
  }
  spec->set_priority(priority);
  spec->set_preemptionpolicy(policy);
  return {};
}

Result<> admit(const Admission& admission) {
  const Write& write = admission.write;
  if (admission.kind() == kinds::kPriorityClass && write.verb == Write::Verb::remove &&
      is_system_class(write.key.name)) {
    return forbidden(*write.kind, write.key.name, "this is a system priority class and cannot be deleted");
  }
  if (admission.kind() != kinds::kPod || !admission.creates()) return {};
  return resolve(admission, as<core::Pod>(admission).mutable_spec());
}

Result<> check(const Admission& admission) {
  if (admission.kind() != kinds::kPriorityClass) return {};
  const auto& wanted = as<PriorityClass>(admission);
  if (!wanted.globaldefault()) return {};
  const auto known = global_default(admission);
  if (!known || (!admission.creates() && known->metadata().name() == wanted.metadata().name())) return {};
  return admission.forbid("PriorityClass " + known->metadata().name() +
                          " is already marked as default. Only one default can exist");
}

}  // namespace

const AdmissionPlugin kPriority{.name = "Priority", .admit = admit, .check = check};

}  // namespace kabuki::api_server

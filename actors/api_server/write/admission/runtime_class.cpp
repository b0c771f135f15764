#include <map>

#include "actors/api_server/write/admission/plugin.hpp"
#include "actors/quota/amounts.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/node/v1/runtime_class.pb.h"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;
using RuntimeClass = ::k8s::io::api::node::v1::RuntimeClass;
using Tolerations = google::protobuf::RepeatedPtrField<core::Toleration>;

bool equal(const core::Toleration& a, const core::Toleration& b) {
  return a.SerializeAsString() == b.SerializeAsString();  // no maps in it
}

/// Whether `wide` tolerates whatever `narrow` does, for as long.
bool covers(const core::Toleration& wide, const core::Toleration& narrow) {
  if (equal(wide, narrow)) return true;
  if (narrow.key() != wide.key() && !(wide.key().empty() && wide.operator_() == "Exists")) return false;
  if (narrow.effect() != wide.effect() && !wide.effect().empty()) return false;
  if (wide.effect() == "NoExecute" && wide.has_tolerationseconds() &&
      (!narrow.has_tolerationseconds() || narrow.tolerationseconds() > wide.tolerationseconds())) {
    return false;
  }
  if (wide.operator_() == "Exists") return true;
  return narrow.operator_() == "Equal" && narrow.value() == wide.value();
}

/// Both, without those that another covers; of equal ones the first.
Tolerations merged(const Tolerations& first, const Tolerations& second) {
  Tolerations all = first, out;
  all.MergeFrom(second);
  for (int i = 0; i < all.size(); ++i) {
    bool covered = false;
    for (const auto& kept : out) covered |= covers(kept, all[i]);
    for (int j = i + 1; j < all.size(); ++j) covered |= !equal(all[i], all[j]) && covers(all[j], all[i]);
    if (!covered) *out.Add() = all[i];
  }
  return out;
}

Result<> settle_overhead(const Admission& admission, const RuntimeClass& chosen, core::PodSpec* spec) {
  if (!chosen.has_overhead()) return {};
  if (!spec->overhead().empty() &&
      quota::read_amounts(spec->overhead()) != quota::read_amounts(chosen.overhead().podfixed())) {
    return admission.forbid("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  *spec->mutable_overhead() = chosen.overhead().podfixed();
  return {};
}

Result<> settle_scheduling(const Admission& admission, const RuntimeClass& chosen, core::PodSpec* spec) {
  if (!chosen.has_scheduling()) return {};
  const std::map<std::string, std::string> wanted(chosen.scheduling().nodeselector().begin(),
                                                  chosen.scheduling().nodeselector().end());
  for (const auto& [key, value] : wanted) {
    const auto [it, fresh] = spec->mutable_nodeselector()->insert({key, value});
    if (!fresh && it->second != value) {
      return admission.forbid("conflict: runtimeClass.scheduling.nodeSelector[" + key + "] = " + value +
                              "; pod.spec.nodeSelector[" + key + "] = " + it->second);
    }
  }
  *spec->mutable_tolerations() = merged(spec->tolerations(), chosen.scheduling().tolerations());
  return {};
}

Result<> admit(const Admission& admission) {
  if (admission.kind() != kinds::kPod || !admission.creates()) return {};
  core::PodSpec* spec = as<core::Pod>(admission).mutable_spec();
  if (!spec->has_runtimeclassname()) return {};
  const auto chosen = admission.read<RuntimeClass>(kinds::kRuntimeClass, "", spec->runtimeclassname());
  if (!chosen) return admission.forbid("pod rejected: RuntimeClass \"" + spec->runtimeclassname() + "\" not found");
  if (auto settled = settle_overhead(admission, *chosen, spec); !settled) return settled;
  return settle_scheduling(admission, *chosen, spec);
}

Result<> check(const Admission& admission) {
  if (admission.kind() != kinds::kPod || !admission.creates()) return {};
  const auto& spec = as<core::Pod>(admission).spec();
  if (spec.overhead().empty()) return {};
  const auto chosen = admission.read<RuntimeClass>(kinds::kRuntimeClass, "", spec.runtimeclassname());
  if (chosen && chosen->has_overhead()) return {};
  return admission.forbid("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
}

}  // namespace

const AdmissionPlugin kRuntimeClass{.name = "RuntimeClass", .admit = admit, .check = check};

}  // namespace kabuki::api_server

#include "actors/api_server/write/admission/admission.hpp"

#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/pod_facts.hpp"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr const AdmissionPlugin* kPlugins[] = {
    &kNamespaceLifecycle,
    &kLimitRanger,
    &kServiceAccount,
    &kPriority,
    &kDefaultTolerationSeconds,
    &kDefaultStorageClass,
    &kStorageObjectInUseProtection,
    &kPersistentVolumeClaimResize,
    &kRuntimeClass,
    &kResourceQuota,
};

constexpr const char* kDefaultAccount = "default";

/// Schedulers do not look at such a pod, so nobody else would say why it waits.
void say_that_it_is_gated(core::PodStatus* status) {
  core::PodCondition* condition = status->add_conditions();
  condition->set_type("PodScheduled");
  condition->set_status("False");
  condition->set_reason("SchedulingGated");
  condition->set_message("Scheduling is blocked due to non-empty scheduling gates");
}

}  // namespace

void begin_status(const Kind& kind, google::protobuf::Message* object) {
  if (kind.id == kinds::kNode) return;  // a kubelet brings its status along
  if (kind.has_status) clear_part("status", object);
  if (kind.id == kinds::kPod) static_cast<core::Pod*>(object)->mutable_status()->set_phase("Pending");
  if (kind.id == kinds::kNamespace) static_cast<core::Namespace*>(object)->mutable_status()->set_phase("Active");
}

const Surroundings& Admission::around() const {
  static const Surroundings nothing;
  return context.surroundings ? *context.surroundings : nothing;
}

ObjectPtr Admission::find(KindId kind, std::string_view ns, std::string_view name) const {
  const Key key{kind, std::string(ns), std::string(name)};
  if (ObjectPtr known = around().find(key)) return known;
  for (const ObjectPtr& object : write.looked_up) {
    if (object->key() == key) return object;
  }
  return nullptr;
}

std::span<const AdmissionPlugin* const> admission_plugins() { return kPlugins; }

Result<> admit(const Admission& admission) {
  for (const AdmissionPlugin* plugin : kPlugins) {
    if (!plugin->admit) continue;
    if (auto admitted = plugin->admit(admission); !admitted) return admitted;
  }
  if (admission.creates() && admission.kind() == kinds::kPod) {
    auto& pod = as<core::Pod>(admission);
    pod.mutable_status()->set_qosclass(qos_class(pod.spec()));
    if (pod.spec().schedulinggates_size() > 0) say_that_it_is_gated(pod.mutable_status());
  }
  return {};
}

Result<> check_admitted(const Admission& admission) {
  for (const AdmissionPlugin* plugin : kPlugins) {
    if (!plugin->check) continue;
    if (auto admitted = plugin->check(admission); !admitted) return admitted;
  }
  return {};
}

std::vector<Key> referred_by(const Write& write) {
  std::vector<Key> keys;
  if (write.verb != Write::Verb::create) return keys;
  if (write.kind->namespaced) keys.push_back({kinds::kNamespace, "", write.key.ns});
  if (write.kind->id != kinds::kPod) return keys;
  const auto& spec = static_cast<const core::Pod&>(*write.object).spec();
  const std::string& account = spec.serviceaccountname();
  keys.push_back({kinds::kServiceAccount, write.key.ns, account.empty() ? kDefaultAccount : account});
  if (!spec.priorityclassname().empty()) keys.push_back({kinds::kPriorityClass, "", spec.priorityclassname()});
  if (!spec.runtimeclassname().empty()) keys.push_back({kinds::kRuntimeClass, "", spec.runtimeclassname()});
  return keys;
}

bool comes_soon(const Key& key) { return key.kind == kinds::kServiceAccount && key.name == kDefaultAccount; }

}  // namespace kabuki::api_server

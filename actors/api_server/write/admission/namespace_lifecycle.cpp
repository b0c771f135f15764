#include "actors/api_server/write/admission/plugin.hpp"
#include "messages/field_scan.hpp"

namespace kabuki::api_server {
namespace {

/// Without these a cluster does not work.
bool is_immortal(const Key& key) {
  return key.kind == kinds::kNamespace &&
         (key.name == "default" || key.name == "kube-system" || key.name == "kube-public");
}

Result<> admit(const Admission& admission) {
  const Write& write = admission.write;
  if (write.verb == Write::Verb::remove && is_immortal(write.key)) {
    return forbidden(*write.kind, write.key.name, "this namespace may not be deleted");
  }
  if (!admission.creates() || !write.kind->namespaced) return {};
  const std::string& ns = admission.ns();
  const ObjectPtr space = admission.find(kinds::kNamespace, "", ns);
  if (!space) return not_found(kind_of(kinds::kNamespace), ns);
  if (scan_bytes(space->body(), paths::kDeletionTimestamp).empty()) return {};
  Error error =
      admission.forbid("unable to create new content in namespace " + ns + " because it is being terminated");
  error.causes.push_back({"NamespaceTerminating", "namespace " + ns + " is being terminated", "metadata.namespace"});
  return error;
}

}  // namespace

const AdmissionPlugin kNamespaceLifecycle{.name = "NamespaceLifecycle", .admit = admit};

}  // namespace kabuki::api_server

#include "actors/api_server/write/admission.hpp"

#include <string_view>

#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/meta.hpp"
#include "messages/pod_facts.hpp"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;

void tolerate_for_a_while(core::PodSpec* spec, const char* key, int64_t seconds) {
  for (const auto& toleration : spec->tolerations()) {
    bool every_key = toleration.key().empty() && toleration.operator_() == "Exists";
    bool effect = toleration.effect().empty() || toleration.effect() == "NoExecute";
    if ((every_key || toleration.key() == key) && effect) return;
  }
  auto* toleration = spec->add_tolerations();
  toleration->set_key(key);
  toleration->set_operator_("Exists");
  toleration->set_effect("NoExecute");
  toleration->set_tolerationseconds(seconds);
}

void admit_pod(core::Pod* pod, int64_t toleration_seconds) {
  core::PodSpec* spec = pod->mutable_spec();
  if (spec->serviceaccountname().empty()) spec->set_serviceaccountname("default");
  spec->set_serviceaccount(spec->serviceaccountname());
  tolerate_for_a_while(spec, "node.kubernetes.io/not-ready", toleration_seconds);
  tolerate_for_a_while(spec, "node.kubernetes.io/unreachable", toleration_seconds);
  if (!spec->has_priority()) spec->set_priority(0);
  if (!spec->has_preemptionpolicy()) spec->set_preemptionpolicy("PreemptLowerPriority");
  pod->clear_status();
  pod->mutable_status()->set_phase("Pending");
  pod->mutable_status()->set_qosclass(qos_class(*spec));
}

}  // namespace

void admit_create(const Kind& kind, int64_t toleration_seconds, google::protobuf::Message* object) {
  switch (kind.id) {
    case kinds::kPod:
      admit_pod(static_cast<core::Pod*>(object), toleration_seconds);
      return;
    case kinds::kNamespace:
      static_cast<core::Namespace*>(object)->mutable_status()->set_phase("Active");
      return;
    case kinds::kNode:
      return;  // a kubelet brings its status along
    default:
      if (kind.has_status) clear_part("status", object);
  }
}

}  // namespace kabuki::api_server

#include "actors/api_server/write/admission/plugin.hpp"
#include "messages/api/core/v1/pod.pb.h"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;

void tolerate_for_a_while(core::PodSpec* spec, const char* key, int64_t seconds) {
  for (const auto& toleration : spec->tolerations()) {
    const bool effect = toleration.effect().empty() || toleration.effect() == "NoExecute";
    if (effect && (toleration.key().empty() || toleration.key() == key)) return;
  }
  auto* toleration = spec->add_tolerations();
  toleration->set_key(key);
  toleration->set_operator_("Exists");
  toleration->set_effect("NoExecute");
  toleration->set_tolerationseconds(seconds);
}

Result<> admit(const Admission& admission) {
  if (admission.kind() != kinds::kPod || !admission.creates()) return {};
  auto* spec = as<core::Pod>(admission).mutable_spec();
  tolerate_for_a_while(spec, "node.kubernetes.io/not-ready", admission.context.toleration_seconds);
  tolerate_for_a_while(spec, "node.kubernetes.io/unreachable", admission.context.toleration_seconds);
  return {};
}

}  // namespace

const AdmissionPlugin kDefaultTolerationSeconds{.name = "DefaultTolerationSeconds", .admit = admit};

}  // namespace kabuki::api_server

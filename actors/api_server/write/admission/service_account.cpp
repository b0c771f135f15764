#include <algorithm>

#include "actors/api_server/write/admission/plugin.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/service_account.pb.h"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr const char* kMirror = "kubernetes.io/config.mirror";
constexpr const char* kMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::string_view kVolumePrefix = "kube-api-access-";
constexpr int kSuffixLength = 5;
constexpr int32_t kFileMode = 0644;
/// An hour, and seven seconds by which Kubernetes tells these from others.
constexpr int64_t kTokenSeconds = 3607;

bool wants_token(const core::ServiceAccount& account, const core::PodSpec& spec) {
  if (spec.has_automountserviceaccounttoken()) return spec.automountserviceaccounttoken();
  return !account.has_automountserviceaccounttoken() || account.automountserviceaccounttoken();
}

void fill_token_volume(core::ProjectedVolumeSource* volume) {
  volume->set_defaultmode(kFileMode);
  auto* token = volume->add_sources()->mutable_serviceaccounttoken();
  token->set_path("token");
  token->set_expirationseconds(kTokenSeconds);
  auto* authority = volume->add_sources()->mutable_configmap();
  authority->mutable_localobjectreference()->set_name("kube-root-ca.crt");
  authority->add_items()->set_key("ca.crt");
  authority->mutable_items(0)->set_path("ca.crt");
  auto* space = volume->add_sources()->mutable_downwardapi()->add_items();
  space->set_path("namespace");
  space->mutable_fieldref()->set_apiversion("v1");
  space->mutable_fieldref()->set_fieldpath("metadata.namespace");
}

/// Mounts `volume` in every container that has nothing at that place; whether any did not.
bool mount(const std::string& volume, google::protobuf::RepeatedPtrField<core::Container>* containers) {
  bool mounted = false;
  for (core::Container& container : *containers) {
    const auto& mounts = container.volumemounts();
    if (std::any_of(mounts.begin(), mounts.end(), [](const auto& m) { return m.mountpath() == kMountPath; }))
      continue;
    auto* added = container.add_volumemounts();
    added->set_name(volume);
    added->set_readonly(true);
    added->set_mountpath(kMountPath);
    mounted = true;
  }
  return mounted;
}

void mount_token(const WriteContext& context, core::PodSpec* spec) {
  std::string name;
  for (const auto& volume : spec->volumes()) {
    if (volume.name().starts_with(kVolumePrefix)) {
      name = volume.name();
      break;
    }
  }
  const bool has_volume = !name.empty();
  if (!has_volume) name = std::string(kVolumePrefix) + context.random->suffix(kSuffixLength);
  bool mounted = mount(name, spec->mutable_initcontainers());
  mounted |= mount(name, spec->mutable_containers());
  if (has_volume || !mounted) return;
  auto* volume = spec->add_volumes();
  volume->set_name(name);
  fill_token_volume(volume->mutable_volumesource()->mutable_projected());
}

/// A mirror of what a kubelet runs without having been asked: it stays as it is and may refer to nothing.
Result<> check_mirror(const Admission& admission, const core::PodSpec& spec) {
  if (!spec.serviceaccountname().empty()) return admission.forbid("a mirror pod may not reference service accounts");
  for (const auto& volume : spec.volumes()) {
    if (volume.volumesource().has_secret()) return admission.forbid("a mirror pod may not reference secrets");
    for (const auto& source : volume.volumesource().projected().sources()) {
      if (source.has_serviceaccounttoken()) {
        return admission.forbid("a mirror pod may not use ServiceAccountToken volume projections");
      }
    }
  }
  return {};
}

Result<> admit(const Admission& admission) {
  if (admission.kind() != kinds::kPod || !admission.creates()) return {};
  auto& pod = as<core::Pod>(admission);
  core::PodSpec* spec = pod.mutable_spec();
  if (pod.metadata().annotations().contains(kMirror)) return check_mirror(admission, *spec);

  if (spec->serviceaccountname().empty()) spec->set_serviceaccountname("default");
  spec->set_serviceaccount(spec->serviceaccountname());
  const std::string& name = spec->serviceaccountname();
  const auto account = admission.read<core::ServiceAccount>(kinds::kServiceAccount, admission.ns(), name);
  if (!account) {
    return admission.forbid("error looking up service account " + admission.ns() + "/" + name +
                            ": serviceaccount \"" + name + "\" not found");
  }
  if (wants_token(*account, *spec)) mount_token(admission.context, spec);
  if (spec->imagepullsecrets().empty()) *spec->mutable_imagepullsecrets() = account->imagepullsecrets();
  return {};
}

}  // namespace

const AdmissionPlugin kServiceAccount{.name = "ServiceAccount", .admit = admit};

}  // namespace kabuki::api_server

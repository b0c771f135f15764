#include "actors/kubelet/mirror_pod.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "actors/kubelet/lifecycle/container_id.hpp"
#include "actors/kubelet/lifecycle/status.hpp"
#include "messages/encode.hpp"
#include "messages/field_scan.hpp"
#include "messages/hash.hpp"

namespace kabuki::kubelet {
namespace {

constexpr const char* kHashAnnotation = "kubernetes.io/config.hash";
constexpr const char* kSourceAnnotation = "kubernetes.io/config.source";
constexpr const char* kRunning = "running";
constexpr int32_t kKilled = 137;

std::string last_part(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::vector<const bus::ActorInfo*> actors_of(const bus::ActorInfo& component) {
  std::vector<const bus::ActorInfo*> out;
  for (const auto& child : component.children()) out.push_back(&child);
  if (out.empty()) out.push_back(&component);
  // Inspection lists them as they come.
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->name() < b->name(); });
  return out;
}

const ::k8s::io::api::core::v1::ContainerStatus* recorded_of(const PodMessage& pod, const std::string& container) {
  for (const auto& status : pod.status().containerstatuses()) {
    if (status.name() == container) return &status;
  }
  return nullptr;
}

std::string hash_of(const PodMessage& pod) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(fnv1a_64(serialize(pod.spec()))));
  return text;
}

}  // namespace

bool is_mirror_pod(const Object& pod) {
  bool found = false;
  scan_string_map(pod.body(), paths::kAnnotations, [&](std::string_view key, std::string_view) {
    found = found || key == kMirrorAnnotation;
    return !found;
  });
  return found;
}

PodMessage mirror_pod(const bus::ActorInfo& component, const NodeMessage& node) {
  const std::string title = last_part(component.name());
  PodMessage pod;
  auto* spec = pod.mutable_spec();
  for (const bus::ActorInfo* actor : actors_of(component)) {
    auto* container = spec->add_containers();
    container->set_name(last_part(actor->name()));
    container->set_image("kabuki.io/" + title);
    container->set_imagepullpolicy("IfNotPresent");
    container->add_command("kabuki");
    container->add_args(actor->name());
    // Said, since a scheduler assumes something of containers that say nothing, and would pass this node by.
    auto& requests = *container->mutable_resources()->mutable_requests();
    for (const char* resource : {"cpu", "memory"}) requests[resource].set_string("0");
  }
  spec->set_nodename(node.metadata().name());
  spec->set_hostnetwork(true);
  spec->set_restartpolicy("Always");
  spec->set_enableservicelinks(false);
  spec->set_automountserviceaccounttoken(false);
  auto* toleration = spec->add_tolerations();
  toleration->set_operator_("Exists");
  toleration->set_effect("NoExecute");

  auto* meta = pod.mutable_metadata();
  meta->set_name(title + "-" + node.metadata().name());
  meta->set_namespace_(std::string(kMirrorNamespace));
  (*meta->mutable_labels())["component"] = title;
  (*meta->mutable_labels())["tier"] = "control-plane";
  const std::string hash = hash_of(pod);
  (*meta->mutable_annotations())[kHashAnnotation] = hash;
  (*meta->mutable_annotations())[std::string(kMirrorAnnotation)] = hash;
  (*meta->mutable_annotations())[kSourceAnnotation] = "file";
  auto* owner = meta->add_ownerreferences();
  owner->set_apiversion("v1");
  owner->set_kind("Node");
  owner->set_name(node.metadata().name());
  owner->set_uid(node.metadata().uid());
  owner->set_controller(true);
  return pod;
}

bool same_actors(const PodMessage& wanted, const PodMessage& recorded) {
  const auto& annotations = recorded.metadata().annotations();
  const auto found = annotations.find(kHashAnnotation);
  return found != annotations.end() && found->second == wanted.metadata().annotations().at(kHashAnnotation) &&
         recorded.metadata().ownerreferences_size() == 1 &&
         recorded.metadata().ownerreferences(0).uid() == wanted.metadata().ownerreferences(0).uid();
}

PodStatusMessage mirror_status(const PodMessage& recorded, const bus::ActorInfo& component,
                               const std::string& address, io::WallTime now) {
  PodStatusMessage out;
  *out.mutable_conditions() = recorded.status().conditions();
  out.set_phase("Running");
  out.set_observedgeneration(recorded.metadata().generation());
  out.set_qosclass("BestEffort");
  out.mutable_starttime()->set_seconds(recorded.status().has_starttime() ? recorded.status().starttime().seconds()
                                                                         : now.seconds());
  out.set_hostip(address);
  out.add_hostips()->set_ip(address);
  out.set_podip(address);
  out.add_podips()->set_ip(address);
  for (const bus::ActorInfo* actor : actors_of(component)) {
    const std::string name = last_part(actor->name());
    const auto* before = recorded_of(recorded, name);
    auto* status = out.add_containerstatuses();
    status->set_name(name);
    status->set_image("kabuki.io/" + last_part(component.name()));
    status->set_imageid(simulated_image_id(status->image()));
    const auto restarts = static_cast<int32_t>(actor->restarts());
    status->set_restartcount(restarts);
    status->set_containerid("kabuki://" + actor->name() + "/" + std::to_string(restarts));
    if (before && before->has_laststate()) *status->mutable_laststate() = before->laststate();
    const bool same_life = before && before->restartcount() == restarts;
    const int64_t began = before ? before->state().running().startedat().seconds() : 0;
    if (before && restarts > before->restartcount()) {
      auto* last = status->mutable_laststate()->mutable_terminated();
      last->set_exitcode(kKilled);
      last->set_reason("Error");
      last->set_containerid(before->containerid());
      if (began != 0) last->mutable_startedat()->set_seconds(began);
      last->mutable_finishedat()->set_seconds(now.seconds());
    }
    const bool runs = actor->state() == kRunning;
    status->set_ready(runs);
    status->set_started(runs);
    if (runs) {
      status->mutable_state()->mutable_running()->mutable_startedat()->set_seconds(
          same_life && began != 0 ? began : now.seconds());
    } else {
      status->mutable_state()->mutable_waiting()->set_reason("CrashLoopBackOff");
      status->mutable_state()->mutable_waiting()->set_message("the actor is " + actor->state());
    }
  }
  set_conditions(view_of(recorded), true, now, &out);
  return out;
}

}  // namespace kabuki::kubelet

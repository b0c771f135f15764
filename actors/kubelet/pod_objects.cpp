#include "actors/kubelet/pod_objects.hpp"

#include <algorithm>
#include <cstdio>

#include "messages/api/core/v1/event.pb.h"
#include "messages/field_scan.hpp"
#include "messages/wire.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int kMetadataNumber = 1, kStatusNumber = 3;
constexpr int kMetadataPath[] = {1};
constexpr int kStatusPath[] = {3};
constexpr int kPodIpPath[] = {3, 6};
constexpr int kOwnStatusFields[] = {1, 6, 7, 8, 10, 13};  // phase, podIP, startTime, container statuses
constexpr int kHostNetworkPath[] = {2, 11};

}  // namespace

ObjectPtr status_alone(const Object& pod, std::string_view status) {
  std::string body;
  wire::append_bytes_field(kMetadataNumber, scan_bytes(pod.body(), kMetadataPath), &body);
  wire::append_bytes_field(kStatusNumber, status, &body);
  return Object::make(pod.kind(), pod.ns(), pod.name(), pod.revision(), body);
}

std::string_view recorded_status(const Object& pod) { return scan_bytes(pod.body(), kStatusPath); }

uint64_t progress_of(std::string_view status) {
  std::string own;
  wire::Reader fields(status);
  while (fields.next()) {
    for (const int number : kOwnStatusFields) {
      if (fields.number() == number) own.append(fields.field());
    }
  }
  return std::hash<std::string_view>()(own);
}

overlay::Ipv4 recorded_ip(const Object& pod) {
  return overlay::Ipv4::parse(scan_bytes(pod.body(), kPodIpPath)).value_or(overlay::Ipv4{});
}

bool uses_host_network(const Object& pod) { return scan_varint(pod.body(), kHostNetworkPath).value_or(0) != 0; }

bool is_deleted(const Object& pod) { return !scan_bytes(pod.body(), paths::kDeletionTimestamp).empty(); }

std::string annotations_of(const Object& pod) {
  std::string out;
  scan_string_map(pod.body(), paths::kAnnotations, [&](std::string_view key, std::string_view value) {
    wire::append_bytes_field(1, key, &out);
    wire::append_bytes_field(2, value, &out);
    return true;
  });
  return out;
}

overlay::PodEndpoint endpoint_of(const PodMessage& pod) {
  overlay::PodEndpoint out{pod.metadata().namespace_(), pod.metadata().name(), {}, false, {}};
  out.address = overlay::Ipv4::parse(pod.status().podip()).value_or(overlay::Ipv4{});
  const PodView view = view_of(pod);
  for (size_t i = 0; i < view.containers.size(); ++i) {
    const auto& statuses = statuses_of(view, i, pod.status());
    const bool running = std::any_of(statuses.begin(), statuses.end(), [&](const auto& status) {
      return status.name() == view.spec(i).name() && status.state().has_running();
    });
    if (!running) continue;
    out.running = out.running || view.role(i) != Role::init;
    for (const auto& port : view.spec(i).ports()) out.ports.push_back(port.containerport());
  }
  std::sort(out.ports.begin(), out.ports.end());
  return out;
}

ObjectPtr pod_event(const PodView& pod, const std::string& node, const Note& note, io::WallTime now,
                    uint64_t sequence) {
  ::k8s::io::api::core::v1::Event event;
  char suffix[20];
  std::snprintf(suffix, sizeof suffix, ".%016llx", static_cast<unsigned long long>(now.ns) + sequence);
  event.mutable_metadata()->set_name(pod.name() + suffix);
  event.mutable_metadata()->set_namespace_(pod.ns());
  auto* about = event.mutable_involvedobject();
  about->set_kind("Pod");
  about->set_apiversion("v1");
  about->set_namespace_(pod.ns());
  about->set_name(pod.name());
  about->set_uid(pod.uid());
  about->set_resourceversion(pod.message->metadata().resourceversion());
  const size_t container = pod.find(note.container);
  if (container < pod.containers.size()) {
    const char* list = container < pod.inits       ? "spec.initContainers{"
                       : container < pod.mains_end ? "spec.containers{"
                                                   : "spec.ephemeralContainers{";
    about->set_fieldpath(list + note.container + "}");
  }
  event.set_reason(note.reason);
  event.set_message(note.message);
  event.set_type(note.warning ? "Warning" : "Normal");
  event.set_count(1);
  event.mutable_source()->set_component("kubelet");
  event.mutable_source()->set_host(node);
  event.set_reportingcomponent("kubelet");
  event.set_reportinginstance(node);
  event.mutable_firsttimestamp()->set_seconds(now.seconds());
  event.mutable_lasttimestamp()->set_seconds(now.seconds());
  return Object::encode(kinds::kEvent, event);
}

}  // namespace kabuki::kubelet

#include "messages/versions.hpp"

#include <cassert>
#include <google/protobuf/message.h>

#include "messages/kinds_table.hpp"

namespace kabuki {
namespace {

using google::protobuf::Message;

std::vector<Version> make_versions() {
  std::vector<Version> out;
  for (Kind& kind : make_version_kinds()) {
    Version version;
    version.kind = std::move(kind);
    switch (version.kind.id) {
      case kinds::kHorizontalPodAutoscalerV1:
        version.stored = kinds::kHorizontalPodAutoscaler;
        version.from_stored = autoscaler_to_v1;
        version.to_stored = autoscaler_from_v1;
        break;
      case kinds::kEventsEvent:
        version.stored = kinds::kEvent;
        version.from_stored = event_to_events;
        version.to_stored = event_from_events;
        version.labels = {{"regarding.kind", "involvedObject.kind"},
                          {"regarding.namespace", "involvedObject.namespace"},
                          {"regarding.name", "involvedObject.name"},
                          {"regarding.uid", "involvedObject.uid"},
                          {"regarding.apiVersion", "involvedObject.apiVersion"},
                          {"regarding.resourceVersion", "involvedObject.resourceVersion"},
                          {"regarding.fieldPath", "involvedObject.fieldPath"},
                          {"reportingController", "reportingComponent"}};
        break;
      case kinds::kNodeMetrics:
      case kinds::kPodMetrics:
      case kinds::kComponentStatus:
        version.verbs = {"get", "list"};
        break;
      default:
        version.verbs = {"create"};
        break;
    }
    out.push_back(std::move(version));
  }
  return out;
}

}  // namespace

std::string Version::stored_label(const std::string& label) const {
  for (const auto& [ours, theirs] : labels) {
    if (ours == label) return theirs;
  }
  return label;
}

std::span<const Version> all_versions() {
  static const std::vector<Version> versions = make_versions();
  return versions;
}

const Version* find_version(KindId id) {
  for (const Version& version : all_versions()) {
    if (version.kind.id == id) return &version;
  }
  return nullptr;
}

const Version* find_version(std::string_view group, std::string_view name, std::string_view plural) {
  for (const Version& version : all_versions()) {
    const Kind& kind = version.kind;
    if (kind.plural == plural && kind.group == group && kind.version == name) return &version;
  }
  return nullptr;
}

std::span<const Kind> served_kinds() {
  static const std::vector<Kind> served = [] {
    std::vector<Kind> out(all_kinds().begin(), all_kinds().end());
    for (const Version& version : all_versions()) out.push_back(version.kind);
    return out;
  }();
  return served;
}

std::unique_ptr<Message> from_stored(const Version& version, const Message& stored) {
  assert(version.from_stored);
  std::unique_ptr<Message> out(version.kind.make());
  version.from_stored(stored, out.get());
  return out;
}

std::unique_ptr<Message> to_stored(const Version& version, const Message& message) {
  assert(version.to_stored);
  std::unique_ptr<Message> out(kind_of(version.stored).make());
  version.to_stored(message, out.get());
  return out;
}

ObjectPtr as_version(const Version& version, const Object& stored) {
  std::unique_ptr<Message> message(kind_of(version.stored).make());
  [[maybe_unused]] const auto parsed = stored.parse(message.get());
  assert(parsed.ok());
  return Object::encode(version.kind.id, *from_stored(version, *message), stored.revision());
}

}  // namespace kabuki

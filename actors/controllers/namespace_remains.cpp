#include "actors/controllers/namespace_remains.hpp"

#include <array>
#include <string_view>
#include <vector>

#include "messages/field_scan.hpp"
#include "messages/meta.hpp"
#include "messages/wire.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;

struct Text {
  const char* type;
  const char* reason;
  std::string message;
  bool holds = false;
};

/// In the order of the object, pointing into its bytes.
std::vector<std::string_view> finalizers_of(const Object& object) {
  constexpr int kMetadata[] = {1};
  std::vector<std::string_view> finalizers;
  wire::Reader reader(scan_bytes(object.body(), kMetadata));
  while (reader.next()) {
    if (reader.number() == ObjectMeta::kFinalizersFieldNumber) finalizers.push_back(reader.bytes());
  }
  return finalizers;
}

std::string joined(const std::map<std::string, int>& counts, const char* between) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : ", ") + name + between + std::to_string(count) + " resource instances";
  }
  return text;
}

bool set(const Text& text, int64_t now_ns, core::NamespaceStatus* status) {
  core::NamespaceCondition* found = nullptr;
  for (auto& condition : *status->mutable_conditions()) {
    if (condition.type() == text.type) found = &condition;
  }
  const std::string value = text.holds ? "True" : "False";
  if (found && found->status() == value && found->reason() == text.reason && found->message() == text.message) {
    return false;
  }
  const bool moves = !found || found->status() != value;
  if (!found) found = status->add_conditions();
  found->set_type(text.type);
  found->set_status(value);
  found->set_reason(text.reason);
  found->set_message(text.message);
  if (moves) *found->mutable_lasttransitiontime() = time_of(now_ns);
  return true;
}

}  // namespace

void Remains::add(const Object& object) {
  const Kind& kind = kind_of(object.kind());
  ++by_resource[kind.plural + "." + kind.group];
  for (const auto finalizer : finalizers_of(object)) ++by_finalizer[std::string(finalizer)];
}

bool same_finalizers(const Object& a, const Object& b) { return finalizers_of(a) == finalizers_of(b); }

bool tell_remains(const Remains& remains, int64_t now_ns, core::NamespaceStatus* status) {
  // Every kind is known from the table, so that the first two cannot fail.
  std::array<Text, 5> all = {{
      {"NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"},
      {"NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions",
       "All legacy kube types successfully parsed"},
      {"NamespaceDeletionContentFailure", "ContentDeleted",
       "All content successfully deleted, may be waiting on finalization"},
      {"NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"},
      {"NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished"},
  }};
  if (!remains.refusal.empty()) {
    all[2].reason = "ContentDeletionFailed";
    all[2].message = "Failed to delete all resource types, 1 remaining: " + remains.refusal;
    all[2].holds = true;
  }
  if (!remains.by_resource.empty()) {
    all[3].reason = "SomeResourcesRemain";
    all[3].message = "Some resources are remaining: " + joined(remains.by_resource, " has ");
    all[3].holds = true;
  }
  if (!remains.by_finalizer.empty()) {
    all[4].reason = "SomeFinalizersRemain";
    all[4].message =
        "Some content in the namespace has finalizers remaining: " + joined(remains.by_finalizer, " in ");
    all[4].holds = true;
  }
  bool changed = false;
  for (const Text& text : all) changed |= set(text, now_ns, status);
  return changed;
}

}  // namespace kabuki::controllers

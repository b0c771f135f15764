#include <algorithm>

#include "actors/api_server/write/admission/admission.hpp"
#include "actors/api_server/write/write.hpp"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using google::protobuf::Message;
namespace core = ::k8s::io::api::core::v1;

constexpr const char* kForeground = "foregroundDeletion";
constexpr const char* kOrphan = "orphan";
/// Seconds, some 30 years: more would leave the range of times.
constexpr int64_t kGraceMost = 1'000'000'000;

/// Seconds that the object lives on after the request. Only pods that a kubelet runs have any.
int64_t grace_of(const Write& write, const Message& object) {
  if (write.kind->id != kinds::kPod) return 0;
  const auto& pod = static_cast<const core::Pod&>(object);
  bool ran_out = pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed";
  if (pod.spec().nodename().empty() || ran_out) return 0;
  int64_t grace = write.grace_seconds.value_or(
      pod.spec().has_terminationgraceperiodseconds() ? pod.spec().terminationgraceperiodseconds() : 30);
  // Kubernetes reads a negative grace as one second.
  return grace < 0 ? 1 : std::min(grace, kGraceMost);
}

void set_finalizer(ObjectMeta* meta, const char* finalizer, bool wanted) {
  auto* finalizers = meta->mutable_finalizers();
  auto found = std::find(finalizers->begin(), finalizers->end(), finalizer);
  if (wanted && found == finalizers->end()) meta->add_finalizers(finalizer);
  if (!wanted && found != finalizers->end()) finalizers->erase(found);
}

/// The propagation policy stays with the object as a finalizer that the garbage collector takes off.
Result<> settle_propagation(const Write& write, ObjectMeta* meta) {
  if (write.propagation.empty()) return {};
  if (write.propagation != "Foreground" && write.propagation != "Orphan" && write.propagation != "Background") {
    static const Kind options{.group = "meta.k8s.io", .kind = "DeleteOptions"};
    return invalid(
        options, "",
        {unsupported_value("propagationPolicy", write.propagation, {"Foreground", "Background", "Orphan", "nil"})});
  }
  // The garbage collector does not look at events: nobody would take the finalizer off.
  if (write.kind->id == kinds::kEvent) return {};
  set_finalizer(meta, kForeground, write.propagation == "Foreground");
  set_finalizer(meta, kOrphan, write.propagation == "Orphan");
  return {};
}

}  // namespace

Result<Decision> decide_remove(const Write& write, const ObjectPtr& current, const WriteContext& context) {
  const Kind& kind = *write.kind;
  auto parsed = parse_current(kind, current);
  if (!parsed) return parsed.error();
  std::shared_ptr<Message> object = *parsed;
  if (auto admitted = admit({.write = write, .context = context, .object = object.get()}); !admitted) {
    return admitted.error();
  }
  ObjectMeta* meta = mutable_meta(object.get());
  if (auto settled = settle_propagation(write, meta); !settled) return settled.error();

  Decision decision{.object = object, .expected_revision = current->revision()};
  int64_t grace = grace_of(write, *object);
  bool held = meta->finalizers_size() > 0;
  if (kind.id == kinds::kNamespace) {
    held |= static_cast<core::Namespace&>(*object).spec().finalizers_size() > 0;
    static_cast<core::Namespace&>(*object).mutable_status()->set_phase("Terminating");
  }
  if (grace == 0 && !held) {
    decision.effect = Decision::Effect::removed;
    return decision;
  }
  if (!meta->has_deletiontimestamp()) {
    *meta->mutable_deletiontimestamp() = time_of(context.now.ns + grace * 1'000'000'000);
    // A namespace's end takes as long as it takes.
    if (kind.id != kinds::kNamespace) meta->set_deletiongraceperiodseconds(grace);
    if (kind.has_generation) meta->set_generation(meta->generation() + 1);
  } else if (write.grace_seconds && grace < meta->deletiongraceperiodseconds()) {
    // Only a grace that is asked for, and only a shorter one; it counts from the first deletion.
    int64_t began = meta->deletiontimestamp().seconds() - meta->deletiongraceperiodseconds();
    meta->mutable_deletiontimestamp()->set_seconds(began + grace);
    meta->set_deletiongraceperiodseconds(grace);
  }
  decision.next = Object::encode(kind.id, *object);
  decision.effect = decision.next->body() == current->body() ? Decision::Effect::unchanged : Decision::Effect::put;
  return decision;
}

}  // namespace kabuki::api_server

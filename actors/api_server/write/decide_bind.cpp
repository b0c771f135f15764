#include "actors/api_server/write/write.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;

void set_scheduled(io::WallTime now, core::PodStatus* status) {
  core::PodCondition* condition = nullptr;
  for (auto& candidate : *status->mutable_conditions()) {
    if (candidate.type() == "PodScheduled") condition = &candidate;
  }
  if (!condition) condition = status->add_conditions();
  condition->set_type("PodScheduled");
  condition->set_status("True");
  condition->clear_reason();
  condition->clear_message();
  *condition->mutable_lasttransitiontime() = time_of(now.ns);
}

}  // namespace

Result<Decision> decide_bind(const Write& write, const ObjectPtr& current, const WriteContext& context) {
  if (write.node.empty()) {
    static const Kind binding{.kind = "Binding"};
    return invalid(binding, write.key.name, {required_value("target.name")});
  }
  auto parsed = parse_current(*write.kind, current);
  if (!parsed) return parsed.error();
  std::shared_ptr<google::protobuf::Message> object = *parsed;
  auto& pod = static_cast<core::Pod&>(*object);
  if (pod.metadata().has_deletiontimestamp()) {
    return conflict(*write.kind, write.key.name,
                    "pod " + write.key.name + " is being deleted, cannot be assigned to a host");
  }
  if (!pod.spec().nodename().empty()) {
    return conflict(*write.kind, write.key.name,
                    "pod " + write.key.name + " is already assigned to node \"" + pod.spec().nodename() + "\"");
  }
  pod.mutable_spec()->set_nodename(write.node);
  set_scheduled(context.now, pod.mutable_status());

  Decision decision{.effect = Decision::Effect::put, .object = object, .expected_revision = current->revision()};
  decision.next = Object::encode(write.kind->id, pod);
  return decision;
}

}  // namespace kabuki::api_server

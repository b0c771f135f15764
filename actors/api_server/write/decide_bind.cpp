#include "actors/api_server/write/write.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/encode.hpp"
#include "messages/field_scan.hpp"
#include "messages/field_splice.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"
#include "messages/wire.hpp"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr int kSpecPath[] = {core::Pod::kSpecFieldNumber};
constexpr int kStatusPath[] = {core::Pod::kStatusFieldNumber};
constexpr int kNodeNamePath[] = {core::Pod::kSpecFieldNumber, core::PodSpec::kNodeNameFieldNumber};

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
  const std::string_view body = current->body();
  if (!scan_bytes(body, paths::kDeletionTimestamp).empty()) {
    return conflict(*write.kind, write.key.name,
                    "pod " + write.key.name + " is being deleted, cannot be assigned to a host");
  }
  if (const auto node = scan_bytes(body, kNodeNamePath); !node.empty()) {
    return conflict(*write.kind, write.key.name,
                    "pod " + write.key.name + " is already assigned to node \"" + std::string(node) + "\"");
  }
  core::PodStatus status;
  const std::string_view before = scan_bytes(body, kStatusPath);
  if (!wire::is_sound(body) || !wire::is_sound(scan_bytes(body, kSpecPath)) ||
      !status.ParseFromArray(before.data(), static_cast<int>(before.size()))) {
    return internal_error("the bytes of " + write.key.text() + " are corrupt");
  }
  set_scheduled(context.now, &status);

  // Only what changes is parsed and written anew: a scheduler binds ten thousand pods a second.
  const std::string spec = with_field(scan_bytes(body, kSpecPath), core::PodSpec::kNodeNameFieldNumber, write.node);
  const std::string next = with_field(with_field(body, core::Pod::kSpecFieldNumber, spec),
                                      core::Pod::kStatusFieldNumber, serialize(status));
  return Decision{.effect = Decision::Effect::put,
                  .next = Object::make(write.kind->id, current->ns(), current->name(), 0, next),
                  .expected_revision = current->revision()};
}

}  // namespace kabuki::api_server

#include "actors/api_server/components.hpp"

#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/component_status.pb.h"
#include "messages/versions.hpp"

namespace kabuki::api_server {

std::string lease_failure(const std::string& name, const ObjectPtr& object, io::WallTime now) {
  const std::string what = "Lease kube-system/" + name;
  if (!object) return "nobody leads: there is no " + what;
  ::k8s::io::api::coordination::v1::Lease lease;
  if (auto sound = object->parse(&lease); !sound) return what + " cannot be read: " + sound.error().message;
  const auto& spec = lease.spec();
  if (spec.holderidentity().empty()) return "nobody leads: " + what + " was given up";
  const int64_t renewed = spec.renewtime().seconds() * 1'000'000'000 + spec.renewtime().nanos();
  const int64_t age = (now.ns - renewed) / 1'000'000'000;
  if (age <= spec.leasedurationseconds()) return {};
  return spec.holderidentity() + " has not renewed " + what + " for " + std::to_string(age) + " s";
}

ObjectPtr component_status(const std::string& name, const std::string& failure) {
  ::k8s::io::api::core::v1::ComponentStatus out;
  out.mutable_metadata()->set_name(name);
  auto* condition = out.add_conditions();
  condition->set_type("Healthy");
  condition->set_status(failure.empty() ? "True" : "False");
  condition->set_message(failure.empty() ? "ok" : failure);
  return Object::encode(kinds::kComponentStatus, out);
}

}  // namespace kabuki::api_server

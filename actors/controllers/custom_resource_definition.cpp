#include "actors/controllers/custom_resource_definition.hpp"

#include <algorithm>

#include "actors/controllers/owners.hpp"
#include "messages/api/apiextensions/v1/custom_resource_definition.pb.h"
#include "messages/encode.hpp"

namespace kabuki::controllers {
namespace {

namespace extensions = ::k8s::io::apiextensions_apiserver::pkg::apis::apiextensions::v1;
using actors::Write;

struct Verdict {
  const char* type;
  const char* status;
  const char* reason;
  const char* message;
};
constexpr Verdict kVerdicts[] = {
    {"NamesAccepted", "True", "NoConflicts", "no conflicts found"},
    {"Established", "False", "NotServed", "definitions are kept here, custom resources are not served"},
};

void set_condition(const Verdict& verdict, const Instant& now, extensions::CustomResourceDefinitionStatus* status) {
  auto& conditions = *status->mutable_conditions();
  auto one =
      std::find_if(conditions.begin(), conditions.end(), [&](const auto& c) { return c.type() == verdict.type; });
  if (one != conditions.end() && one->status() == verdict.status) return;
  auto* set = one == conditions.end() ? conditions.Add() : &*one;
  set->set_type(verdict.type);
  set->set_status(verdict.status);
  set->set_reason(verdict.reason);
  set->set_message(verdict.message);
  set->mutable_lasttransitiontime()->set_seconds(now.wall.seconds());
}

}  // namespace

Plan reconcile_custom_resource_definition(const View& view, const Key& key, const Instant& now) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object || is_being_deleted(*object)) return plan;
  auto definition = object->as<extensions::CustomResourceDefinition>();
  const std::string before = serialize(definition.status());
  auto* status = definition.mutable_status();
  for (const Verdict& verdict : kVerdicts) set_condition(verdict, now, status);
  *status->mutable_acceptednames() = definition.spec().names();
  if (serialize(*status) != before) plan.add(Write::update_status(*object, definition));
  return plan;
}

Controller custom_resource_definition_controller() {
  Controller controller;
  controller.name = "custom-resource-definition-controller";
  controller.watches = {kinds::kCustomResourceDefinition};
  controller.concerns = [](const View&, const Change& change, std::vector<Key>* keys) {
    keys->push_back(change.object().key());
  };
  controller.reconcile = reconcile_custom_resource_definition;
  return controller;
}

}  // namespace kabuki::controllers

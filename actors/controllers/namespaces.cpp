#include "actors/controllers/namespaces.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "actors/controllers/namespace_remains.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/service_account.pb.h"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr std::array<const char*, 4> kEveryCluster = {"default", "kube-system", "kube-public", "kube-node-lease"};
constexpr const char* kFinalizer = "kubernetes";
constexpr const char* kDefaultAccount = "default";
constexpr const char* kAuthorityMap = "kube-root-ca.crt";
constexpr const char* kAuthorityKey = "ca.crt";
constexpr const char* kAuthorityNote =
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters.";
constexpr size_t kDeletesPerPlan = 500;

std::set<KindId> namespaced_kinds() {
  std::set<KindId> out;
  for (const Kind& kind : all_kinds()) {
    if (kind.namespaced) out.insert(kind.id);
  }
  return out;
}

Key namespace_key(std::string_view name) { return {kinds::kNamespace, "", std::string(name)}; }

Plan make_namespace(const std::string& name) {
  Plan plan;
  if (std::find(kEveryCluster.begin(), kEveryCluster.end(), name) == kEveryCluster.end()) return plan;
  core::Namespace made;
  made.mutable_metadata()->set_name(name);
  plan.add(Write::create(kinds::kNamespace, made));
  return plan;
}

/// Asks for all of these to be deleted that have not been asked yet; those that are there are counted.
void clear_out(const std::vector<ObjectPtr>& contents, Plan* plan, Remains* remains) {
  for (const ObjectPtr& content : contents) {
    remains->add(*content);
    if (plan->steps.size() < kDeletesPerPlan && !is_being_deleted(*content)) plan->add(Write::remove(*content));
  }
}

/// Pods go first, while what protects and serves them is still there; then all the rest at once.
Plan end_namespace(const View& view, const Object& object, const Instant& now) {
  Plan plan;
  Remains remains;
  clear_out(view.in_namespace(kinds::kPod, object.name()), &plan, &remains);
  if (remains.empty()) {
    for (const Kind& kind : all_kinds()) {
      if (kind.namespaced) clear_out(view.in_namespace(kind.id, object.name()), &plan, &remains);
    }
  }
  // What is still there once everything has been asked to go is told; what may not go, at once.
  const View::Refusal* refusal = view.refusal(object.key());
  if (refusal && !refusal->creating) remains.refusal = refusal->message;
  if (!plan.empty() && remains.refusal.empty()) return plan;
  auto ns = object.as<core::Namespace>();
  if (tell_remains(remains, now.wall.ns, ns.mutable_status())) {
    plan.add(Write::update_status(object, ns));
    return plan;
  }
  if (!plan.empty() || !remains.empty()) return plan;
  auto* finalizers = ns.mutable_spec()->mutable_finalizers();
  auto end = std::remove(finalizers->begin(), finalizers->end(), kFinalizer);
  if (end == finalizers->end()) return plan;
  finalizers->erase(end, finalizers->end());
  plan.add(Write::update_finalizers(object, ns));
  // Some view may not show yet what has come just before the end.
  plan.confirm = {.kinds = namespaced_kinds(), .what = std::string(object.uid())};
  return plan;
}

bool wants_things(const View& view, std::string_view ns) {
  const ObjectPtr object = view.find(namespace_key(ns));
  return object && !is_being_deleted(*object);
}

Write authority_map(const std::string& ns, const std::string& pem, const ObjectPtr& existing) {
  core::ConfigMap map = existing ? existing->as<core::ConfigMap>() : core::ConfigMap();
  map.mutable_metadata()->set_name(kAuthorityMap);
  map.mutable_metadata()->set_namespace_(ns);
  (*map.mutable_metadata()->mutable_annotations())["kubernetes.io/description"] = kAuthorityNote;
  map.clear_data();
  (*map.mutable_data())[kAuthorityKey] = pem;
  return existing ? Write::update(*existing, map) : Write::create(kinds::kConfigMap, map);
}

}  // namespace

Plan reconcile_namespace(const View& view, const Key& key, const Instant& now) {
  const ObjectPtr object = view.find(key);
  if (!object) return make_namespace(key.name);
  return is_being_deleted(*object) ? end_namespace(view, *object, now) : Plan();
}

Controller namespace_controller() {
  Controller controller;
  controller.name = "namespace-controller";
  for (const Kind& kind : all_kinds()) {
    if (kind.namespaced || kind.id == kinds::kNamespace) controller.watches.push_back(kind.id);
  }
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    const Object& object = change.object();
    if (object.kind() == kinds::kNamespace) return keys->push_back(object.key());
    // What comes into or leaves a namespace, or is freed there, matters only while that one is ending.
    if (change.before && change.after && same_finalizers(*change.before, *change.after)) return;
    const ObjectPtr ns = view.find(namespace_key(object.ns()));
    if (ns && is_being_deleted(*ns)) keys->push_back(ns->key());
  };
  controller.reconcile = reconcile_namespace;
  for (const char* name : kEveryCluster) controller.at_start.push_back(namespace_key(name));
  return controller;
}

Plan reconcile_service_account(const View& view, const Key& key, const std::string& authority_pem) {
  Plan plan;
  if (!wants_things(view, key.name)) return plan;
  if (!view.find({kinds::kServiceAccount, key.name, kDefaultAccount})) {
    core::ServiceAccount account;
    account.mutable_metadata()->set_name(kDefaultAccount);
    account.mutable_metadata()->set_namespace_(key.name);
    plan.add(Write::create(kinds::kServiceAccount, account));
  }
  const ObjectPtr existing = view.find({kinds::kConfigMap, key.name, kAuthorityMap});
  if (existing) {
    const auto map = existing->as<core::ConfigMap>();
    auto it = map.data().find(kAuthorityKey);
    if (map.data_size() == 1 && it != map.data().end() && it->second == authority_pem) return plan;
  }
  plan.add(authority_map(key.name, authority_pem, existing));
  return plan;
}

Controller service_account_controller(std::string authority_pem) {
  Controller controller;
  controller.name = "serviceaccount-controller";
  controller.watches = {kinds::kNamespace, kinds::kServiceAccount, kinds::kConfigMap};
  controller.concerns = [](const View&, const Change& change, std::vector<Key>* keys) {
    const Object& object = change.object();
    if (object.kind() == kinds::kNamespace) {
      keys->push_back(object.key());
    } else if (object.name() == kDefaultAccount || object.name() == kAuthorityMap) {
      keys->push_back(namespace_key(object.ns()));
    }
  };
  controller.reconcile = [pem = std::move(authority_pem)](const View& view, const Key& key, const Instant&) {
    return reconcile_service_account(view, key, pem);
  };
  return controller;
}

}  // namespace kabuki::controllers

#include <gtest/gtest.h>

#include "actors/controllers/event_ttl.hpp"
#include "actors/controllers/garbage_collector.hpp"
#include "actors/controllers/namespaces.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/service_account.pb.h"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;

core::ConfigMap map(const std::string& name, const std::vector<std::string>& owners = {}) {
  core::ConfigMap map;
  auto* meta = map.mutable_metadata();
  meta->set_name(name);
  meta->set_namespace_("default");
  meta->set_uid("uid-" + name);
  for (const std::string& owner : owners) {
    auto* reference = meta->add_ownerreferences();
    reference->set_apiversion("v1");
    reference->set_kind("ConfigMap");
    reference->set_name(owner);
    reference->set_uid("uid-" + owner);
    reference->set_blockownerdeletion(true);
  }
  return map;
}

Key key(const std::string& name) { return {kinds::kConfigMap, "default", name}; }

struct World {
  View view{View::kOwners};
  ObjectPtr put(const google::protobuf::Message& message, KindId kind = kinds::kConfigMap) {
    auto object = Object::encode(kind, message, 3);
    view.put(object);
    return object;
  }
};

core::ConfigMap ending(core::ConfigMap map, const char* finalizer) {
  map.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(5);
  map.mutable_metadata()->add_finalizers(finalizer);
  return map;
}

TEST(Garbage, WhoseOwnersLiveStays) {
  World world;
  world.put(map("owner"));
  world.put(map("dependent", {"owner"}));
  EXPECT_EQ(reconcile_garbage(world.view, key("dependent")), Plan());
}

TEST(Garbage, WhoseOwnersAreAllGoneIsDeletedOnceThatIsSure) {
  World world;
  const auto dependent = world.put(map("dependent", {"a", "b"}));
  Plan expected;
  expected.add(Write::remove(*dependent, "Background"));
  expected.only_if_gone = {{key("a"), "uid-a"}, {key("b"), "uid-b"}};
  EXPECT_EQ(reconcile_garbage(world.view, key("dependent")), expected);
}

TEST(Garbage, AnOwnersNamesakeIsNotTheOwner) {
  World world;
  core::ConfigMap namesake = map("a");
  namesake.mutable_metadata()->set_uid("another");
  world.put(namesake);
  world.put(map("dependent", {"a"}));
  EXPECT_EQ(reconcile_garbage(world.view, key("dependent")).steps.size(), 1u);
}

TEST(Garbage, AGoneOwnerIsForgottenWhileAnotherLives) {
  World world;
  world.put(map("a"));
  const auto dependent = world.put(map("dependent", {"a", "b"}));
  Plan expected;
  expected.add(Write::update(*dependent, map("dependent", {"a"})));
  expected.only_if_gone = {{key("b"), "uid-b"}};
  EXPECT_EQ(reconcile_garbage(world.view, key("dependent")), expected);
}

TEST(Garbage, OwnersOfUnknownKindsLive) {
  World world;
  core::ConfigMap dependent = map("dependent", {"a"});
  dependent.mutable_metadata()->mutable_ownerreferences(0)->set_kind("Unheard");
  world.put(dependent);
  EXPECT_EQ(reconcile_garbage(world.view, key("dependent")), Plan());
}

TEST(Garbage, ForegroundDeletionWaitsForBlockingDependents) {
  World world;
  const auto owner = world.put(ending(map("owner"), "foregroundDeletion"));
  const auto dependent = world.put(map("dependent", {"owner"}));
  EXPECT_EQ(reconcile_garbage(world.view, key("owner")), Plan());
  Plan removes;
  removes.add(Write::remove(*dependent, "Background"));
  EXPECT_EQ(reconcile_garbage(world.view, key("dependent")), removes);
  world.view.remove(key("dependent"));
  core::ConfigMap freed = ending(map("owner"), "foregroundDeletion");
  freed.mutable_metadata()->clear_finalizers();
  Plan frees;
  frees.add(Write::update(*owner, freed));
  EXPECT_EQ(reconcile_garbage(world.view, key("owner")), frees);
}

TEST(Garbage, ForegroundDeletionGoesDownTheTree) {
  World world;
  world.put(ending(map("owner"), "foregroundDeletion"));
  const auto middle = world.put(map("middle", {"owner"}));
  world.put(map("leaf", {"middle"}));
  Plan expected;
  expected.add(Write::remove(*middle, "Foreground"));
  EXPECT_EQ(reconcile_garbage(world.view, key("middle")), expected);
}

TEST(Garbage, OrphaningFreesTheDependentsFirst) {
  World world;
  const auto owner = world.put(ending(map("owner"), "orphan"));
  const auto dependent = world.put(map("dependent", {"owner"}));
  Plan frees;
  frees.add(Write::update(*dependent, map("dependent")));
  EXPECT_EQ(reconcile_garbage(world.view, key("owner")), frees);
  world.put(map("dependent"));
  core::ConfigMap done = ending(map("owner"), "orphan");
  done.mutable_metadata()->clear_finalizers();
  Plan ends;
  ends.add(Write::update(*owner, done));
  EXPECT_EQ(reconcile_garbage(world.view, key("owner")), ends);
}

TEST(Garbage, AnEndingOwnerConcernsItsDependents) {
  View view(View::kOwners);
  const auto owner = Object::encode(kinds::kConfigMap, map("owner"), 1);
  view.put(Object::encode(kinds::kConfigMap, map("dependent", {"owner"}), 1));
  std::vector<Key> keys;
  garbage_collector().concerns(view, {owner, nullptr}, &keys);
  EXPECT_EQ(keys, (std::vector<Key>{key("dependent")}));
}

core::Namespace ns(const std::string& name, bool is_ending = false) {
  core::Namespace ns;
  ns.mutable_metadata()->set_name(name);
  ns.mutable_metadata()->set_uid("uid-" + name);
  ns.mutable_spec()->add_finalizers("kubernetes");
  if (is_ending) ns.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(5);
  return ns;
}

TEST(Namespaces, EveryClusterHasFour) {
  View view;
  std::vector<std::string> names;
  for (const Key& start : namespace_controller().at_start) {
    const Plan plan = reconcile_namespace(view, start, {});
    ASSERT_EQ(plan.steps.size(), 1u);
    names.push_back(plan.steps[0].write.key.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"default", "kube-system", "kube-public", "kube-node-lease"}));
  EXPECT_EQ(reconcile_namespace(view, {kinds::kNamespace, "", "mine"}, {}), Plan());
}

/// What its conditions say that is not as at rest.
std::string told(const core::Namespace& ns) {
  std::string text;
  for (const auto& condition : ns.status().conditions()) {
    if (condition.status() == "True") text += condition.type() + ": " + condition.message() + "; ";
  }
  return std::to_string(ns.status().conditions_size()) + " " + text;
}

TEST(Namespaces, AnEndingOneIsEmptiedAndThenLetGo) {
  View view;
  const Key doomed{kinds::kNamespace, "", "default"};
  auto object = Object::encode(kinds::kNamespace, ns("default", true), 2);
  view.put(object);
  auto tell = [&] {
    const Plan plan = reconcile_namespace(view, doomed, {});
    if (plan.steps.size() != 1 || plan.steps[0].write.verb != bus::WriteObjects::UPDATE_STATUS)
      return std::string("?");
    object = Object::at_revision(*plan.steps[0].write.object, object->revision() + 1);
    view.put(object);
    return told(object->as<core::Namespace>());
  };
  const auto content = Object::encode(kinds::kConfigMap, map("a"), 1);
  view.put(content);
  core::Pod pod;
  pod.mutable_metadata()->set_name("p");
  pod.mutable_metadata()->set_namespace_("default");
  const auto running = Object::encode(kinds::kPod, pod, 1);
  view.put(running);
  Plan pods_first;
  pods_first.add(Write::remove(*running));
  EXPECT_EQ(reconcile_namespace(view, doomed, {}), pods_first);
  pod.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(1);
  view.put(Object::encode(kinds::kPod, pod, 2));
  EXPECT_EQ(tell(), "5 NamespaceContentRemaining: Some resources are remaining: pods. has 1 resource instances; ");
  EXPECT_EQ(reconcile_namespace(view, doomed, {}), Plan()) << "waits for its pods";

  view.remove({kinds::kPod, "default", "p"});
  Plan empties;
  empties.add(Write::remove(*content));
  EXPECT_EQ(reconcile_namespace(view, doomed, {}), empties);
  view.put(Object::encode(kinds::kConfigMap, ending(map("a"), "x"), 2));
  EXPECT_EQ(tell(),
            "5 NamespaceContentRemaining: Some resources are remaining: configmaps. has 1 resource instances; "
            "NamespaceFinalizersRemaining: Some content in the namespace has finalizers remaining: x in 1 resource "
            "instances; ");
  EXPECT_EQ(reconcile_namespace(view, doomed, {}), Plan()) << "waits for what is going";
  view.remove(key("a"));
  EXPECT_EQ(tell(), "5 ");
  auto freed = object->as<core::Namespace>();
  freed.mutable_spec()->clear_finalizers();
  Plan ends;
  ends.add(Write::update_finalizers(*object, freed));
  ends.confirm.what = "uid-default";
  for (const Kind& kind : all_kinds()) {
    if (kind.namespaced) ends.confirm.kinds.insert(kind.id);
  }
  EXPECT_EQ(reconcile_namespace(view, doomed, {}), ends) << "once the views show all that came before";
}

TEST(Namespaces, TellWhatCouldNotBeDeleted) {
  View view;
  const Key doomed{kinds::kNamespace, "", "default"};
  view.put(Object::encode(kinds::kNamespace, ns("default", true), 2));
  const auto content = Object::encode(kinds::kConfigMap, map("a"), 1);
  view.put(content);
  const View::Refusal refusal{false, "admission webhook said no"};
  view.tell_refusal(doomed, &refusal);
  const Plan plan = reconcile_namespace(view, doomed, {});
  ASSERT_EQ(plan.steps.size(), 2u) << "it is tried again";
  EXPECT_EQ(plan.steps[0].write, Write::remove(*content));
  EXPECT_EQ(
      told(plan.steps[1].write.object->as<core::Namespace>()),
      "5 NamespaceDeletionContentFailure: Failed to delete all resource types, 1 remaining: admission webhook "
      "said no; NamespaceContentRemaining: Some resources are remaining: configmaps. has 1 resource instances; ");
  view.put(Object::at_revision(*plan.steps[1].write.object, 3));
  EXPECT_EQ(reconcile_namespace(view, doomed, {}).steps.size(), 1u) << "what is told is not told again";
  view.tell_refusal(doomed, nullptr);
  view.remove(content->key());
  const Plan after = reconcile_namespace(view, doomed, {});
  ASSERT_EQ(after.steps.size(), 1u);
  EXPECT_EQ(told(after.steps[0].write.object->as<core::Namespace>()), "5 ");
}

TEST(ServiceAccounts, EveryNamespaceHasADefaultAndTheAuthority) {
  View view;
  const Key where{kinds::kNamespace, "", "default"};
  view.put(Object::encode(kinds::kNamespace, ns("default"), 1));
  Plan plan = reconcile_service_account(view, where, "PEM");
  ASSERT_EQ(plan.steps.size(), 2u);
  EXPECT_EQ(plan.steps[0].write.key, (Key{kinds::kServiceAccount, "default", "default"}));
  EXPECT_EQ(plan.steps[1].write.key, (Key{kinds::kConfigMap, "default", "kube-root-ca.crt"}));
  for (const auto& step : plan.steps) view.put(Object::at_revision(*step.write.object, 1));
  EXPECT_EQ(reconcile_service_account(view, where, "PEM"), Plan());
  plan = reconcile_service_account(view, where, "OTHER");
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write.object->as<core::ConfigMap>().data().at("ca.crt"), "OTHER");
  view.put(Object::encode(kinds::kNamespace, ns("default", true), 2));
  EXPECT_EQ(reconcile_service_account(view, where, "OTHER"), Plan()) << "nothing is made in an ending namespace";
}

TEST(EventTtl, DeletesWhatWasLastSeenTooLongAgo) {
  View view;
  auto event = [&](const std::string& name, int64_t created, int64_t seen) {
    core::Event event;
    event.mutable_metadata()->set_name(name);
    event.mutable_metadata()->set_namespace_("default");
    event.mutable_metadata()->mutable_creationtimestamp()->set_seconds(created);
    event.mutable_lasttimestamp()->set_seconds(seen);
    const auto object = Object::encode(kinds::kEvent, event, 1);
    view.put(object);
    return object;
  };
  const auto old = event("old", 1000, 1000);
  event("repeated", 1000, 5000);
  event("new", 5000, 5000);
  Plan expected;
  expected.add(Write::remove(*old));
  expected.again(std::chrono::minutes(1));
  EXPECT_EQ(reconcile_event_ttl(view, std::chrono::hours(1), {{int64_t{4600} * 1'000'000'000}, {}}), expected);
}

}  // namespace
}  // namespace kabuki::controllers

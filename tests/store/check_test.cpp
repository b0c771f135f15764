#include "store/check.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/meta.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using Lines = std::vector<std::string>;
using k8s::io::api::core::v1::ConfigMap;
using k8s::io::api::core::v1::Namespace;
using k8s::io::api::core::v1::Pod;

template <class T>
T sound(const std::string& name, const std::string& uid, const std::string& ns = "default") {
  T message;
  auto* meta = mutable_meta(&message);
  meta->set_name(name);
  meta->set_namespace_(ns);
  meta->set_uid(uid);
  meta->mutable_creationtimestamp()->set_seconds(1);
  return message;
}

/// Checks a store with these objects, the shard "objects" at revision 100, "pods" at 200; the findings as lines.
Lines findings(const std::vector<ObjectPtr>& objects, const std::vector<ObjectPtr>& pods, bool running = false) {
  StoreCheck check(ShardMap::standard(), running);
  check.begin_shard("objects");
  for (const auto& object : objects) check.add(*object);
  check.end_shard(100);
  check.begin_shard("pods");
  for (const auto& object : pods) check.add(*object);
  check.end_shard(200);
  EXPECT_EQ(check.objects(), objects.size() + pods.size());
  Lines lines;
  for (const auto& finding : check.finish()) {
    lines.push_back((finding.error ? "error " : "warning ") + finding.shard + ": " + finding.key + " " +
                    finding.what);
  }
  return lines;
}

ObjectPtr home() { return Object::encode(kinds::kNamespace, sound<Namespace>("default", "uid-ns", ""), 2); }
ObjectPtr map_of(const ConfigMap& message, uint64_t revision = 5) {
  return Object::encode(kinds::kConfigMap, message, revision);
}
ObjectPtr pod_of(const Pod& message, uint64_t revision = 150) {
  return Object::encode(kinds::kPod, message, revision);
}

TEST(StoreCheck, FindsNothingInASoundStore) {
  auto owned = sound<Pod>("p", "uid-p");
  owned.mutable_metadata()->add_ownerreferences()->set_uid("uid-m");
  EXPECT_EQ(findings({home(), map_of(sound<ConfigMap>("m", "uid-m"))}, {pod_of(owned)}), Lines{});
}

TEST(StoreCheck, FindsBytesThatAreNoObject) {
  EXPECT_EQ(findings({home(), thing("m", "\xff\xff", 5)}, {}).size(), 1u);
}

TEST(StoreCheck, FindsAnObjectUnderAnothersKey) {
  const auto message = sound<ConfigMap>("m", "uid-m");
  const auto body = map_of(message);
  EXPECT_EQ(findings({home(), Object::make(kinds::kConfigMap, "default", "other", 5, body->body())}, {}),
            (Lines{"error objects: configmaps/default/other calls itself \"default/m\""}));
}

TEST(StoreCheck, FindsUidsThatAreMissingOrThereTwice) {
  EXPECT_EQ(findings({home(), map_of(sound<ConfigMap>("a", "uid-a")), map_of(sound<ConfigMap>("b", ""))},
                     {pod_of(sound<Pod>("p", "uid-a"))}),
            (Lines{"error objects: configmaps/default/b has no uid",
                   "error pods: pods/default/p has the uid of configmaps/default/a, uid-a"}));
}

TEST(StoreCheck, FindsRevisionsThatCannotBe) {
  EXPECT_EQ(findings({home(), map_of(sound<ConfigMap>("a", "uid-a"), 101)}, {pod_of(sound<Pod>("p", "uid-p"), 0)}),
            (Lines{"error objects: configmaps/default/a has revision 101, its shard is at 100",
                   "error pods: pods/default/p has no revision"}));
}

TEST(StoreCheck, FindsObjectsOutOfOrderAndOfAnotherShard) {
  EXPECT_EQ(findings({home(), map_of(sound<ConfigMap>("b", "uid-b")), map_of(sound<ConfigMap>("a", "uid-a"))},
                     {map_of(sound<ConfigMap>("c", "uid-c"))}),
            (Lines{"error objects: configmaps/default/a comes after configmaps/default/b",
                   "error pods: configmaps/default/c belongs to the shard \"objects\""}));
}

TEST(StoreCheck, FindsAMissingNamespaceOnce) {
  const std::vector<ObjectPtr> pods{pod_of(sound<Pod>("p", "uid-p", "gone")),
                                    pod_of(sound<Pod>("q", "uid-q", "gone"))};
  EXPECT_EQ(findings({home()}, pods),
            (Lines{"error pods: pods/gone/p is in the namespace \"gone\", which there is not"}));
  EXPECT_EQ(findings({home()}, pods, true),
            (Lines{"warning pods: pods/gone/p is in the namespace \"gone\", which there is not"}));
}

TEST(StoreCheck, FindsOwnersThatAreGoneOrElsewhere) {
  auto orphan = sound<Pod>("p", "uid-p");
  auto* owner = orphan.mutable_metadata()->add_ownerreferences();
  owner->set_uid("uid-gone");
  owner->set_kind("ReplicaSet");
  owner->set_name("web");
  auto stranger = sound<Pod>("q", "uid-q", "shop");
  stranger.mutable_metadata()->add_ownerreferences()->set_uid("uid-p");
  const auto shop = Object::encode(kinds::kNamespace, sound<Namespace>("shop", "uid-shop", ""), 3);
  EXPECT_EQ(findings({home(), shop}, {pod_of(orphan), pod_of(stranger)}),
            (Lines{"warning pods: pods/default/p is owned by ReplicaSet web (uid-gone), which there is not",
                   "error pods: pods/shop/q is owned by   of another namespace"}));
}

}  // namespace
}  // namespace kabuki::store::test

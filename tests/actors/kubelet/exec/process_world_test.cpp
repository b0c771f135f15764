#include "actors/kubelet/exec/process_world.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/secret.pb.h"
#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Files = std::map<std::string, std::string>;

std::map<Key, ObjectPtr> api() {
  ::k8s::io::api::core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("settings");
  map.mutable_metadata()->set_namespace_("default");
  (*map.mutable_data())["colour"] = "red";
  (*map.mutable_data())["size"] = "big";
  ::k8s::io::api::core::v1::Secret secret;
  secret.mutable_metadata()->set_name("keys");
  secret.mutable_metadata()->set_namespace_("default");
  (*secret.mutable_data())["password"] = "s3cret";
  std::map<Key, ObjectPtr> out;
  for (const auto& object : {Object::encode(kinds::kConfigMap, map), Object::encode(kinds::kSecret, secret)}) {
    out[object->key()] = object;
  }
  return out;
}

ProcessWorld world(const PodMessage& pod, size_t container = 0) {
  const auto known = api();
  return world_of(view_of(pod), container, [&](const Key& key) {
    const auto found = known.find(key);
    return found == known.end() ? nullptr : found->second;
  });
}

TEST(ProcessWorld, HasTheEnvironmentThatTheSpecSays) {
  const PodMessage pod = pod_from(R"(
    metadata { labels { key: 'app' value: 'shop' } }
    spec { nodeName: 'node-1' containers {
      name: 'a'
      envFrom { prefix: 'S_' configMapRef { localObjectReference { name: 'settings' } } }
      envFrom { secretRef { localObjectReference { name: 'none' } } }
      env { name: 'PLAIN' value: 'x' }
      env { name: 'BOTH' value: '$(PLAIN)-$(S_size)-$(NONE)-$$(PLAIN)' }
      env { name: 'WHO' valueFrom { fieldRef { fieldPath: 'metadata.name' } } }
      env { name: 'APP' valueFrom { fieldRef { fieldPath: "metadata.labels['app']" } } }
      env { name: 'IP' valueFrom { fieldRef { fieldPath: 'status.podIP' } } }
      env { name: 'CPU' valueFrom { resourceFieldRef { resource: 'limits.cpu' } } }
      env { name: 'MEM' valueFrom { resourceFieldRef { resource: 'requests.memory' divisor { string: '1Mi' } } } }
      env { name: 'PW' valueFrom { secretKeyRef { localObjectReference { name: 'keys' } key: 'password' } } }
      env { name: 'GONE' valueFrom { configMapKeyRef { localObjectReference { name: 'settings' } key: 'none' } } }
      env { name: 'S_colour' value: 'blue' }
      resources { limits { key: 'cpu' value { string: '1500m' } } requests { key: 'memory' value { string: '64Mi' } } }
    } }
    status { podIP: '10.1.2.3' })");
  const Pairs expected = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                          {"HOSTNAME", "web"},
                          {"S_colour", "blue"},
                          {"S_size", "big"},
                          {"PLAIN", "x"},
                          {"BOTH", "x-big-$(NONE)-$(PLAIN)"},
                          {"WHO", "web"},
                          {"APP", "shop"},
                          {"IP", "10.1.2.3"},
                          {"CPU", "2"},
                          {"MEM", "64"},
                          {"PW", "s3cret"},
                          {"HOME", "/root"}};
  EXPECT_EQ(world(pod).environment, expected);
  const std::vector<Key> needs = {{kinds::kConfigMap, "default", "settings"},
                                  {kinds::kSecret, "default", "keys"},
                                  {kinds::kSecret, "default", "none"}};
  std::vector<Key> told = world_needs(view_of(pod), 0);
  EXPECT_EQ(std::set<Key>(told.begin(), told.end()), std::set<Key>(needs.begin(), needs.end()));
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
}

TEST(ProcessWorld, HasTheFilesThatAreMounted) {
  const PodMessage pod = pod_from(R"(
    metadata { labels { key: 'app' value: 'shop' } annotations { key: 'sim.kabuki.io/a.writes' value: '/tmp/x=1;/shared/y=2' } }
    spec {
      volumes { name: 'all' volumeSource { configMap { localObjectReference { name: 'settings' } } } }
      volumes { name: 'one' volumeSource { secret { secretName: 'keys' items { key: 'password' path: 'p/w' } } } }
      volumes { name: 'self' volumeSource { downwardAPI { items { path: 'labels' fieldRef { fieldPath: 'metadata.labels' } } } } }
      volumes { name: 'shared' volumeSource { emptyDir {} } }
      containers { name: 'a' volumeMounts { name: 'shared' mountPath: '/shared' } }
      containers { name: 'b' workingDir: '/work'
        volumeMounts { name: 'all' mountPath: '/etc/all/' }
        volumeMounts { name: 'all' mountPath: '/etc/size' subPath: 'size' }
        volumeMounts { name: 'one' mountPath: '/keys' }
        volumeMounts { name: 'self' mountPath: '/self' }
        volumeMounts { name: 'shared' mountPath: '/other' } } }
    status { containerStatuses { name: 'a' containerID: 'x' state { running { startedAt { seconds: 5 } } } }
             containerStatuses { name: 'b' containerID: 'y' state { running { startedAt { seconds: 9 } } } } })");
  const ProcessWorld b = world(pod, 1);
  const Files expected = {{"/etc/all/colour", "red"}, {"/etc/all/size", "big"}, {"/etc/hostname", "web\n"},
                          {"/etc/size", "big"},       {"/keys/p/w", "s3cret"},  {"/self/labels", "app=\"shop\""},
                          {"/other/y", "2"}};
  EXPECT_EQ(b.files, expected);
  EXPECT_EQ(b.directory, "/work");
  EXPECT_TRUE(b.is_directory("/work"));
  EXPECT_TRUE(b.is_directory("/keys/p"));
  EXPECT_FALSE(b.is_directory("/etc/size"));
  EXPECT_EQ(b.names_in("/etc"), (std::vector<std::string>{"all", "hostname", "size"}));
  const ProcessWorld a = world(pod, 0);
  EXPECT_EQ(a.files, (Files{{"/etc/hostname", "web\n"}, {"/shared/y", "2"}, {"/tmp/x", "1"}}));
}

TEST(ProcessWorld, KnowsItsHostAndUser) {
  EXPECT_EQ(world(pod_from("spec { hostname: 'h' containers { name: 'a' } }")).hostname, "h");
  EXPECT_EQ(world(pod_from("spec { hostNetwork: true nodeName: 'n' containers { name: 'a' } }")).hostname, "n");
  EXPECT_TRUE(world(pod_from("spec { containers { name: 'a' } }")).is_root);
  EXPECT_FALSE(world(pod_from("spec { securityContext { runAsUser: 7 } containers { name: 'a' } }")).is_root);
  EXPECT_FALSE(world(pod_from("spec { containers { name: 'a' securityContext { runAsNonRoot: true } } }")).is_root);
}

TEST(ProcessWorld, PathsArePlain) {
  EXPECT_EQ(absolute_path("/a/b", "../c/./d//"), "/a/c/d");
  EXPECT_EQ(absolute_path("/a", "/x"), "/x");
  EXPECT_EQ(absolute_path("/", "../.."), "/");
}

}  // namespace
}  // namespace kabuki::kubelet

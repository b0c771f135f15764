#include <map>
#include <set>

#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/persistent_volume.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/storage/v1/csi_node.pb.h"
#include "messages/api/storage/v1/storage_class.pb.h"
#include "tests/actors/scheduler/cluster_text.hpp"

namespace kabuki::scheduler::test {
namespace {

namespace core = ::k8s::io::api::core::v1;

const std::string kApp = "{app: web}";

std::string anti(const std::string& key, const std::string& more = "") {
  return "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: " + key +
         ", labelSelector: {matchLabels: " + kApp + "}" + more + "}]}}, " + cpu("100m");
}
std::string near(const std::string& key, const std::string& more = "") {
  return "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: " + key +
         ", labelSelector: {matchLabels: " + kApp + "}" + more + "}]}}, " + cpu("100m");
}
std::string spread(const std::string& more) {
  return "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, labelSelector: {matchLabels: " + kApp + "}, " +
         more + "}], " + cpu("100m");
}

struct Zones : testing::Test, Play {
  Zones() {
    state.node_changed(*node("a1", "{zone: a}"));
    state.node_changed(*node("a2", "{zone: a}"));
    state.node_changed(*node("b1", "{zone: b}"));
  }
  std::string zone(const std::string& node) { return node.substr(0, 1); }
};

using PodAffinity = Zones;

TEST_F(PodAffinity, KeepsPodsApartByTopology) {
  std::set<std::string> zones;
  for (const char* name : {"p", "q"}) zones.insert(zone(put(pod(name, anti("zone"), kApp))));
  EXPECT_EQ(zones, (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(put(pod("r", anti("zone"), kApp)),
            "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.");
}

TEST_F(PodAffinity, OfAPodThatIsThereKeepsOthersAway) {
  const std::string there = put(pod("there", anti("zone"), "{}"));
  const std::string other = put(pod("other", cpu("100m"), kApp));
  EXPECT_NE(zone(other), zone(there));
  state.node_deleted(zone(there) == "a" ? "b1" : "a1");
  state.node_deleted(zone(there) == "a" ? "b1" : "a2");
  EXPECT_THAT(put(pod("third", cpu("100m"), kApp)),
              testing::HasSubstr("node(s) didn't satisfy existing pods anti-affinity rules"));
  EXPECT_THAT(put(pod("unconcerned", cpu("100m"), "{app: db}")), testing::Not(testing::HasSubstr("nodes are")));
}

TEST_F(PodAffinity, BringsPodsTogetherAndLetsTheFirstGoAnywhere) {
  EXPECT_EQ(put(pod("stranger", near("zone"), "{app: other}")),
            "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.");
  const std::string first = zone(put(pod("first", near("zone"), kApp)));
  for (const char* name : {"p", "q", "r", "s"}) EXPECT_EQ(zone(put(pod(name, near("zone"), kApp))), first);
  EXPECT_EQ(zone(put(pod("stranger", near("zone"), "{app: other}"))), first);
}

TEST_F(PodAffinity, IsOfTheOwnNamespaceUnlessOthersAreNamed) {
  state.other_changed(*object<core::Namespace>(kinds::kNamespace, "{metadata: {name: two, labels: {team: x}}}"));
  const std::string there = zone(put(pod("there", cpu("100m"), kApp, "", "two")));
  EXPECT_THAT(put(pod("p", near("zone"))), testing::HasSubstr("didn't match pod affinity rules"));
  EXPECT_EQ(zone(put(pod("p", near("zone", ", namespaces: [two]")))), there);
  EXPECT_EQ(zone(put(pod("q", near("zone", ", namespaceSelector: {matchLabels: {team: x}}")))), there);
  EXPECT_THAT(put(pod("r", near("zone", ", namespaceSelector: {matchLabels: {team: z}}"))),
              testing::HasSubstr("didn't match pod affinity rules"));
}

TEST_F(PodAffinity, TakesKeysFromThePodsOwnLabels) {
  const std::string there = zone(put(pod("old", cpu("100m"), "{app: web, version: '1'}")));
  const std::string keys = ", matchLabelKeys: [version]";
  EXPECT_NE(zone(put(pod("same", anti("zone", keys), "{app: web, version: '1'}"))), there);
  for (const char* name : {"b1", "a2"}) state.node_changed(*node(name, "{zone: a}"));
  EXPECT_THAT(put(pod("other", anti("zone", keys), "{app: web, version: '2'}")),
              testing::Not(testing::HasSubstr("0/3")));
}

TEST_F(PodAffinity, PreferredMovesTheScore) {
  const std::string there = zone(put(pod("there", cpu("100m"), kApp)));
  const auto preferring = [](const char* kind) {
    return std::string("affinity: {") + kind +
           ": {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, podAffinityTerm: {topologyKey: zone, "
           "labelSelector: {matchLabels: {app: web}}}}]}}, " +
           cpu("100m");
  };
  EXPECT_EQ(zone(put(pod("near", preferring("podAffinity")))), there);
  EXPECT_NE(zone(put(pod("apart", preferring("podAntiAffinity")))), there);
}

using TopologySpread = Zones;

TEST_F(TopologySpread, HoldsTheSkew) {
  std::map<std::string, int> zones;
  for (int i = 0; i < 6; ++i) {
    const auto name = "p" + std::to_string(i);
    ++zones[zone(put(pod(name, spread("whenUnsatisfiable: DoNotSchedule"), kApp)))];
    EXPECT_LE(std::abs(zones["a"] - zones["b"]), 1);
  }
  EXPECT_EQ(zones, (std::map<std::string, int>{{"a", 3}, {"b", 3}}));
}

TEST_F(TopologySpread, SaysWhyNot) {
  state.node_changed(*node("c1", "{}"));
  state.node_changed(*node("b1", "{zone: b}", "{unschedulable: true}"));
  ASSERT_EQ(zone(put(pod("p", spread("whenUnsatisfiable: DoNotSchedule"), kApp))), "a");
  EXPECT_EQ(
      put(pod("q", spread("whenUnsatisfiable: DoNotSchedule"), kApp)),
      "0/4 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label), "
      "1 node(s) were unschedulable, 2 node(s) didn't match pod topology spread constraints.");
}

TEST_F(TopologySpread, TooFewDomainsCountAsAnEmptyOne) {
  ASSERT_NE(put(pod("p", spread("whenUnsatisfiable: DoNotSchedule, minDomains: 3"), kApp)), "nothing");
  ASSERT_NE(put(pod("q", spread("whenUnsatisfiable: DoNotSchedule, minDomains: 3"), kApp)), "nothing");
  EXPECT_THAT(put(pod("r", spread("whenUnsatisfiable: DoNotSchedule, minDomains: 3"), kApp)),
              testing::HasSubstr("3 node(s) didn't match pod topology spread constraints"));
}

TEST_F(TopologySpread, LooksOnlyAtNodesThePodMayUse) {
  const std::string only_a = "nodeSelector: {zone: a}, ";
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(zone(put(pod("p" + std::to_string(i), only_a + spread("whenUnsatisfiable: DoNotSchedule"), kApp))),
              "a");
  }
  EXPECT_THAT(put(pod("all", only_a + spread("whenUnsatisfiable: DoNotSchedule, nodeAffinityPolicy: Ignore"), kApp)),
              testing::HasSubstr("2 node(s) didn't match pod topology spread constraints"));
}

TEST_F(TopologySpread, LeavesTaintedNodesOutWhereThatIsAskedFor) {
  state.node_changed(*node("b1", "{zone: b}", "{taints: [{key: k, effect: NoSchedule}]}"));
  const std::string hard = "whenUnsatisfiable: DoNotSchedule";
  EXPECT_EQ(zone(put(pod("p", spread(hard), kApp))), "a");
  EXPECT_THAT(put(pod("q", spread(hard), kApp)), testing::HasSubstr("didn't match pod topology spread constraints"));
  EXPECT_EQ(zone(put(pod("r", spread(hard + ", nodeTaintsPolicy: Honor"), kApp))), "a");
}

TEST_F(TopologySpread, CountsOnlyPodsOfTheSameRevisionWhereThatIsAskedFor) {
  const auto revision = [](const std::string& number) { return "{app: web, rev: '" + number + "'}"; };
  for (const char* name : {"old-1", "old-2"}) {
    state.pod_changed(pod(name, "nodeName: a1, " + cpu("100m"), revision("1")));
  }
  const std::string in_a = "nodeSelector: {zone: a}, ";
  const std::string hard = "whenUnsatisfiable: DoNotSchedule, nodeAffinityPolicy: Ignore";
  EXPECT_THAT(put(pod("all", in_a + spread(hard), revision("2"))),
              testing::HasSubstr("didn't match pod topology spread constraints"));
  EXPECT_EQ(zone(put(pod("own", in_a + spread(hard + ", matchLabelKeys: [rev]"), revision("2")))), "a");
}

TEST_F(TopologySpread, PreferredPutsPodsWhereFewestAre) {
  std::map<std::string, int> zones;
  for (int i = 0; i < 4; ++i) {
    ++zones[zone(put(pod("p" + std::to_string(i), spread("whenUnsatisfiable: ScheduleAnyway"), kApp)))];
  }
  EXPECT_EQ(zones, (std::map<std::string, int>{{"a", 2}, {"b", 2}}));
}

using NodePorts = Zones;

TEST_F(NodePorts, AreTakenOncePerNodeAndAddress) {
  const auto at = [](const std::string& port) {
    return "containers: [{name: a, image: i, ports: [{containerPort: 80, " + port + "}]}]";
  };
  std::set<std::string> used;
  for (const char* name : {"p", "q", "r"}) used.insert(put(pod(name, at("hostPort: 80"))));
  EXPECT_EQ(used.size(), 3u);
  EXPECT_EQ(put(pod("s", at("hostPort: 80, hostIP: 10.0.0.1"))),
            "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.");
  EXPECT_THAT(put(pod("udp", at("hostPort: 80, protocol: UDP"))), testing::Not(testing::HasSubstr("0/3")));
  EXPECT_THAT(put(pod("other", at("hostPort: 81"))), testing::Not(testing::HasSubstr("0/3")));
}

using NodeResources = Zones;

TEST_F(NodeResources, CountAnyResource) {
  state.node_changed(*node("b1", "{}", "{}", ", example.com/gpu: '2'"));
  const auto gpus = [](const char* count) {
    return std::string("containers: [{name: a, image: i, resources: {requests: {example.com/gpu: '") + count +
           "'}}}]";
  };
  EXPECT_EQ(put(pod("p", gpus("1"))), "b1");
  EXPECT_EQ(put(pod("q", gpus("2"))), "0/3 nodes are available: 3 Insufficient example.com/gpu.");
  EXPECT_EQ(put(pod("r", gpus("1"))), "b1");
}

TEST_F(NodeResources, PreferABalanceOfCpuAndMemory) {
  Profile balanced = Profile::standard();
  std::erase_if(balanced.scorers, [](const auto& one) { return one.first->name == "NodeResourcesFit"; });
  Play play({balanced});
  play.state.node_changed(*node("cpu-heavy"));
  play.state.node_changed(*node("even"));
  const auto asks = [](const char* cpu, const char* memory) {
    return std::string("containers: [{name: a, image: i, resources: {requests: {cpu: '") + cpu +
           "', memory: " + memory + "}}}]";
  };
  const std::string first = play.put(pod("lopsided", asks("2", "100Mi")));
  EXPECT_EQ(play.put(pod("other", asks("100m", "4Gi"))), first);
}

using NodeAffinity = Zones;

TEST_F(NodeAffinity, PreferredWeighsTerms) {
  const std::string prefer =
      "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: "
      "{matchExpressions: [{key: zone, operator: In, values: [b]}]}}]}}, " +
      cpu("100m");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(put(pod("p" + std::to_string(i), prefer)), "b1");
}

TEST(ImageLocality, PrefersNodesThatHaveTheImage) {
  Play play;
  for (const char* name : {"a", "b", "c", "d"}) {
    const std::string images =
        std::string(name) == "c" ? ", images: [{names: ['big:latest'], sizeBytes: 900000000}]" : "";
    play.state.node_changed(*object<core::Node>(
        kinds::kNode, std::string("{metadata: {name: ") + name +
                          "}, status: {allocatable: {cpu: '4', memory: 8Gi, pods: '10'}" + images + "}}"));
  }
  EXPECT_EQ(play.put(pod("p", "containers: [{name: a, image: big}]")), "c");
}

struct VolumeBinding : Zones {
  VolumeBinding() {
    state.other_changed(*object<::k8s::io::api::storage::v1::StorageClass>(
        kinds::kStorageClass, "{metadata: {name: late}, provisioner: x, volumeBindingMode: WaitForFirstConsumer}"));
    state.other_changed(*object<core::PersistentVolume>(kinds::kPersistentVolume,
                                                        "{metadata: {name: disk}, spec: {nodeAffinity: {required: "
                                                        "{nodeSelectorTerms: [{matchExpressions: [{key: zone, "
                                                        "operator: In, values: [b]}]}]}}}}"));
  }
  void claim(const std::string& name, const std::string& spec) {
    state.other_changed(*object<core::PersistentVolumeClaim>(
        kinds::kPersistentVolumeClaim, "{metadata: {name: " + name + ", namespace: default}, spec: " + spec + "}"));
  }
  static std::string uses(const std::string& claim) {
    return "volumes: [{name: v, persistentVolumeClaim: {claimName: " + claim + "}}], " + cpu("100m");
  }
};

TEST_F(VolumeBinding, GoesWhereTheVolumeIs) {
  claim("bound", "{volumeName: disk}");
  EXPECT_EQ(put(pod("p", uses("bound"))), "b1");
  EXPECT_EQ(put(pod("q", "nodeSelector: {zone: a}, " + uses("bound"))),
            "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 node(s) had volume node "
            "affinity conflict.");
}

TEST_F(VolumeBinding, WaitsForAClaimUnlessItsClassWaitsForThePod) {
  EXPECT_EQ(put(pod("p", uses("none"))), "0/3 nodes are available: persistentvolumeclaim \"none\" not found.");
  claim("none", "{storageClassName: soon}");
  EXPECT_EQ(put(pod("p", uses("none"))),
            "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.");
  claim("none", "{storageClassName: late}");
  EXPECT_THAT(put(pod("p", uses("none"))), testing::Not(testing::HasSubstr("0/3")));
}

TEST_F(VolumeBinding, OfAWaitingClassLooksForAVolumeOrAPlaceToMakeOne) {
  auto storage = [&](const std::string& rest) {
    state.other_changed(*object<::k8s::io::api::storage::v1::StorageClass>(
        kinds::kStorageClass, "{metadata: {name: late}, volumeBindingMode: WaitForFirstConsumer, " + rest + "}"));
  };
  const std::string nowhere = "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind.";
  claim("c", "{storageClassName: late, accessModes: [ReadWriteOnce], resources: {requests: {storage: 5Gi}}}");
  storage("provisioner: x, allowedTopologies: [{matchLabelExpressions: [{key: zone, values: [b, c]}]}]");
  EXPECT_EQ(put(pod("p1", uses("c"))), "b1");
  storage("provisioner: x, allowedTopologies: [{matchLabelExpressions: [{key: zone, values: [c]}]}]");
  EXPECT_EQ(put(pod("p2", uses("c"))), nowhere);
  storage("provisioner: kubernetes.io/no-provisioner");
  EXPECT_EQ(put(pod("p3", uses("c"))), nowhere);
  auto local = [&](const std::string& size, const std::string& phase) {
    state.other_changed(*object<core::PersistentVolume>(
        kinds::kPersistentVolume,
        "{metadata: {name: local}, spec: {storageClassName: late, accessModes: [ReadWriteOnce], capacity: "
        "{storage: " +
            size +
            "}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, "
            "values: [b]}]}]}}}, status: {phase: " +
            phase + "}}"));
  };
  local("1Gi", "Available");
  EXPECT_EQ(put(pod("p4", uses("c"))), nowhere) << "too small";
  local("10Gi", "Bound");
  EXPECT_EQ(put(pod("p5", uses("c"))), nowhere) << "taken";
  local("10Gi", "Available");
  EXPECT_EQ(put(pod("p6", uses("c"))), "b1");
}

TEST_F(VolumeBinding, GoesWhereAVolumeIsBeingMade) {
  state.other_changed(*object<core::PersistentVolumeClaim>(
      kinds::kPersistentVolumeClaim,
      "{metadata: {name: c, namespace: default, annotations: {volume.kubernetes.io/selected-node: a2}}, spec: "
      "{storageClassName: late}}"));
  EXPECT_EQ(put(pod("p", uses("c"))), "a2");
}

TEST_F(VolumeBinding, TwoClaimsOfAPodNeedTwoVolumes) {
  state.other_changed(*object<::k8s::io::api::storage::v1::StorageClass>(
      kinds::kStorageClass,
      "{metadata: {name: late}, provisioner: kubernetes.io/no-provisioner, volumeBindingMode: "
      "WaitForFirstConsumer}"));
  const auto volume = [&](const std::string& name) {
    state.other_changed(*object<core::PersistentVolume>(
        kinds::kPersistentVolume, "{metadata: {name: " + name +
                                      "}, spec: {storageClassName: late, capacity: {storage: 1Gi}}, status: {phase: "
                                      "Available}}"));
  };
  for (const char* name : {"c1", "c2"}) {
    claim(name, "{storageClassName: late, resources: {requests: {storage: 1Gi}}}");
  }
  const std::string both =
      "volumes: [{name: v, persistentVolumeClaim: {claimName: c1}}, {name: w, persistentVolumeClaim: {claimName: "
      "c2}}], " +
      cpu("100m");
  volume("one");
  EXPECT_THAT(put(pod("p", both)), testing::HasSubstr("didn't find available persistent volumes"));
  volume("two");
  EXPECT_THAT(put(pod("q", both)), testing::Not(testing::HasSubstr("0/3")));
}

struct Volumed : VolumeBinding {
  void disk(const std::string& name, const std::string& labels = "{}") {
    state.other_changed(*object<core::PersistentVolume>(
        kinds::kPersistentVolume, "{metadata: {name: " + name + ", labels: " + labels +
                                      "}, spec: {csi: {driver: d, volumeHandle: h-" + name + "}}}"));
    claim(name, "{volumeName: " + name + "}");
  }
};
using VolumeZone = Volumed;

TEST_F(VolumeZone, OfAVolumeIsTheNodes) {
  state.node_changed(*node("z1", "{topology.kubernetes.io/zone: one}"));
  state.node_changed(*node("z2", "{topology.kubernetes.io/zone: two}"));
  disk("d1", "{topology.kubernetes.io/zone: two__three}");
  const std::string here = "nodeSelector: {topology.kubernetes.io/zone: ";
  EXPECT_EQ(put(pod("p", here + "two}, " + uses("d1"))), "z2");
  EXPECT_EQ(put(pod("q", here + "one}, " + uses("d1"))),
            "0/5 nodes are available: 1 node(s) had no available volume zone, 4 node(s) didn't match Pod's node "
            "affinity/selector.");
  EXPECT_EQ(put(pod("r", "nodeSelector: {zone: b}, " + uses("d1"))), "b1") << "who says nothing of zones is of one";
}

TEST_F(VolumeZone, UnderItsFormerNameIsThatOfToday) {
  state.node_changed(*node("z1", "{topology.kubernetes.io/zone: one, topology.kubernetes.io/region: r}"));
  state.node_changed(*node("z2", "{topology.kubernetes.io/zone: two, topology.kubernetes.io/region: r}"));
  for (const char* name : {"a1", "a2", "b1"}) state.node_deleted(name);
  disk("d1", "{failure-domain.beta.kubernetes.io/zone: two, failure-domain.beta.kubernetes.io/region: r}");
  EXPECT_EQ(put(pod("p", uses("d1"))), "z2");
  disk("d2", "{failure-domain.beta.kubernetes.io/zone: three}");
  EXPECT_EQ(put(pod("q", uses("d2"))), "0/2 nodes are available: 2 node(s) had no available volume zone.");
}

using NodeVolumeLimits = Volumed;

TEST_F(NodeVolumeLimits, AreThoseOfTheDriver) {
  for (const char* name : {"a1", "a2", "b1"}) {
    state.other_changed(*object<::k8s::io::api::storage::v1::CSINode>(
        kinds::kCSINode, std::string("{metadata: {name: ") + name +
                             "}, spec: {drivers: [{name: d, nodeID: id, allocatable: {count: 1}}, {name: e, nodeID: "
                             "id}]}}"));
  }
  for (const char* name : {"d1", "d2", "d3", "d4"}) disk(name);
  std::set<std::string> nodes;
  for (const char* name : {"d1", "d2", "d3"}) nodes.insert(put(pod(std::string("p-") + name, uses(name))));
  EXPECT_EQ(nodes, (std::set<std::string>{"a1", "a2", "b1"})) << "one each";
  EXPECT_EQ(put(pod("p-d4", uses("d4"))), "0/3 nodes are available: 3 node(s) exceed max volume count.");
  const auto shared = put(pod("q-d1", uses("d1")));
  EXPECT_TRUE(nodes.contains(shared)) << shared << ": what is attached already costs nothing";
}

TEST_F(NodeVolumeLimits, ArePassedOverByWhoAddsNothing) {
  const auto limited_to = [&](int count) {
    for (const char* name : {"a1", "a2", "b1"}) {
      state.other_changed(*object<::k8s::io::api::storage::v1::CSINode>(
          kinds::kCSINode, std::string("{metadata: {name: ") + name + "}, spec: {drivers: [{name: d, nodeID: id, " +
                               "allocatable: {count: " + std::to_string(count) + "}}]}}"));
    }
  };
  const std::string here = "nodeSelector: {zone: b}, ";
  for (const char* name : {"d1", "d2", "d3"}) disk(name);
  limited_to(2);
  EXPECT_EQ(put(pod("p-d1", here + uses("d1"))), "b1");
  EXPECT_EQ(put(pod("p-d2", here + uses("d2"))), "b1");
  limited_to(1);
  EXPECT_EQ(put(pod("q-d1", here + uses("d1"))), "b1") << "it adds no volume";
  EXPECT_THAT(put(pod("p-d3", here + uses("d3"))), testing::HasSubstr("1 node(s) exceed max volume count"));
}

using VolumeRestrictions = Volumed;

TEST_F(VolumeRestrictions, AClaimForOnePodServesOne) {
  claim("once", "{volumeName: disk, accessModes: [ReadWriteOncePod]}");
  const auto first = pod("p", uses("once"));
  EXPECT_EQ(put(first), "b1");
  EXPECT_EQ(put(pod("q", "nodeSelector: {zone: b}, " + uses("once"))),
            "0/3 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and "
            "ReadWriteOncePod access mode, 2 node(s) didn't match Pod's node affinity/selector.");
  state.pod_deleted(first->key());
  EXPECT_EQ(put(pod("r", uses("once"))), "b1");
}

}  // namespace
}  // namespace kabuki::scheduler::test

#include <gtest/gtest.h>
#include <map>

#include "actors/scheduler/node_match.hpp"
#include "actors/scheduler/placement.hpp"
#include "actors/scheduler/pod_demand.hpp"
#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/encode.hpp"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr int64_t kGi = int64_t{1} << 30;

NodeFacts node(int64_t cpu_milli, int64_t memory_gi, int64_t pods = 110) {
  NodeFacts facts;
  facts.cpu_milli = cpu_milli;
  facts.memory_bytes = memory_gi * kGi;
  facts.pods = pods;
  return facts;
}

PodDemand demand(int64_t cpu_milli, int64_t memory_gi) {
  PodDemand pod;
  pod.cpu_milli = pod.scored_cpu_milli = cpu_milli;
  pod.memory_bytes = pod.scored_memory_bytes = memory_gi * kGi;
  return pod;
}

/// For a pod in "default" without labels.
Placement place(const NodeTable& nodes, const PodDemand& demand, size_t start, io::Random& random) {
  Cluster cluster;
  cluster.nodes = nodes;
  return scheduler::place(cluster, Profile::standard(), {demand, "default", "p", {}}, start, random);
}

core::Container container(const char* cpu, const char* memory, const char* restart = nullptr) {
  core::Container container;
  (*container.mutable_resources()->mutable_requests())["cpu"].set_string(cpu);
  (*container.mutable_resources()->mutable_requests())["memory"].set_string(memory);
  if (restart) container.set_restartpolicy(restart);
  return container;
}

TEST(PodDemand, CountsContainersOrTheLargestStartWhicheverIsMore) {
  struct Case {
    const char* what;
    std::vector<core::Container> init, main;
    int64_t cpu_milli, memory;
  };
  const std::vector<Case> cases = {
      {"containers add up", {}, {container("100m", "1Gi"), container("1", "1Gi")}, 1100, 2 * kGi},
      {"a large init container wins", {container("3", "1Gi")}, {container("1", "2Gi")}, 3000, 2 * kGi},
      {"init containers run one by one",
       {container("1", "1Gi"), container("1", "1Gi")},
       {container("1", "1Gi")},
       1000,
       kGi},
      {"a sidecar runs beside the containers",
       {container("1", "1Gi", "Always")},
       {container("1", "1Gi")},
       2000,
       2 * kGi},
      {"a sidecar runs beside later init containers",
       {container("1", "1Gi", "Always"), container("3", "1Gi")},
       {container("1", "1Gi")},
       4000,
       2 * kGi},
      {"but not beside earlier ones",
       {container("3", "1Gi"), container("1", "1Gi", "Always")},
       {container("1", "1Gi")},
       3000,
       2 * kGi},
  };
  for (const Case& c : cases) {
    core::PodSpec spec;
    for (const auto& one : c.init) *spec.add_initcontainers() = one;
    for (const auto& one : c.main) *spec.add_containers() = one;
    const PodDemand demand = demand_of(spec);
    EXPECT_EQ(demand.cpu_milli, c.cpu_milli) << c.what;
    EXPECT_EQ(demand.memory_bytes, c.memory) << c.what;
  }
}

TEST(PodDemand, OverheadIsAddedAndPodLevelRequestsWin) {
  core::PodSpec spec;
  *spec.add_containers() = container("1", "1Gi");
  (*spec.mutable_overhead())["cpu"].set_string("250m");
  EXPECT_EQ(demand_of(spec).cpu_milli, 1250);
  (*spec.mutable_resources()->mutable_requests())["cpu"].set_string("4");
  EXPECT_EQ(demand_of(spec).cpu_milli, 4250);
  EXPECT_EQ(demand_of(spec).memory_bytes, kGi);
}

TEST(PodDemand, ContainersWithoutRequestsCountOnlyForScoring) {
  core::PodSpec spec;
  spec.add_containers();
  spec.add_containers();
  const PodDemand demand = demand_of(spec);
  EXPECT_EQ(demand.cpu_milli, 0);
  EXPECT_EQ(demand.scored_cpu_milli, 200);
  EXPECT_EQ(demand.scored_memory_bytes, 400 * 1024 * 1024);
}

core::PodSpec spec_with_token(const std::string& suffix) {
  core::PodSpec spec;
  spec.set_hostname("web-" + suffix);
  *spec.add_containers() = container("1", "1Gi");
  *spec.add_containers() = container("2", "1Gi");
  const std::string name = "kube-api-access-" + suffix;
  for (auto& one : *spec.mutable_containers()) one.add_volumemounts()->set_name(name);
  auto* volume = spec.add_volumes();
  volume->set_name(name);
  volume->mutable_volumesource()->mutable_projected()->set_defaultmode(420);
  return spec;
}

TEST(DemandCache, PodsOfOneTemplateShareTheirDemandWhateverTheirNodeNameAndToken) {
  DemandCache cache;
  core::PodSpec spec = spec_with_token("a");
  const DemandPtr first = cache.demand(serialize(spec));
  EXPECT_EQ(first->cpu_milli, 3000);
  spec = spec_with_token("b");
  spec.set_nodename("node-1");
  EXPECT_EQ(cache.demand(serialize(spec)), first);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(DemandCache, WhatBearsOnPlacingIsToldApart) {
  using Change = void (*)(core::PodSpec*);
  const std::vector<Change> changes = {
      [](core::PodSpec*) {},
      [](core::PodSpec* s) { *s->mutable_containers(1) = container("3", "1Gi"); },
      [](core::PodSpec* s) { s->mutable_containers(0)->add_ports()->set_hostport(80); },
      [](core::PodSpec* s) { s->mutable_containers(1)->add_ports()->set_hostport(81); },
      [](core::PodSpec* s) { s->mutable_containers()->RemoveLast(); },
      [](core::PodSpec* s) { *s->add_initcontainers() = container("9", "1Gi"); },
      [](core::PodSpec* s) { s->set_priority(7); },
      [](core::PodSpec* s) {
        s->add_volumes()->mutable_volumesource()->mutable_persistentvolumeclaim()->set_claimname("data-0");
      },
      [](core::PodSpec* s) {
        s->add_volumes()->mutable_volumesource()->mutable_persistentvolumeclaim()->set_claimname("data-1");
      },
  };
  DemandCache cache;
  for (size_t round = 0; round < 2; ++round) {
    for (const Change change : changes) {
      core::PodSpec spec = spec_with_token("a");
      change(&spec);
      EXPECT_EQ(*cache.demand(serialize(spec)), demand_of(spec));
    }
  }
  EXPECT_EQ(cache.size(), changes.size());
}

TEST(DemandCache, MalformedBytesAreNotRemembered) {
  DemandCache cache;
  EXPECT_EQ(*cache.demand("\x12\x7f"), PodDemand{});
  EXPECT_EQ(cache.size(), 0u);
}

TEST(Tolerations, MatchAsKubernetesDoes) {
  const Taint taint{"key", "value", Taint::Effect::no_schedule};
  struct Case {
    Toleration toleration;
    bool tolerates;
  };
  const std::vector<Case> cases = {
      {{"key", false, "value", "NoSchedule"}, true},
      {{"key", false, "value", ""}, true},
      {{"key", false, "other", "NoSchedule"}, false},
      {{"key", true, "", "NoSchedule"}, true},
      {{"key", true, "", "NoExecute"}, false},
      {{"other", true, "", ""}, false},
      {{"", true, "", ""}, true},
  };
  for (const Case& c : cases) EXPECT_EQ(tolerates(c.toleration, taint), c.tolerates) << c.toleration.key;
}

TEST(NodeSelection, TermsAreAlternativesAndTheirRequirementsAllHold) {
  using Operator = NodeRequirement::Operator;
  const std::vector<std::pair<std::string, std::string>> labels = {{"cores", "8"}, {"zone", "a"}};
  struct Case {
    const char* what;
    std::vector<NodeTerm> terms;
    bool selected;
  };
  const std::vector<Case> cases = {
      {"in", {{{{"zone", Operator::in, {"a", "b"}}}, {}}}, true},
      {"not in", {{{{"zone", Operator::not_in, {"a"}}}, {}}}, false},
      {"not in, without the label", {{{{"rack", Operator::not_in, {"a"}}}, {}}}, true},
      {"exists", {{{{"rack", Operator::exists, {}}}, {}}}, false},
      {"does not exist", {{{{"rack", Operator::does_not_exist, {}}}, {}}}, true},
      {"greater", {{{{"cores", Operator::greater, {"4"}}}, {}}}, true},
      {"less", {{{{"cores", Operator::less, {"8"}}}, {}}}, false},
      {"all of a term", {{{{"zone", Operator::in, {"a"}}, {"cores", Operator::less, {"8"}}}, {}}}, false},
      {"any term", {{{{"zone", Operator::in, {"b"}}}, {}}, {{{"zone", Operator::in, {"a"}}}, {}}}, true},
      {"an empty term is none", {{}}, false},
      {"no term at all", {}, false},
      {"by name", {{{}, {{"metadata.name", Operator::in, {"n1"}}}}}, true},
      {"by another name", {{{}, {{"metadata.name", Operator::in, {"n2"}}}}}, false},
  };
  for (const Case& c : cases) {
    PodDemand pod;
    pod.has_affinity = true;
    pod.affinity = c.terms;
    EXPECT_EQ(selects(pod, "n1", labels), c.selected) << c.what;
  }
}

TEST(Placement, TakesTheNodeWithMostLeft) {
  NodeTable nodes;
  nodes.put("full", node(4000, 8));
  nodes.put("empty", node(4000, 8));
  nodes.put("half", node(4000, 8));
  nodes.add_pod(nodes.find("full"), demand(3000, 6));
  nodes.add_pod(nodes.find("half"), demand(2000, 4));
  io::Random random(1);
  const Placement placement = place(nodes, demand(1000, 2), 0, random);
  ASSERT_NE(placement.node, kNoNode);
  EXPECT_EQ(nodes.name(placement.node), "empty");
}

TEST(Placement, PrefersNodesWithoutDislikedTaints) {
  NodeTable nodes;
  NodeFacts disliked = node(64'000, 256);
  disliked.taints = {{"old", "", Taint::Effect::prefer_no_schedule}};
  nodes.put("disliked", disliked);
  nodes.put("small", node(2000, 4));
  io::Random random(1);
  EXPECT_EQ(nodes.name(place(nodes, demand(1000, 2), 0, random).node), "small");
}

TEST(Placement, SpreadsTiesOverAllNodesAndRepeatsWithTheSeed) {
  NodeTable nodes;
  for (const char* name : {"a", "b", "c", "d"}) nodes.put(name, node(4000, 8));
  auto run = [&](uint64_t seed) {
    io::Random random(seed);
    std::map<NodeSlot, int> seen;
    for (int i = 0; i < 400; ++i) ++seen[place(nodes, demand(100, 1), 0, random).node];
    return seen;
  };
  const auto seen = run(7);
  EXPECT_EQ(seen.size(), 4u);
  for (const auto& [slot, count] : seen) EXPECT_GT(count, 60);
  EXPECT_EQ(run(7), seen);
}

TEST(Placement, StopsWhenEnoughNodesFitAndGoesOnFromThere) {
  NodeTable nodes;
  for (int i = 0; i < 1000; ++i) nodes.put("node-" + std::to_string(i), node(4000, 8));
  io::Random random(1);
  const Placement first = place(nodes, demand(100, 1), 0, random);
  EXPECT_EQ(first.examined, feasible_enough(1000));
  EXPECT_EQ(first.examined, 420u);
  const Placement second = place(nodes, demand(100, 1), first.examined, random);
  EXPECT_GE(second.node, first.examined);
  EXPECT_LT(second.node, 2 * first.examined);
}

TEST(Placement, FeasibleEnoughFollowsKubernetes) {
  const std::map<size_t, size_t> expected = {{3, 3},      {99, 99},    {100, 100},  {250, 120},
                                             {1000, 420}, {5000, 500}, {6000, 300}, {100'000, 5000}};
  for (const auto& [nodes, enough] : expected) EXPECT_EQ(feasible_enough(nodes), enough) << nodes;
}

TEST(FailureMessage, CountsEveryReasonInKubernetesWords) {
  NodeTable nodes;
  NodeFacts tainted = node(4000, 8);
  tainted.taints = {{"node-role", "master", Taint::Effect::no_schedule}};
  NodeFacts cordoned = node(4000, 8);
  cordoned.unschedulable = true;
  NodeFacts labelled = node(4000, 8);
  labelled.labels = {{"disk", "hdd"}};
  NodeFacts ssd = node(1000, 1);
  ssd.labels = {{"disk", "ssd"}};
  NodeFacts used = node(3000, 8, 1);
  used.labels = {{"disk", "ssd"}};
  nodes.put("tainted", tainted);
  nodes.put("cordoned", cordoned);
  nodes.put("labelled", labelled);
  nodes.put("small", ssd);
  nodes.put("used", used);
  nodes.add_pod(nodes.find("used"), demand(2000, 1));
  PodDemand pod = demand(2000, 2);
  pod.node_selector = {{"disk", "ssd"}};
  io::Random random(1);
  const Placement placement = place(nodes, pod, 3, random);
  EXPECT_EQ(placement.node, kNoNode);
  EXPECT_EQ(
      failure_message(placement) + " preemption: " + no_victims_message(placement),
      "0/5 nodes are available: 1 Insufficient memory, 1 Too many pods, 1 node(s) didn't match Pod's node "
      "affinity/selector, 1 node(s) had untolerated taint {node-role: master}, 1 node(s) were unschedulable, 2 "
      "Insufficient cpu. preemption: 0/5 nodes are available: 1 No preemption victims found for incoming pod, 4 "
      "Preemption is not helpful for scheduling.");
}

TEST(FailureMessage, SaysWhenThereAreNoNodes) {
  NodeTable nodes;
  io::Random random(1);
  const Placement placement = place(nodes, demand(1, 1), 0, random);
  EXPECT_EQ(failure_message(placement), "no nodes available to schedule pods");
}

TEST(NodeTable, CountsPodsOfNodesThatAreNotKnownYet) {
  NodeTable nodes;
  const NodeSlot slot = nodes.slot("late");
  nodes.add_pod(slot, demand(3000, 1));
  io::Random random(1);
  EXPECT_EQ(place(nodes, demand(2000, 1), 0, random).node, kNoNode);
  EXPECT_EQ(nodes.size(), 0u);
  nodes.put("late", node(4000, 8));
  EXPECT_EQ(nodes.find("late"), slot);
  EXPECT_EQ(place(nodes, demand(2000, 1), 0, random).node, kNoNode);
  EXPECT_EQ(place(nodes, demand(1000, 1), 0, random).node, slot);
}

TEST(NodeTable, ReusesTheSlotOfANodeOnceItsPodsAreGone) {
  NodeTable nodes;
  nodes.put("a", node(4000, 8));
  nodes.add_pod(nodes.find("a"), demand(1, 1));
  nodes.remove("a");
  nodes.put("b", node(4000, 8));
  EXPECT_NE(nodes.find("b"), nodes.find("a"));
  const NodeSlot old = nodes.find("a");
  nodes.remove_pod(old, demand(1, 1));
  EXPECT_EQ(nodes.find("a"), kNoNode);
  EXPECT_EQ(nodes.slot("c"), old);
}

}  // namespace
}  // namespace kabuki::scheduler

#include "tools/sim/specified_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/kubelet/kubelet.hpp"
#include "actors/node_host.hpp"
#include "tools/sim/cluster.hpp"

namespace kabuki::tools {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

/// A worker's tree, which a test then spoils.
struct SpecifiedTreeTest : ::testing::Test {
  SpecifiedTree specified = specified_tree("host-2", tree());
  std::map<std::string, NodePods> pods;
  bus::ActorInfo root = told("host-2");

  static runtime::SupervisorSpec tree() {
    actors::TreeParts parts;
    actors::add_node_host({.host = "host-2", .nodes = 2}, &parts);
    return actors::supervision_tree(std::move(parts));
  }
  /// What a host tells whose tree stands as specified.
  bus::ActorInfo told(const std::string& name) const {
    bus::ActorInfo info;
    info.set_name(name);
    info.set_state("running");
    for (const std::string& actor : specified.actors) {
      if (actor.starts_with(name + "/") && actor.rfind('/') == name.size()) *info.add_children() = told(actor);
    }
    return info;
  }
  bus::ActorInfo* find(bus::ActorInfo* from, const std::string& name) {
    if (from->name() == name) return from;
    for (auto& child : *from->mutable_children()) {
      if (auto* found = find(&child, name)) return found;
    }
    return nullptr;
  }
  bus::ActorInfo* find(const std::string& name) { return find(&root, name); }
  void add(const std::string& parent, const std::string& name) {
    auto* child = find(parent)->add_children();
    child->set_name(name);
    child->set_state("running");
  }
  std::vector<std::string> wrong() { return wrong_in_tree(specified, root, pods); }
};

TEST_F(SpecifiedTreeTest, NamesEveryActorOfTheSpecification) {
  EXPECT_THAT(specified.actors,
              ElementsAre("host-2", "host-2/kubelet", "host-2/kubelet/host-2-node-1", "host-2/kubelet/host-2-node-2",
                          "host-2/kubelet/status-writer", "host-2/member", "host-2/views", "host-2/views/pods"));
  EXPECT_THAT(specified.nodes, ElementsAre("host-2/kubelet/host-2-node-1", "host-2/kubelet/host-2-node-2"));
  EXPECT_THAT(wrong(), IsEmpty());
}

TEST_F(SpecifiedTreeTest, ReportsAMissingChild) {
  find("host-2/kubelet")->mutable_children()->RemoveLast();
  EXPECT_THAT(wrong(), ElementsAre("host-2/kubelet/status-writer is missing"));
}

TEST_F(SpecifiedTreeTest, ReportsAnExtraChild) {
  add("host-2/views", "host-2/views/nodes");
  EXPECT_THAT(wrong(), ElementsAre("host-2/views/nodes is not in the specification"));
}

TEST_F(SpecifiedTreeTest, ReportsAMisplacedChild) {
  const bus::ActorInfo views = *find("host-2/views/pods");
  find("host-2/views")->clear_children();
  *find("host-2/kubelet")->add_children() = views;
  EXPECT_THAT(wrong(), ElementsAre("host-2/views/pods stands below host-2/kubelet"));
  find("host-2/kubelet")->mutable_children()->RemoveLast();
  add("host-2", "host-2/pods");
  EXPECT_THAT(wrong(), ElementsAre("host-2/views/pods is missing", "host-2/pods is not in the specification"));
}

TEST_F(SpecifiedTreeTest, ReportsWhatStandsTwiceOrDoesNotRun) {
  add("host-2", "host-2/member");
  find("host-2/views")->set_state("starting");
  EXPECT_THAT(wrong(), ElementsAre("host-2/views is starting", "host-2/member is there twice"));
}

TEST_F(SpecifiedTreeTest, ReportsWhatAnActorDidNotList) {
  find("host-2/kubelet/host-2-node-1")->set_more_children(3);
  EXPECT_THAT(wrong(), ElementsAre("host-2/kubelet/host-2-node-1 does not list 3 of its children"));
}

TEST_F(SpecifiedTreeTest, ComparesPodsWithThoseOfTheirNode) {
  const std::string first = "host-2/kubelet/host-2-node-1", second = "host-2/kubelet/host-2-node-2";
  pods["host-2-node-1"] = {.live = {"default/a", "default/b"}, .ended = {"default/job"}};
  add(first, first + "/pods/default/a");
  add(second, second + "/pods/default/b");
  add(first, first + "/pods/default/job");
  EXPECT_THAT(wrong(), ElementsAre(first + "/pods/default/b is missing",
                                   second + "/pods/default/b is not in the specification"));
  add(second, first + "/pods/default/b");
  EXPECT_THAT(wrong(), Contains(first + "/pods/default/b stands below " + second));
}

/// The whole way: what the hosts of a cluster tell, against what they were started with.
TEST(SpecifiedTree, OfEveryHostIsWhatStands) {
  SimCluster cluster({});
  ASSERT_TRUE(cluster.start(60s));
  cluster.run_for(2s);
  for (const std::string& host : cluster.hosts()) {
    const SpecifiedTree specified = specified_tree(host, cluster.specification(host));
    EXPECT_GT(specified.actors.size(), host == actors::kFirstHost ? 40u : 5u);
    std::vector<std::string> wrong{"no answer"};
    cluster.ask(host, {host}, runtime::make_message(bus::Inspect()), 5s, [&](Result<runtime::MessagePtr> answer) {
      if (answer) wrong = wrong_in_tree(specified, (*answer)->as<bus::InspectReply>()->actor(), {});
    });
    cluster.run_for(6s);
    EXPECT_THAT(wrong, IsEmpty()) << host;
  }
  cluster.close();
}

}  // namespace
}  // namespace kabuki::tools

#include "actors/controllers/daemon_set.hpp"

#include <gtest/gtest.h>

#include "actors/controllers/daemon_nodes.hpp"
#include "actors/controllers/garbage_collector.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/api/apps/v1/controller_revision.pb.h"
#include "messages/api/apps/v1/daemon_set.pb.h"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
using actors::Write;

constexpr int64_t kNow = 1'000'000;
const Instant now{{kNow * 1'000'000'000}, {0}};
const Key key{kinds::kDaemonSet, "default", "agent"};

apps::DaemonSet set() {
  apps::DaemonSet set;
  set.mutable_metadata()->set_name("agent");
  set.mutable_metadata()->set_namespace_("default");
  set.mutable_metadata()->set_uid("set-uid");
  set.mutable_metadata()->set_generation(1);
  auto* spec = set.mutable_spec();
  (*spec->mutable_selector()->mutable_matchlabels())["app"] = "agent";
  (*spec->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "agent";
  auto* container = spec->mutable_template_()->mutable_spec()->add_containers();
  container->set_name("app");
  container->set_image("v1");
  spec->mutable_updatestrategy()->set_type("RollingUpdate");
  return set;
}

core::Node node(const std::string& name) {
  core::Node node;
  node.mutable_metadata()->set_name(name);
  (*node.mutable_metadata()->mutable_labels())["disk"] = name == "n1" ? "ssd" : "hdd";
  return node;
}

void taint(core::Node* node, const std::string& key, const std::string& effect) {
  auto* taint = node->mutable_spec()->add_taints();
  taint->set_key(key);
  taint->set_effect(effect);
}

TEST(DaemonNodes, GoWhereTheTemplateAndTheTaintsLetThem) {
  struct Case {
    const char* what;
    std::function<void(core::PodSpec*)> spec;
    std::function<void(core::Node*)> node;
    DaemonNodes::Verdict verdict;
  };
  const Case cases[] = {
      {"anywhere", nullptr, nullptr, {true, true}},
      {"node selector", [](auto* spec) { (*spec->mutable_nodeselector())["disk"] = "hdd"; }, nullptr, {false, false}},
      {"node name", [](auto* spec) { spec->set_nodename("other"); }, nullptr, {false, false}},
      {"node affinity",
       [](auto* spec) {
         auto* term = spec->mutable_affinity()
                          ->mutable_nodeaffinity()
                          ->mutable_requiredduringschedulingignoredduringexecution()
                          ->add_nodeselectorterms()
                          ->add_matchexpressions();
         term->set_key("gpu");
         term->set_operator_("Exists");
       },
       nullptr,
       {false, false}},
      {"NoSchedule keeps away and drives nobody out",
       nullptr,
       [](auto* n) { taint(n, "a", "NoSchedule"); },
       {false, true}},
      {"NoExecute drives out", nullptr, [](auto* n) { taint(n, "a", "NoExecute"); }, {false, false}},
      {"PreferNoSchedule is a wish", nullptr, [](auto* n) { taint(n, "a", "PreferNoSchedule"); }, {true, true}},
      {"troubles of a node are tolerated",
       nullptr,
       [](auto* n) {
         taint(n, "node.kubernetes.io/not-ready", "NoExecute");
         taint(n, "node.kubernetes.io/unreachable", "NoExecute");
         taint(n, "node.kubernetes.io/unschedulable", "NoSchedule");
         taint(n, "node.kubernetes.io/disk-pressure", "NoSchedule");
       },
       {true, true}},
      {"no network",
       nullptr,
       [](auto* n) { taint(n, "node.kubernetes.io/network-unavailable", "NoSchedule"); },
       {false, true}},
      {"no network needed",
       [](auto* spec) { spec->set_hostnetwork(true); },
       [](auto* n) { taint(n, "node.kubernetes.io/network-unavailable", "NoSchedule"); },
       {true, true}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    auto spec = set().spec().template_().spec();
    if (one.spec) one.spec(&spec);
    core::Node n = node("n1");
    if (one.node) one.node(&n);
    EXPECT_EQ(DaemonNodes(spec).judge(*Object::encode(kinds::kNode, n)), one.verdict);
  }
}

TEST(DaemonNodes, APodIsBoundByAffinityAlone) {
  const auto spec = DaemonNodes(set().spec().template_().spec()).spec_for("n1");
  const auto& terms = spec.affinity().nodeaffinity().requiredduringschedulingignoredduringexecution();
  ASSERT_EQ(terms.nodeselectorterms_size(), 1);
  EXPECT_EQ(terms.nodeselectorterms(0).matchfields(0).values(0), "n1");
  EXPECT_EQ(spec.nodename(), "");
  std::string tolerated;
  for (const auto& one : spec.tolerations()) tolerated += one.key().substr(19) + ":" + one.effect() + " ";
  EXPECT_EQ(tolerated,
            "not-ready:NoExecute unreachable:NoExecute disk-pressure:NoSchedule memory-pressure:NoSchedule "
            "pid-pressure:NoSchedule unschedulable:NoSchedule ");
}

/// Nodes n0, n1, ... and what is on them.
struct World {
  View view{View::kControllers | View::kPods};
  apps::DaemonSet set;
  std::string hash;

  World(apps::DaemonSet what, int nodes) : set(std::move(what)) {
    view.put(Object::encode(kinds::kDaemonSet, set, 10));
    for (int i = 0; i < nodes; ++i) view.put(Object::encode(kinds::kNode, node("n" + std::to_string(i)), 3));
    for (auto& step : reconcile_daemon_set(view, key, now).steps) {
      const auto revision = step.write.object->as<apps::ControllerRevision>();
      hash = revision.metadata().labels().at("controller.kubernetes.io/hash");
      view.put(Object::encode(kinds::kControllerRevision, revision, 5));
    }
  }
  /// On node i, each of: 'o' old and 'n' new and available, 'O' 'N' not ready, 't' terminating, 'f' failed.
  void pods(const std::vector<std::string>& on) {
    for (size_t i = 0; i < on.size(); ++i) {
      for (size_t j = 0; j < on[i].size(); ++j) pod(i, j, on[i][j]);
    }
  }
  void pod(size_t i, size_t j, char state) {
    core::Pod pod;
    auto* meta = pod.mutable_metadata();
    meta->set_name("p" + std::to_string(i) + std::string(1, state) + std::to_string(j));
    meta->set_namespace_("default");
    meta->set_uid("uid-" + meta->name());
    meta->mutable_creationtimestamp()->set_seconds(kNow - 1000 + static_cast<int64_t>(j));
    (*meta->mutable_labels())["app"] = "agent";
    (*meta->mutable_labels())["controller-revision-hash"] = state == 'n' || state == 'N' ? hash : "old";
    *meta->add_ownerreferences() = controller_reference(*view.find(key));
    if (state == 't') meta->mutable_deletiontimestamp()->set_seconds(kNow);
    pod.mutable_spec()->set_nodename("n" + std::to_string(i));
    pod.mutable_status()->set_phase(state == 'f' ? "Failed" : "Running");
    auto* ready = pod.mutable_status()->add_conditions();
    ready->set_type("Ready");
    ready->set_status(state == 'o' || state == 'n' ? "True" : "False");
    ready->mutable_lasttransitiontime()->set_seconds(kNow - 100);
    view.put(Object::encode(kinds::kPod, pod, 20));
  }
  std::string moves() {
    std::string text;
    for (const auto& step : reconcile_daemon_set(view, key, now).steps) {
      if (step.write.verb == bus::WriteObjects::UPDATE_STATUS) continue;
      if (!text.empty()) text += ' ';
      text += step.write.verb == bus::WriteObjects::CREATE ? "+" + target_node(*step.write.object)
                                                           : "-" + step.write.key.name;
    }
    return text;
  }
};

TEST(DaemonSet, HasOnePodOnEveryNode) {
  struct Case {
    const char* what;
    std::vector<std::string> on;
    const char* moves;
  };
  const Case cases[] = {
      {"all are missing", {"", "", ""}, "+n0 +n1 +n2"},
      {"one is missing", {"n", "", "n"}, "+n1"},
      {"two are one too many", {"n", "nn", "n"}, "-p1n1"},
      {"one that failed is taken away", {"n", "f", "n"}, "-p1f0"},
      {"none is made before the old one is gone", {"n", "t", "n"}, ""},
      {"at rest", {"n", "N", "n"}, ""},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    World world(set(), 3);
    world.pods(one.on);
    EXPECT_EQ(world.moves(), one.moves);
  }
}

TEST(DaemonSet, ReplacesWithinItsBounds) {
  struct Case {
    const char* what;
    const char* unavailable;
    const char* surge;
    std::vector<std::string> on;
    const char* moves;
  };
  const Case cases[] = {
      {"one at a time", "", "", {"o", "o", "o"}, "-p0o0"},
      {"waits for the new one", "", "", {"N", "o", "o"}, ""},
      {"goes on", "", "", {"n", "o", "o"}, "-p1o0"},
      {"waits while one goes", "", "", {"t", "o", "o"}, ""},
      {"those that are not available go at once", "", "", {"O", "O", "o"}, "-p0O0 -p1O0"},
      {"a share, rounded up", "50%", "", {"o", "o", "o"}, "-p0o0 -p1o0"},
      {"surge: the new one first", "0", "1", {"o", "o", "o"}, "+n0"},
      {"surge: waits for it", "0", "1", {"oN", "o", "o"}, ""},
      {"surge: then the old one goes", "0", "1", {"on", "o", "o"}, "-p0o0 +n1"},
      {"surge: one of each only", "0", "1", {"ooN", "n", "n"}, "-p0o1"},
      {"surge: an old one that is not ready goes at once", "0", "1", {"ON", "n", "n"}, "-p0O0"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    auto what = set();
    auto* update = what.mutable_spec()->mutable_updatestrategy()->mutable_rollingupdate();
    auto value = [](const std::string& text) {
      return text.ends_with('%') ? string_value(text) : int_value(std::stoi(text));
    };
    if (*one.unavailable) *update->mutable_maxunavailable() = value(one.unavailable);
    if (*one.surge) *update->mutable_maxsurge() = value(one.surge);
    World world(what, 3);
    world.pods(one.on);
    EXPECT_EQ(world.moves(), one.moves);
  }
}

TEST(DaemonSet, SaysWhichPodsItMadeAndWhichItCouldNot) {
  World world(set(), 1);
  const Plan plan = reconcile_daemon_set(world.view, key, now);
  ASSERT_GE(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].say, (Announcement{key, std::string(world.view.find(key)->uid()), "SuccessfulCreate",
                                             "Created pod: {name}", "FailedCreate", "Error creating: {error}"}));
}

TEST(DaemonSet, OnDeleteReplacesOnlyWhatIsDeleted) {
  auto what = set();
  what.mutable_spec()->mutable_updatestrategy()->set_type("OnDelete");
  World world(what, 2);
  world.pods({"o", ""});
  EXPECT_EQ(world.moves(), "+n1");
}

TEST(DaemonSet, LeavesNodesThatMayNotHaveIt) {
  auto what = set();
  (*what.mutable_spec()->mutable_template_()->mutable_spec()->mutable_nodeselector())["disk"] = "ssd";
  World world(what, 3);
  world.pods({"n", "n", ""});
  EXPECT_EQ(world.moves(), "-p0n0");
}

TEST(DaemonSet, ReportsItsNodes) {
  World world(set(), 4);
  world.pods({"n", "N", "o", ""});
  core::Node bad = node("n2");
  taint(&bad, "a", "NoSchedule");
  world.view.put(Object::encode(kinds::kNode, bad, 4));
  apps::DaemonSetStatus expected;
  expected.set_currentnumberscheduled(2);
  expected.set_numbermisscheduled(1);
  expected.set_desirednumberscheduled(3);
  expected.set_numberready(1);
  expected.set_observedgeneration(1);
  expected.set_updatednumberscheduled(2);
  expected.set_numberavailable(1);
  expected.set_numberunavailable(2);
  const Plan plan = reconcile_daemon_set(world.view, key, now);
  EXPECT_EQ(plan.steps.back().write.object->as<apps::DaemonSet>().status().DebugString(), expected.DebugString());
}

TEST(DaemonSetConvergence, EndsWithOneNewPodOnEveryNodeThatMayHaveIt) {
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE(seed);
    WorkloadSim sim(seed, {daemon_set_controller(), garbage_collector()});
    sim.views_lag = 8;
    auto what = set();
    what.mutable_metadata()->clear_uid();
    what.mutable_spec()->set_revisionhistorylimit(1);
    for (int i = 0; i < 6; ++i) {
      core::Node n = node("n" + std::to_string(i));
      sim.api.create(Write::create(kinds::kNode, n));
    }
    sim.api.create(Write::create(kinds::kDaemonSet, what));
    io::Random user = sim.random.split("user");
    std::string image;
    for (int round = 0; round < 5; ++round) {
      auto current = sim.api.find(key)->as<apps::DaemonSet>();
      image = "v" + std::to_string(user.below(3));
      current.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image(image);
      auto* update = current.mutable_spec()->mutable_updatestrategy()->mutable_rollingupdate();
      const bool surge = user.chance(0.5);
      *update->mutable_maxsurge() = int_value(surge ? 2 : 0);
      *update->mutable_maxunavailable() = int_value(surge ? 0 : 2);
      current.mutable_metadata()->set_generation(current.metadata().generation() + 1);
      sim.api.set(kinds::kDaemonSet, &current);
      core::Node odd = node("n5");
      if (user.chance(0.5)) taint(&odd, "a", "NoExecute");
      odd.mutable_metadata()->set_uid("node-5");
      sim.api.set(kinds::kNode, &odd);
      sim.run(50,
              {.host = {.deliver = 0.4, .refuse = 0.15, .lose = 0.1, .answer = 0.5}, .crash = 0.02, .fail = 0.02});
    }
    ASSERT_TRUE(sim.settle(4000));
    std::map<std::string, int> on;
    for (const ObjectPtr& object : sim.api.all(kinds::kPod)) {
      const auto pod = object->as<core::Pod>();
      ++on[pod.spec().nodename()];
      EXPECT_EQ(pod.spec().containers(0).image(), image);
    }
    std::map<std::string, int> expected;
    for (const ObjectPtr& n : sim.api.all(kinds::kNode)) {
      if (n->as<core::Node>().spec().taints().empty()) expected[std::string(n->name())] = 1;
    }
    EXPECT_EQ(on, expected);
    EXPECT_EQ(sim.writes_at_rest(50), 0u);
  }
}

}  // namespace
}  // namespace kabuki::controllers::testing

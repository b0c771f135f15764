#include <gtest/gtest.h>

#include "actors/controllers/pod_garbage_collector.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr int64_t kNow = 1'000'000;
const Instant now{{kNow * 1'000'000'000}, {0}};
const Key gone{kinds::kNode, "", "gone"};

core::Pod pod(const std::string& name, const std::string& on, const char* phase = "Running") {
  core::Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_metadata()->set_uid("uid-" + name);
  pod.mutable_spec()->set_nodename(on);
  pod.mutable_status()->set_phase(phase);
  return pod;
}

Write without_grace(const ObjectPtr& pod) {
  Write remove = Write::remove(*pod);
  remove.grace_seconds = 0;
  return remove;
}

TEST(PodGarbage, PodsOfANodeThatIsGoneFailAndAreDeletedOnceThatIsSure) {
  View view(View::kNodes);
  const auto running = Object::encode(kinds::kPod, pod("a-running", "gone"), 1);
  const auto over = Object::encode(kinds::kPod, pod("b-over", "gone", "Failed"), 1);
  view.put(running);
  view.put(over);
  auto failed = pod("a-running", "gone", "Failed");
  auto* condition = failed.mutable_status()->add_conditions();
  condition->set_type("DisruptionTarget");
  condition->set_status("True");
  condition->mutable_lasttransitiontime()->set_seconds(kNow);
  condition->set_reason("DeletionByPodGC");
  condition->set_message("PodGC: node no longer exists");
  Plan expected;
  expected.add(Write::update_status(*running, failed));
  expected.add(without_grace(over));
  expected.only_if_gone = {{gone, ""}};
  EXPECT_EQ(reconcile_pods_of_node(view, gone, now), expected);

  core::Node node;
  node.mutable_metadata()->set_name("gone");
  view.put(Object::encode(kinds::kNode, node, 1));
  EXPECT_EQ(reconcile_pods_of_node(view, gone, now), Plan());
}

TEST(PodGarbage, PodsThatEndOnANodeOutOfServiceNeedNoKubelet) {
  View view(View::kNodes);
  core::Node node;
  node.mutable_metadata()->set_name("gone");
  node.mutable_spec()->add_taints()->set_key("node.kubernetes.io/out-of-service");
  view.put(Object::encode(kinds::kNode, node, 1));
  view.put(Object::encode(kinds::kPod, pod("stays", "gone"), 1));
  auto ending = pod("ends", "gone");
  ending.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kNow);
  const auto object = Object::encode(kinds::kPod, ending, 1);
  view.put(object);
  auto failed = ending;
  failed.mutable_status()->set_phase("Failed");
  Plan expected;
  expected.add(Write::update_status(*object, failed));
  EXPECT_EQ(reconcile_pods_of_node(view, gone, now), expected);
  const auto after = Object::encode(kinds::kPod, failed, 2);
  view.put(after);
  expected.steps = {{without_grace(after), std::nullopt}};
  EXPECT_EQ(reconcile_pods_of_node(view, gone, now), expected);

  auto* condition = node.mutable_status()->add_conditions();
  condition->set_type("Ready");
  condition->set_status("True");
  view.put(Object::encode(kinds::kNode, node, 2));
  EXPECT_EQ(reconcile_pods_of_node(view, gone, now), Plan());
}

TEST(PodGarbage, APodThatWasNeverBoundIsLetGo) {
  View view(View::kNodes);
  const Key key{kinds::kPod, "default", "p"};
  auto waiting = pod("p", "", "Pending");
  view.put(Object::encode(kinds::kPod, waiting, 3));
  EXPECT_EQ(reconcile_unbound_pod(view, key), Plan());
  waiting.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kNow);
  const auto object = Object::encode(kinds::kPod, waiting, 4);
  view.put(object);
  Plan expected;
  expected.add(without_grace(object));
  expected.steps[0].write.expected_revision = 4;
  EXPECT_EQ(reconcile_unbound_pod(view, key), expected);
  waiting.mutable_spec()->set_nodename("n1");
  view.put(Object::encode(kinds::kPod, waiting, 5));
  EXPECT_EQ(reconcile_unbound_pod(view, key), Plan());
}

TEST(PodGarbage, OfTooManyPodsThatAreOverTheEvictedAndTheOldestGo) {
  View view(View::kNodes);
  auto put = [&](const std::string& name, const char* phase, int64_t created, const char* reason = "") {
    auto one = pod(name, "n1", phase);
    one.mutable_metadata()->mutable_creationtimestamp()->set_seconds(created);
    one.mutable_status()->set_reason(reason);
    view.put(Object::encode(kinds::kPod, one, 1));
  };
  put("running", "Running", 1);
  put("middle", "Succeeded", 5);
  put("oldest", "Failed", 3);
  put("newest", "Failed", 9);
  put("evicted", "Failed", 8, "Evicted");
  struct Case {
    size_t most;
    std::vector<std::string> gone;
  };
  const Case cases[] = {{0, {}}, {5, {}}, {4, {}}, {3, {"evicted"}}, {1, {"evicted", "oldest", "middle"}}};
  for (const Case& one : cases) {
    std::vector<std::string> gone;
    const Plan plan = reconcile_pods_over(view, {.over_most = one.most});
    for (const Step& step : plan.steps) {
      EXPECT_EQ(step.write.grace_seconds, 0);
      gone.push_back(step.write.key.name);
    }
    EXPECT_EQ(gone, one.gone) << one.most;
    EXPECT_EQ(plan.again_after.has_value(), one.most > 0);
  }
}

}  // namespace
}  // namespace kabuki::controllers

#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "tests/actors/controllers/cluster_sim.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace autoscaling = ::k8s::io::api::autoscaling::v2;
namespace core = ::k8s::io::api::core::v1;
using actors::Write;

/// A deployment whose pods request 200m, and an autoscaler that wants 50 % of that used.
struct AutoscalerActors : ClusterSim {
  void make(const std::string& use, int replicas, int min, int max) {
    ASSERT_TRUE(namespace_is_ready());
    auto d = deployment(replicas);
    auto* model = d.mutable_spec()->mutable_template_();
    (*model->mutable_metadata()->mutable_annotations())["sim.kabuki.io/cpu-use"] = use;
    auto& requests = *model->mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_requests();
    requests["cpu"].set_string("200m");
    autoscaling::HorizontalPodAutoscaler autoscaler;
    autoscaler.mutable_metadata()->set_name("web");
    autoscaler.mutable_metadata()->set_namespace_("default");
    auto* spec = autoscaler.mutable_spec();
    spec->mutable_scaletargetref()->set_apiversion("apps/v1");
    spec->mutable_scaletargetref()->set_kind("Deployment");
    spec->mutable_scaletargetref()->set_name("web");
    spec->set_minreplicas(min);
    spec->set_maxreplicas(max);
    auto* metric = spec->add_metrics();
    metric->set_type("Resource");
    metric->mutable_resource()->set_name("cpu");
    metric->mutable_resource()->mutable_target()->set_type("Utilization");
    metric->mutable_resource()->mutable_target()->set_averageutilization(50);
    for (const auto& outcome :
         write({Write::create(kinds::kDeployment, d), Write::create(kinds::kHorizontalPodAutoscaler, autoscaler)})) {
      ASSERT_FALSE(outcome.error) << outcome.error->message;
    }
  }
  autoscaling::HorizontalPodAutoscalerStatus status() {
    const ObjectPtr object = find(kinds::kHorizontalPodAutoscaler, "default", "web");
    return object ? object->as<autoscaling::HorizontalPodAutoscaler>().status()
                  : autoscaling::HorizontalPodAutoscalerStatus();
  }
  int32_t replicas() {
    const ObjectPtr object = find(kinds::kDeployment, "default", "web");
    return object ? object->as<apps::Deployment>().spec().replicas() : -1;
  }
  std::string condition(const std::string& type) {
    const auto present = status();
    for (const auto& one : present.conditions()) {
      if (one.type() == type) return one.status() + " " + one.reason();
    }
    return "";
  }
  /// From now on the pods that there are use so much.
  void use(const std::string& amount) {
    for (const ObjectPtr& pod : list(kinds::kPod)) {
      write({Write::merge_patch(pod->key(), std::string(pod->uid()),
                                R"({"metadata":{"annotations":{"sim.kabuki.io/cpu-use":")" + amount + "\"}}}")});
    }
  }
};

TEST_F(AutoscalerActors, ADeploymentGrowsUnderLoadAndShrinksWhenItHasGone) {
  start(31);
  make("200m", 2, 1, 6);
  // 100 % of what is wanted at 50 %: twofold, then again as far as it may.
  ASSERT_TRUE(until([&] { return replicas() == 4; }, 120s));
  ASSERT_TRUE(until([&] { return replicas() == 6 && ready_pods() == 6; }, 180s));
  ASSERT_TRUE(until([&] { return condition("ScalingLimited") == "True TooManyReplicas"; }, 60s));
  EXPECT_EQ(condition("ScalingActive"), "True ValidMetricFound");
  ASSERT_TRUE(until([&] { return status().currentmetrics_size() == 1 && status().currentreplicas() == 6; }, 60s));
  EXPECT_EQ(status().currentmetrics(0).resource().current().averageutilization(), 100);
  EXPECT_EQ(status().currentmetrics(0).resource().current().averagevalue().string(), "200m");

  use("10m");
  kill("host-1/controllers/horizontal-pod-autoscaler");
  world->run_for(200s);
  EXPECT_EQ(replicas(), 6) << "recommendations of the last five minutes hold";
  ASSERT_TRUE(until([&] { return replicas() == 1 && ready_pods() == 1; }, 300s));
  size_t rescales = 0;
  for (const ObjectPtr& event : list(kinds::kEvent)) {
    rescales += event->as<core::Event>().reason() == "SuccessfulRescale";
  }
  EXPECT_EQ(rescales, 3U);

  // At rest nothing is written.
  world->run_for(60s);
  const uint64_t at_rest = find(kinds::kHorizontalPodAutoscaler, "default", "web")->revision();
  world->run_for(120s);
  EXPECT_EQ(find(kinds::kHorizontalPodAutoscaler, "default", "web")->revision(), at_rest);
}

TEST_F(AutoscalerActors, SaysThatItsTargetIsMissingAndTakesItUpWhenItComes) {
  start(32);
  make("200m", 1, 2, 6);
  const ObjectPtr target = find(kinds::kDeployment, "default", "web");
  ASSERT_TRUE(target);
  write({Write::remove(*target)});
  ASSERT_TRUE(until([&] { return condition("AbleToScale") == "False FailedGetScale"; }, 60s));
  auto again = deployment(3);
  ASSERT_FALSE(write({Write::create(kinds::kDeployment, again)})[0].error);
  // Its pods say nothing about cpu: it is kept within its bounds alone.
  ASSERT_TRUE(until([&] { return condition("ScalingActive") == "False FailedGetResourceMetric"; }, 120s));
  EXPECT_EQ(replicas(), 3);
}

TEST_F(AutoscalerActors, AllOfThemAskANodeOnceForWhatItUses) {
  start(33);
  make("100m", 3, 3, 6);
  // Nine more look after the same pods by amounts, as if each had its own.
  std::vector<Write> writes;
  for (int i = 0; i < 9; ++i) {
    auto another =
        find(kinds::kHorizontalPodAutoscaler, "default", "web")->as<autoscaling::HorizontalPodAutoscaler>();
    another.clear_metadata();
    another.mutable_metadata()->set_name("web-" + std::to_string(i));
    another.mutable_metadata()->set_namespace_("default");
    writes.push_back(Write::create(kinds::kHorizontalPodAutoscaler, another));
  }
  for (const auto& outcome : write(writes)) ASSERT_FALSE(outcome.error) << outcome.error->message;
  ASSERT_TRUE(until([&] { return ready_pods() == 3; }, 60s));
  world->run_for(30s);
  std::map<std::string, int> asked;  // by node
  int decided = 0;
  on_step = [&](std::string_view actor, std::string_view what) {
    if (what.find("ReadNodeUse") != std::string_view::npos) ++asked[std::string(actor)];
    if (what.find("ReadPodUses") != std::string_view::npos) ++decided;
  };
  world->run_for(150s);
  on_step = nullptr;
  EXPECT_GE(decided, 90) << "ten of them, every 15 s";
  int most = 0;
  for (const auto& [actor, times] : asked) most = std::max(most, times);
  EXPECT_GE(most, 9);
  EXPECT_LE(most, 11) << "every 15 s, not for each of them";
}

}  // namespace
}  // namespace kabuki::controllers

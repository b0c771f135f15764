#include "actors/controllers/replication_controller.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/replication_controller.pb.h"
#include "messages/encode.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing {
namespace {

using actors::Write;

TEST(ReplicationController, GoesByTheCodeOfReplicaSets) {
  core::ReplicationController rc;
  rc.mutable_metadata()->set_name("web");
  rc.mutable_metadata()->set_namespace_("default");
  rc.mutable_metadata()->set_uid("rc-uid");
  rc.mutable_spec()->set_replicas(2);
  (*rc.mutable_spec()->mutable_selector())["app"] = "web";
  (*rc.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "web";
  View view(View::kControllers | View::kPods);
  const auto object = Object::encode(kinds::kReplicationController, rc, 4);
  view.put(object);
  core::Pod orphan;
  orphan.mutable_metadata()->set_name("web-1");
  orphan.mutable_metadata()->set_namespace_("default");
  (*orphan.mutable_metadata()->mutable_labels())["app"] = "web";
  view.put(Object::encode(kinds::kPod, orphan, 5));
  const Plan plan =
      reconcile_replication_controller(view, {kinds::kReplicationController, "default", "web"}, {{1}, {}});
  ASSERT_EQ(plan.steps.size(), 3u);
  EXPECT_EQ(plan.steps[0].write.key.name, "web-1");
  EXPECT_EQ(plan.steps[1].write.verb, bus::WriteObjects::CREATE);
  const auto made = plan.steps[1].write.object->as<core::Pod>();
  EXPECT_EQ(made.metadata().ownerreferences(0).kind(), "ReplicationController");
  EXPECT_EQ(made.metadata().ownerreferences(0).apiversion(), "v1");
  EXPECT_EQ(plan.steps[2].write.object->as<core::ReplicationController>().status().replicas(), 1);
}

TEST(ReplicationControllerConvergence, EndsWithAsManyPodsAsAskedFor) {
  WorkloadSim sim(3, {replication_controller()});
  core::ReplicationController rc;
  rc.mutable_metadata()->set_name("web");
  rc.mutable_metadata()->set_namespace_("default");
  rc.mutable_spec()->set_replicas(5);
  (*rc.mutable_spec()->mutable_selector())["app"] = "web";
  (*rc.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "web";
  sim.api.create(Write::create(kinds::kReplicationController, rc));
  sim.run(200, {.host = {.deliver = 0.4, .refuse = 0.15, .lose = 0.1, .answer = 0.5}, .crash = 0.02});
  ASSERT_TRUE(sim.settle(2000));
  EXPECT_EQ(sim.names(kinds::kPod).size(), 5u);
  const auto status = sim.api.all(kinds::kReplicationController)[0]->as<core::ReplicationController>().status();
  EXPECT_EQ(status.availablereplicas(), 5);
  EXPECT_EQ(sim.writes_at_rest(50), 0u);
}

}  // namespace
}  // namespace kabuki::controllers::testing

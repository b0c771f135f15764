#include "actors/controllers/cluster_classes.hpp"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/api/scheduling/v1/priority_class.pb.h"
#include "messages/api/storage/v1/storage_class.pb.h"
#include "tests/actors/controllers/cluster_sim.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;

TEST(ClusterClasses, AreMadeWhereTheyAreMissing) {
  View view;
  auto makes = [&](const Key& key) {
    const Plan plan = reconcile_cluster_class(view, key, {});
    return plan.steps.empty() ? std::string() : std::string(plan.steps[0].write.object->name());
  };
  EXPECT_EQ(makes({kinds::kPriorityClass, "", "system-node-critical"}), "system-node-critical");
  EXPECT_EQ(makes({kinds::kPriorityClass, "", "mine"}), "");
  EXPECT_EQ(makes({kinds::kStorageClass, "", "standard"}), "standard");
  view.put(Object::make(kinds::kStorageClass, "", "gold", 1, ""));
  EXPECT_EQ(makes({kinds::kStorageClass, "", "standard"}), "") << "somebody has chosen classes";
  view.put(Object::make(kinds::kPriorityClass, "", "system-node-critical", 1, ""));
  EXPECT_EQ(makes({kinds::kPriorityClass, "", "system-node-critical"}), "");
}

/// Limits, quotas and volumes in a whole simulated cluster.
struct LimitsCluster : ClusterSim {
  static core::Pod pod(const std::string& name) {
    core::Pod pod;
    pod.mutable_metadata()->set_name(name);
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_spec()->add_containers()->set_name("app");
    pod.mutable_spec()->mutable_containers(0)->set_image("nginx");
    return pod;
  }
  std::string used(const std::string& resource) {
    const ObjectPtr object = find(kinds::kResourceQuota, "default", "q");
    if (!object) return "no quota";
    const auto quota = object->as<core::ResourceQuota>();
    const auto it = quota.status().used().find(resource);
    return it == quota.status().used().end() ? "none" : it->second.string();
  }
};

TEST_F(LimitsCluster, AStatefulSetRunsWithAClaimForEachPod) {
  start(31);
  ASSERT_TRUE(namespace_is_ready());
  ASSERT_TRUE(until([&] { return find(kinds::kStorageClass, "", "standard") != nullptr; }, 60s));
  ::k8s::io::api::apps::v1::StatefulSet set;
  set.mutable_metadata()->set_name("db");
  set.mutable_metadata()->set_namespace_("default");
  set.mutable_spec()->set_replicas(3);
  set.mutable_spec()->set_servicename("db");
  (*set.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "db";
  auto* model = set.mutable_spec()->mutable_template_();
  (*model->mutable_metadata()->mutable_labels())["app"] = "db";
  *model->mutable_spec() = pod("x").spec();
  auto* claim = set.mutable_spec()->add_volumeclaimtemplates();
  claim->mutable_metadata()->set_name("data");
  claim->mutable_spec()->add_accessmodes("ReadWriteOnce");
  (*claim->mutable_spec()->mutable_resources()->mutable_requests())["storage"].set_string("1Gi");
  const auto made = write({Write::create(kinds::kStatefulSet, set)});
  ASSERT_FALSE(made[0].error) << made[0].error->message;
  world->run_for(3s);
  kill("host-1/controllers/volume-binder");
  ASSERT_TRUE(until([&] { return ready_pods() == 3; }, 300s));
  for (const ObjectPtr& object : list(kinds::kPersistentVolumeClaim)) {
    EXPECT_EQ(object->as<core::PersistentVolumeClaim>().status().phase(), "Bound");
  }
  EXPECT_EQ(list(kinds::kPersistentVolume).size(), 3u);

  // A claim in use stays until its pod has gone; what was made for it goes with it.
  write({Write::remove(*find(kinds::kPersistentVolumeClaim, "default", "data-db-0"))});
  world->run_for(10s);
  EXPECT_TRUE(find(kinds::kPersistentVolumeClaim, "default", "data-db-0"));
  write({Write::remove(*find(kinds::kStatefulSet, "default", "db"))});
  EXPECT_TRUE(until(
      [&] {
        return list(kinds::kPod).empty() && list(kinds::kPersistentVolumeClaim).size() == 2 &&
               list(kinds::kPersistentVolume).size() == 2;
      },
      300s));
}

TEST_F(LimitsCluster, ADeploymentTellsThatAQuotaForbidsItsPods) {
  start(33);
  ASSERT_TRUE(namespace_is_ready());
  core::ResourceQuota quota;
  quota.mutable_metadata()->set_name("q");
  quota.mutable_metadata()->set_namespace_("default");
  (*quota.mutable_spec()->mutable_hard())["pods"].set_string("2");
  ASSERT_FALSE(write({Write::create(kinds::kResourceQuota, quota)})[0].error);
  ASSERT_TRUE(until([&] { return used("pods") == "0"; }, 60s));
  create(4);
  auto failure = [&] {
    const ObjectPtr object = find(kinds::kDeployment, "default", "web");
    const auto d = object->as<::k8s::io::api::apps::v1::Deployment>();
    for (const auto& one : d.status().conditions()) {
      if (one.type() == "ReplicaFailure") return one.reason() + ": " + one.message();
    }
    return std::string();
  };
  ASSERT_TRUE(until([&] { return ready_pods() == 2 && !failure().empty(); }, 120s));
  EXPECT_THAT(failure(), ::testing::HasSubstr("FailedCreate: pods \"web-"));
  EXPECT_THAT(failure(), ::testing::HasSubstr("is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, "
                                              "limited: pods=2"));
  write({Write::remove(*find(kinds::kResourceQuota, "default", "q"))});
  EXPECT_TRUE(until([&] { return ready_pods() == 4 && failure().empty(); }, 180s)) << failure();
}

TEST_F(LimitsCluster, NoMorePodsComeToBeThanTheQuotaAllows) {
  start(32);
  ASSERT_TRUE(namespace_is_ready());
  core::ResourceQuota quota;
  quota.mutable_metadata()->set_name("q");
  quota.mutable_metadata()->set_namespace_("default");
  (*quota.mutable_spec()->mutable_hard())["pods"].set_string("5");
  ASSERT_FALSE(write({Write::create(kinds::kResourceQuota, quota)})[0].error);
  ASSERT_TRUE(until([&] { return used("pods") == "0"; }, 60s));
  std::vector<Write> many;
  for (int i = 0; i < 20; ++i) many.push_back(Write::create(kinds::kPod, pod("p" + std::to_string(i))));
  int refused = 0;
  for (const auto& outcome : write(many)) {
    if (!outcome.error) continue;
    ++refused;
    EXPECT_EQ(outcome.error->code, 403);
    EXPECT_THAT(outcome.error->message,
                ::testing::HasSubstr("exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5"));
  }
  EXPECT_EQ(refused, 15);
  EXPECT_EQ(list(kinds::kPod).size(), 5u);
  EXPECT_TRUE(until([&] { return used("pods") == "5" && ready_pods() == 5; }, 60s));
  write({Write::remove(*list(kinds::kPod)[0])});
  EXPECT_TRUE(until([&] { return used("pods") == "4"; }, 120s));
  EXPECT_FALSE(write({Write::create(kinds::kPod, pod("again"))})[0].error);
}

}  // namespace
}  // namespace kabuki::controllers

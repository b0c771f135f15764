#include <gtest/gtest.h>

#include "actors/quota/ledger.hpp"
#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/json.hpp"
#include "messages/meta.hpp"

namespace kabuki::quota {
namespace {

constexpr io::WallTime kNow{1'800'000'000'000'000'000};

std::unique_ptr<google::protobuf::Message> message_of(KindId kind, std::string_view json) {
  std::unique_ptr<google::protobuf::Message> message(kind_of(kind).make());
  auto decoded = decode_json(json, message.get());
  EXPECT_TRUE(decoded.ok()) << json;
  return message;
}
std::string usage(KindId kind, std::string_view json) {
  return text_of(usage_of(kind_of(kind), *message_of(kind, json), kNow));
}
ObjectPtr quota_of(const std::string& spec, const std::string& hard, const std::string& used) {
  auto message = message_of(kinds::kResourceQuota, R"({"metadata":{"name":"q","namespace":"shop"},"spec":{)" + spec +
                                                       R"(},"status":{"hard":)" + hard + R"(,"used":)" + used + "}}");
  return Object::encode(kinds::kResourceQuota, *message, 5);
}

TEST(QuotaUsage, OfPodsIsWhatTheyRequestWhileTheyLast) {
  EXPECT_EQ(usage(kinds::kPod, R"({"spec":{"containers":[
      {"name":"a","resources":{"requests":{"cpu":"100m","memory":"1Gi","example.com/gpu":"2"},"limits":{"cpu":"1"}}},
      {"name":"b","resources":{"requests":{"cpu":"200m"}}}],
      "initContainers":[{"name":"i","resources":{"requests":{"cpu":"500m"}}}],"overhead":{"cpu":"50m"}}})"),
            "count/pods=1,cpu=550m,limits.cpu=1050m,memory=1Gi,pods=1,requests.cpu=550m,requests.example.com/gpu=2,"
            "requests.memory=1Gi");
  EXPECT_EQ(usage(kinds::kPod, R"({"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"1"}}}]},
      "status":{"phase":"Succeeded"}})"),
            "count/pods=1");
  EXPECT_EQ(usage(kinds::kPod, R"({"metadata":{"deletionTimestamp":"2020-01-01T00:00:00Z",
      "deletionGracePeriodSeconds":30},"spec":{"containers":[]}})"),
            "count/pods=1");
}

TEST(QuotaUsage, OfOtherKinds) {
  EXPECT_EQ(usage(kinds::kService, R"({"spec":{"type":"NodePort","ports":[{"port":1},{"port":2}]}})"),
            "count/services=1,services=1,services.loadbalancers=0,services.nodeports=2");
  EXPECT_EQ(usage(kinds::kService, R"({"spec":{"type":"LoadBalancer","ports":[{"port":1}]}})"),
            "count/services=1,services=1,services.loadbalancers=1,services.nodeports=1");
  EXPECT_EQ(usage(kinds::kService, R"({"spec":{"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,
      "ports":[{"port":1}]}})"),
            "count/services=1,services=1,services.loadbalancers=1,services.nodeports=0");
  EXPECT_EQ(usage(kinds::kPersistentVolumeClaim,
                  R"({"spec":{"storageClassName":"gold","resources":{"requests":{"storage":"3Gi"}}}})"),
            "count/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,"
            "gold.storageclass.storage.k8s.io/requests.storage=3Gi,persistentvolumeclaims=1,requests.storage=3Gi");
  EXPECT_EQ(usage(kinds::kConfigMap, "{}"), "configmaps=1,count/configmaps=1");
  EXPECT_EQ(usage(kinds::kDeployment, "{}"), "count/deployments.apps=1");
}

TEST(QuotaScopes, SelectPods) {
  struct Row {
    const char *scopes, *pod;
    bool matches;
  };
  const char* burst =
      R"({"spec":{"priorityClassName":"vip","containers":[{"name":"a","resources":{"requests":{"cpu":"1"}}}]}})";
  const char* plain = R"({"spec":{"activeDeadlineSeconds":5,"containers":[{"name":"a"}]}})";
  auto selector = [](const char* expression) {
    return std::string(R"("scopeSelector":{"matchExpressions":[)") + expression + "]}";
  };
  const std::string in = selector(R"({"scopeName":"PriorityClass","operator":"In","values":["vip"]})");
  const std::string not_in = selector(R"({"scopeName":"PriorityClass","operator":"NotIn","values":["vip"]})");
  const std::string none = selector(R"({"scopeName":"PriorityClass","operator":"DoesNotExist"})");
  const Row rows[] = {
      {R"("scopes":["BestEffort"])", burst, false},
      {R"("scopes":["BestEffort"])", plain, true},
      {R"("scopes":["NotBestEffort"])", burst, true},
      {R"("scopes":["NotBestEffort"])", plain, false},
      {R"("scopes":["Terminating"])", burst, false},
      {R"("scopes":["Terminating"])", plain, true},
      {R"("scopes":["NotTerminating"])", burst, true},
      {R"("scopes":["NotTerminating"])", plain, false},
      {R"("scopes":["PriorityClass"])", burst, true},
      {R"("scopes":["PriorityClass"])", plain, false},
      {in.c_str(), burst, true},
      {in.c_str(), plain, false},
      {not_in.c_str(), burst, false},
      {not_in.c_str(), plain, true},
      {none.c_str(), burst, false},
      {none.c_str(), plain, true},
      {R"("scopes":["Terminating","BestEffort"])", plain, true},
      {"", burst, true},
  };
  for (const Row& row : rows) {
    const auto quota = quota_of(row.scopes, "{}", "{}")->as<ResourceQuota>();
    EXPECT_EQ(in_scopes(quota.spec(), kind_of(kinds::kPod), *message_of(kinds::kPod, row.pod)), row.matches)
        << row.scopes << row.pod;
  }
  const auto quota = quota_of(R"("scopes":["NotTerminating"])", "{}", "{}")->as<ResourceQuota>();
  EXPECT_FALSE(in_scopes(quota.spec(), kind_of(kinds::kConfigMap), *message_of(kinds::kConfigMap, "{}")));
}

TEST(QuotaScopes, OfClaimsAreTheClassesOfTheirAttributes) {
  struct Row {
    const char *expression, *claim;
    bool matches;
  };
  const char* gold = R"({"spec":{"volumeAttributesClassName":"gold"}})";
  const char* getting = R"({"spec":{"volumeAttributesClassName":"silver"},
      "status":{"modifyVolumeStatus":{"targetVolumeAttributesClassName":"gold"}}})";
  const char* had = R"({"spec":{"volumeAttributesClassName":"silver"},
      "status":{"currentVolumeAttributesClassName":"gold"}})";
  const char* silver = R"({"spec":{"volumeAttributesClassName":"silver"}})";
  const char* plain = "{}";
  const char* in = R"("operator":"In","values":["gold"])";
  const char* not_in = R"("operator":"NotIn","values":["gold"])";
  const Row rows[] = {{in, gold, true},
                      {in, getting, true},
                      {in, had, true},
                      {in, silver, false},
                      {in, plain, false},
                      {not_in, gold, false},
                      {not_in, silver, true},
                      {not_in, plain, true},
                      {R"("operator":"Exists")", silver, true},
                      {R"("operator":"Exists")", plain, false},
                      {R"("operator":"DoesNotExist")", plain, true},
                      {R"("operator":"DoesNotExist")", gold, false}};
  for (const Row& row : rows) {
    const auto quota = quota_of(std::string(R"("scopeSelector":{"matchExpressions":[{)") +
                                    R"("scopeName":"VolumeAttributesClass",)" + row.expression + "}]}",
                                "{}", "{}")
                           ->as<ResourceQuota>();
    const Kind& claims = kind_of(kinds::kPersistentVolumeClaim);
    EXPECT_EQ(in_scopes(quota.spec(), claims, *message_of(claims.id, row.claim)), row.matches)
        << row.expression << row.claim;
    EXPECT_FALSE(in_scopes(quota.spec(), kind_of(kinds::kPod), *message_of(kinds::kPod, "{}")));
  }
  const auto of_pods = quota_of(R"("scopes":["BestEffort"])", "{}", "{}")->as<ResourceQuota>();
  EXPECT_FALSE(in_scopes(of_pods.spec(), kind_of(kinds::kPersistentVolumeClaim),
                         *message_of(kinds::kPersistentVolumeClaim, gold)));
}

std::string refusal(const ObjectPtr& quota, KindId kind, const std::string& json) {
  const auto object = message_of(kind, json);
  const auto checked = Ledger(quota).check(kind_of(kind), *object, usage_of(kind_of(kind), *object, kNow));
  return checked ? "takes " + text_of(*checked)
                 : std::to_string(checked.error().code) + " " + checked.error().message;
}

TEST(QuotaLedger, RefusesInKubernetesWords) {
  const std::string pod = R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","resources":{
      "requests":{"cpu":"600m","memory":"1Gi"}}}]}})";
  EXPECT_EQ(refusal(quota_of("", R"({"pods":"2","requests.cpu":"1"})", R"({"pods":"1","requests.cpu":"300m"})"),
                    kinds::kPod, pod),
            "takes pods=1,requests.cpu=600m");
  EXPECT_EQ(refusal(quota_of("", R"({"pods":"2","requests.cpu":"1"})", R"({"pods":"2","requests.cpu":"500m"})"),
                    kinds::kPod, pod),
            "403 pods \"a\" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=600m, used: "
            "pods=2,requests.cpu=500m, limited: pods=2,requests.cpu=1");
  EXPECT_EQ(refusal(quota_of("", R"({"limits.cpu":"2","limits.memory":"2Gi"})", "{}"), kinds::kPod, pod),
            "403 pods \"a\" is forbidden: failed quota: q: must specify limits.cpu for: c; limits.memory for: c");
  EXPECT_EQ(refusal(quota_of("", R"({"pods":"2"})", "{}"), kinds::kPod, pod),
            "403 pods \"a\" is forbidden: status unknown for quota: q, resources: pods");
  EXPECT_EQ(refusal(quota_of("", R"({"configmaps":"1"})", R"({"configmaps":"1"})"), kinds::kPod, pod), "takes ");
  EXPECT_EQ(
      refusal(quota_of("", R"({"count/deployments.apps":"1"})", R"({"count/deployments.apps":"1"})"),
              kinds::kDeployment, R"({"metadata":{"name":"web"}})"),
      "403 deployments.apps \"web\" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: "
      "count/deployments.apps=1, limited: count/deployments.apps=1");
}

TEST(QuotaLedger, KeepsReservationsThroughItsBytes) {
  Ledger ledger(quota_of("", R"({"pods":"5"})", R"({"pods":"1"})"));
  const Reservation one{.id = "x1",
                        .key = {kinds::kPod, "shop", "a"},
                        .uid = "u",
                        .until = 100,
                        .amounts = {{"pods", Quantity::of_value(1)}, {"requests.cpu", Quantity::of_milli(250)}}};
  Reservation two = one;
  two.id = "x2";
  two.base_revision = 7;
  two.until = 200;
  ledger.reserve(one);
  ledger.reserve(two);
  Ledger again(Object::at_revision(*ledger.encode(), 6));
  EXPECT_EQ(again.reserved(), (std::vector<Reservation>{one, two}));
  EXPECT_EQ(again.used().at("pods"), Quantity::of_value(3));
  EXPECT_TRUE(again.release("x1"));
  EXPECT_FALSE(again.release("x1")) << "nothing is taken back twice";
  EXPECT_EQ(again.used().at("pods"), Quantity::of_value(2));
  again.forget_expired(201);
  EXPECT_TRUE(again.reserved().empty());
  EXPECT_EQ(again.used().at("pods"), Quantity::of_value(2)) << "what is forgotten counts until it is recounted";
  EXPECT_EQ(read_reservations("nonsense;a,b;,,,,,", "shop").size(), 0u);
}

}  // namespace
}  // namespace kabuki::quota

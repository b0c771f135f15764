#include <google/protobuf/message.h>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "messages/default_rules.hpp"
#include "messages/defaults.hpp"
#include "messages/json.hpp"
#include "tests/messages/json_test_support.hpp"

namespace kabuki {
namespace {

using Json = nlohmann::json;

struct Example {
  KindId kind;
  const char* given;
  const char* added;  // a merge patch of what is given
};

const Example kExamples[] = {
    {kinds::kDaemonSet, R"({"spec":{}})",
     R"({"spec":{"revisionHistoryLimit":10,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":)"
     R"({"maxUnavailable":1,"maxSurge":0}}}})"},
    {kinds::kDaemonSet, R"({"spec":{"updateStrategy":{"type":"OnDelete"},"revisionHistoryLimit":0}})", "{}"},
    {kinds::kStatefulSet, R"({"spec":{"volumeClaimTemplates":[{"metadata":{"name":"data"}}]}})",
     R"({"spec":{"replicas":1,"revisionHistoryLimit":10,"podManagementPolicy":"OrderedReady","updateStrategy":)"
     R"({"type":"RollingUpdate","rollingUpdate":{"partition":0}},"persistentVolumeClaimRetentionPolicy":)"
     R"({"whenDeleted":"Retain","whenScaled":"Retain"},"volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":)"
     R"({"volumeMode":"Filesystem"},"status":{"phase":"Pending"}}]}})"},
    {kinds::kStatefulSet,
     R"({"spec":{"replicas":0,"revisionHistoryLimit":3,"podManagementPolicy":"Parallel","updateStrategy":{"type":"OnDelete"},)"
     R"("persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete"}}})",
     R"({"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Retain"}}})"},
    {kinds::kJob, R"({"metadata":{"name":"x","uid":"u"},"spec":{}})",
     R"({"metadata":{"labels":{"controller-uid":"u","job-name":"x","batch.kubernetes.io/controller-uid":"u",)"
     R"("batch.kubernetes.io/job-name":"x"}},"spec":{"completions":1,"parallelism":1,"backoffLimit":6,"completionMode":)"
     R"("NonIndexed","suspend":false,"podReplacementPolicy":"TerminatingOrFailed","selector":{"matchLabels":)"
     R"({"batch.kubernetes.io/controller-uid":"u"}},"template":{"metadata":{"labels":{"controller-uid":"u",)"
     R"("job-name":"x","batch.kubernetes.io/controller-uid":"u","batch.kubernetes.io/job-name":"x"}}}}})"},
    {kinds::kJob,
     R"({"spec":{"parallelism":3,"backoffLimitPerIndex":1,"podFailurePolicy":{"rules":[{"action":"Ignore",)"
     R"("onPodConditions":[{"type":"DisruptionTarget"}]}]},"manualSelector":true}})",
     R"({"spec":{"backoffLimit":2147483647,"completionMode":"NonIndexed","suspend":false,"podReplacementPolicy":"Failed",)"
     R"("podFailurePolicy":{"rules":[{"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget","status":"True"}]}]}}})"},
    {kinds::kCronJob, R"({"spec":{"schedule":"@daily"}})",
     R"({"spec":{"concurrencyPolicy":"Allow","suspend":false,"successfulJobsHistoryLimit":3,"failedJobsHistoryLimit":1}})"},
    {kinds::kHorizontalPodAutoscaler, R"({"spec":{"maxReplicas":3,"behavior":{}}})",
     R"({"spec":{"minReplicas":1,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization",)"
     R"("averageUtilization":80}}}],"behavior":{"scaleUp":{"stabilizationWindowSeconds":0,"selectPolicy":"Max","policies":)"
     R"([{"type":"Pods","value":4,"periodSeconds":15},{"type":"Percent","value":100,"periodSeconds":15}]},"scaleDown":)"
     R"({"selectPolicy":"Max","policies":[{"type":"Percent","value":100,"periodSeconds":15}]}}}})"},
    {kinds::kReplicationController, R"({"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}})",
     R"({"metadata":{"labels":{"a":"b"}},"spec":{"replicas":1,"selector":{"a":"b"}}})"},
    {kinds::kLimitRange, R"({"spec":{"limits":[{"type":"Container","max":{"cpu":"2"},"min":{"memory":"1Gi"}}]}})",
     R"({"spec":{"limits":[{"type":"Container","max":{"cpu":"2"},"min":{"memory":"1Gi"},"default":{"cpu":"2"},)"
     R"("defaultRequest":{"cpu":"2","memory":"1Gi"}}]}})"},
    {kinds::kEndpoints, R"({"subsets":[{"ports":[{"port":80}]}]})",
     R"({"subsets":[{"ports":[{"port":80,"protocol":"TCP"}]}]})"},
    {kinds::kEndpointSlice, R"({"addressType":"IPv4","endpoints":[],"ports":[{"port":80}]})",
     R"({"ports":[{"port":80,"protocol":"TCP","name":""}]})"},
    {kinds::kNetworkPolicy, R"({"spec":{"podSelector":{},"egress":[{"ports":[{"port":53}]}]}})",
     R"({"spec":{"policyTypes":["Ingress","Egress"],"egress":[{"ports":[{"port":53,"protocol":"TCP"}]}]}})"},
    {kinds::kNetworkPolicy, R"({"spec":{"podSelector":{},"policyTypes":["Egress"]}})", "{}"},
    {kinds::kIngressClass, R"({"spec":{"parameters":{"kind":"K","name":"n"}}})",
     R"({"spec":{"parameters":{"scope":"Cluster"}}})"},
    {kinds::kPersistentVolume, R"({"spec":{"hostPath":{"path":"/d"}}})",
     R"({"spec":{"hostPath":{"type":""},"persistentVolumeReclaimPolicy":"Retain","volumeMode":"Filesystem"},)"
     R"("status":{"phase":"Pending"}})"},
    {kinds::kPersistentVolumeClaim, R"({"spec":{"dataSource":{"kind":"PersistentVolumeClaim","name":"d"}}})",
     R"({"spec":{"volumeMode":"Filesystem","dataSourceRef":{"kind":"PersistentVolumeClaim","name":"d"}},)"
     R"("status":{"phase":"Pending"}})"},
    {kinds::kStorageClass, R"({"provisioner":"p"})", R"({"reclaimPolicy":"Delete","volumeBindingMode":"Immediate"})"},
    {kinds::kCSIDriver, R"({"spec":{"podInfoOnMount":true}})",
     R"({"spec":{"attachRequired":true,"storageCapacity":false,"fsGroupPolicy":"ReadWriteOnceWithFSType",)"
     R"("volumeLifecycleModes":["Persistent"],"requiresRepublish":false,"seLinuxMount":false}})"},
    {kinds::kRoleBinding,
     R"({"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"},{"kind":"ServiceAccount","name":"s"}]})",
     R"({"roleRef":{"apiGroup":"rbac.authorization.k8s.io"},"subjects":[{"kind":"User","name":"u","apiGroup":)"
     R"("rbac.authorization.k8s.io"},{"kind":"ServiceAccount","name":"s"}]})"},
    {kinds::kPriorityClass, R"({"value":1})", R"({"preemptionPolicy":"PreemptLowerPriority"})"},
    {kinds::kValidatingWebhookConfiguration,
     R"({"webhooks":[{"name":"a.b.c","clientConfig":{"service":{"namespace":"n","name":"s"}},"rules":[{"operations":["*"]}]}]})",
     R"({"webhooks":[{"name":"a.b.c","clientConfig":{"service":{"namespace":"n","name":"s","port":443}},"rules":[)"
     R"({"operations":["*"],"scope":"*"}],"failurePolicy":"Fail","matchPolicy":"Equivalent","namespaceSelector":{},)"
     R"("objectSelector":{},"timeoutSeconds":10}]})"},
    {kinds::kMutatingWebhookConfiguration, R"({"webhooks":[{"name":"a.b.c","timeoutSeconds":3}]})",
     R"({"webhooks":[{"name":"a.b.c","failurePolicy":"Fail","matchPolicy":"Equivalent","namespaceSelector":{},)"
     R"("objectSelector":{},"timeoutSeconds":3,"reinvocationPolicy":"Never"}]})"},
    {kinds::kValidatingAdmissionPolicy, R"({"spec":{"matchConstraints":{"resourceRules":[{"operations":["*"]}]}}})",
     R"({"spec":{"failurePolicy":"Fail","matchConstraints":{"matchPolicy":"Equivalent","namespaceSelector":{},)"
     R"("objectSelector":{},"resourceRules":[{"operations":["*"],"scope":"*"}]}}})"},
    {kinds::kCustomResourceDefinition, R"({"spec":{"names":{"plural":"webs","kind":"Web"}}})",
     R"({"spec":{"names":{"singular":"web","listKind":"WebList"},"conversion":{"strategy":"None"}}})"},
    {kinds::kAPIService, R"({"spec":{"service":{"name":"s"}}})", R"({"spec":{"service":{"port":443}}})"},
    {kinds::kFlowSchema, R"({"spec":{}})", R"({"spec":{"matchingPrecedence":1000}})"},
    {kinds::kPriorityLevelConfiguration,
     R"({"spec":{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":1}}}}})",
     R"({"spec":{"limited":{"nominalConcurrencyShares":30,"lendablePercent":0,"limitResponse":{"queuing":{"handSize":8,)"
     R"("queueLengthLimit":50}}}}})"},
    {kinds::kPriorityLevelConfiguration, R"({"spec":{"type":"Exempt"}})",
     R"({"spec":{"exempt":{"nominalConcurrencyShares":0,"lendablePercent":0}}})"},
    {kinds::kResourceClaim,
     R"({"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"c","tolerations":[{"key":"k"}]}}]}}})",
     R"({"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"c","allocationMode":"ExactCount",)"
     R"("count":1,"tolerations":[{"key":"k","operator":"Equal"}]}}]}}})"},
};

Json with_defaults(KindId id, const Json& given) {
  std::unique_ptr<google::protobuf::Message> object(kind_of(id).make());
  EXPECT_EQ(decode_outcome(given.dump(), object.get()), "ok");
  apply_defaults(kind_of(id), object.get());
  std::string out;
  encode_json(*object, &out);
  return Json::parse(out);
}

/// As JSON is written of it, without the defaults of its pods, which have tests of their own.
Json written(KindId id, const Json& object) {
  std::unique_ptr<google::protobuf::Message> message(kind_of(id).make());
  EXPECT_EQ(decode_outcome(object.dump(), message.get()), "ok");
  std::string out;
  encode_json(*message, &out);
  return Json::parse(out);
}

Json without_pods(Json object) {
  for (const char* path : {"/spec/template/spec", "/spec/jobTemplate/spec/template/spec"}) {
    const Json::json_pointer pointer(path);
    if (object.contains(pointer)) object[pointer] = nullptr;
  }
  return object;
}

TEST(DefaultTable, FillsInWhatKubernetesFillsInAndNothingElse) {
  for (const Example& example : kExamples) {
    const Json given = Json::parse(example.given);
    Json expected = given;
    expected.merge_patch(Json::parse(example.added));
    EXPECT_EQ(without_pods(with_defaults(example.kind, given)), without_pods(written(example.kind, expected)))
        << kind_of(example.kind).kind << " " << example.given;
  }
}

TEST(DefaultTable, IsAppliedOnce) {
  for (const Example& example : kExamples) {
    const Json once = with_defaults(example.kind, Json::parse(example.given));
    EXPECT_EQ(with_defaults(example.kind, once), once) << kind_of(example.kind).kind;
  }
}

TEST(DefaultTable, NamesEachDefaultOnce) {
  std::set<std::string> seen;
  for (const DefaultRule& rule : default_rules()) {
    EXPECT_TRUE(seen.insert(kind_of(rule.kind).kind + " " + rule.path + " " + rule.when).second)
        << kind_of(rule.kind).kind << " " << rule.path;
  }
}

}  // namespace
}  // namespace kabuki

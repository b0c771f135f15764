#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "actors/api_server/table/table.hpp"
#include "messages/json.hpp"
#include "messages/meta.hpp"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

// 2026-11-23T00:10:00Z, ten minutes after the objects of these tests were created.
constexpr io::WallTime kNow{1'795'392'600LL * 1'000'000'000};

/// The cells of one object, joined by " | ".
std::string cells(KindId id, const std::string& json) {
  std::unique_ptr<google::protobuf::Message> message(kind_of(id).make());
  auto decoded = decode_json(json, message.get());
  EXPECT_TRUE(decoded.ok()) << (decoded.ok() ? "" : decoded.error().message);
  ObjectMeta* meta = mutable_meta(message.get());
  if (meta->name().empty()) meta->set_name("x");
  meta->mutable_creationtimestamp()->set_seconds(kNow.seconds() - 600);
  TableOptions options;
  options.now = kNow;
  std::string out, text;
  encode_table_json(kind_of(id), std::vector<ObjectPtr>{Object::encode(id, *message, 7)}, options, &text);
  const Json table = Json::parse(text);
  for (const Json& cell : table["rows"][0]["cells"]) {
    if (!out.empty()) out += " | ";
    out += cell.is_string() ? cell.get<std::string>() : cell.dump();
  }
  return out;
}

struct Example {
  KindId kind;
  const char* object;
  const char* cells;
};

const Example kExamples[] = {
    {kinds::kReplicationController,
     R"({"spec":{"replicas":3,"selector":{"b":"2","a":"1"},"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}},)"
     R"("status":{"replicas":2,"readyReplicas":1}})",
     "x | 3 | 2 | 1 | 10m | c | i | a=1,b=2"},
    {kinds::kDaemonSet,
     R"({"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"nodeSelector":{"disk":"ssd"},"containers":)"
     R"([{"name":"c","image":"i"},{"name":"d","image":"j"}]}}},"status":{"desiredNumberScheduled":5,)"
     R"("currentNumberScheduled":4,"numberReady":3,"updatedNumberScheduled":2,"numberAvailable":1}})",
     "x | 5 | 4 | 3 | 2 | 1 | disk=ssd | 10m | c,d | i,j | a=b"},
    {kinds::kStatefulSet,
     R"({"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}},"status":{"readyReplicas":2}})",
     "x | 2/3 | 10m | c | i"},
    {kinds::kPodTemplate,
     R"({"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}})",
     "x | c | i | a=b"},
    {kinds::kControllerRevision,
     R"({"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"u",)"
     R"("controller":true}]},"revision":4})",
     "x | statefulset.apps/web | 4 | 10m"},
    {kinds::kControllerRevision, R"({"revision":1})", "x | <none> | 1 | 10m"},
    {kinds::kJob,
     R"({"spec":{"completions":3,"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"containers":[{"name":"c",)"
     R"("image":"i"}]}}},"status":{"succeeded":1,"startTime":"2026-11-23T00:08:00Z"}})",
     "x | Running | 1/3 | 2m | 10m | c | i | a=b"},
    {kinds::kJob,
     R"({"spec":{"parallelism":2},"status":{"succeeded":1,"startTime":"2026-11-23T00:00:00Z",)"
     R"("completionTime":"2026-11-23T00:00:45Z","conditions":[{"type":"Complete","status":"True"}]}})",
     "x | Complete | 1/1 of 2 | 45s | 10m |  |  | <none>"},
    {kinds::kJob, R"({"status":{"conditions":[{"type":"Suspended","status":"True"}]}})",
     "x | Suspended | 0/1 |  | 10m |  |  | <none>"},
    {kinds::kCronJob,
     R"({"spec":{"schedule":"*/5 * * * *","timeZone":"Etc/UTC","suspend":false,"jobTemplate":{"spec":{"template":)"
     R"({"spec":{"containers":[{"name":"c","image":"i"}]}}}}},"status":{"active":[{"name":"a"}],)"
     R"("lastScheduleTime":"2026-11-23T00:05:00Z"}})",
     "x | */5 * * * * | Etc/UTC | False | 1 | 5m | 10m | c | i | <none>"},
    {kinds::kCronJob, R"({"spec":{"schedule":"@daily","suspend":true}})",
     "x | @daily | <none> | True | 0 | <none> | 10m |  |  | <none>"},
    {kinds::kHorizontalPodAutoscaler,
     R"({"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},"minReplicas":2,"maxReplicas":9,"metrics":[)"
     R"({"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}},)"
     R"({"type":"Pods","pods":{"metric":{"name":"m"},"target":{"type":"AverageValue","averageValue":"100m"}}},)"
     R"({"type":"External","external":{"metric":{"name":"q"},"target":{"type":"Value","value":"5"}}}]},)"
     R"("status":{"currentReplicas":3,"currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":)"
     R"({"averageUtilization":41}}}]}})",
     "x | Deployment/web | cpu: 41%/80%, <unknown>/100m + 1 more... | 2 | 9 | 3 | 10m"},
    {kinds::kHorizontalPodAutoscaler,
     R"({"spec":{"scaleTargetRef":{"kind":"StatefulSet","name":"db"},"maxReplicas":1}})",
     "x | StatefulSet/db | <none> | <unset> | 1 | 0 | 10m"},
    {kinds::kPodDisruptionBudget, R"({"spec":{"minAvailable":"50%"},"status":{"disruptionsAllowed":1}})",
     "x | 50% | N/A | 1 | 10m"},
    {kinds::kPodDisruptionBudget, R"({"spec":{"maxUnavailable":2}})", "x | N/A | 2 | 0 | 10m"},
    {kinds::kResourceQuota,
     R"({"status":{"hard":{"pods":"10","limits.cpu":"4","requests.cpu":"2"},"used":{"pods":"3","limits.cpu":"1500m"}}})",
     "x | pods: 3/10, requests.cpu: 0/2 | limits.cpu: 1500m/4 | 10m"},
    {kinds::kEndpoints,
     R"({"subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}],"ports":[{"port":80},{"port":443}]}]})",
     "x | 10.0.0.1:80,10.0.0.2:80,10.0.0.1:443 + 1 more... | 10m"},
    {kinds::kEndpoints, "{}", "x | <none> | 10m"},
    {kinds::kEndpointSlice,
     R"({"addressType":"IPv4","ports":[{"port":80},{"name":"a"}],"endpoints":[{"addresses":["10.0.0.1"]},)"
     R"({"addresses":["10.0.0.2"]}]})",
     "x | IPv4 | 80,a | 10.0.0.1,10.0.0.2 | 10m"},
    {kinds::kEndpointSlice, R"({"addressType":"IPv6"})", "x | IPv6 | <unset> | <unset> | 10m"},
    {kinds::kIngress,
     R"({"spec":{"ingressClassName":"nginx","tls":[{}],"rules":[{"host":"a"},{"host":"b"},{"host":"c"},{"host":"d"}]},)"
     R"("status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"},{"hostname":"lb.example.com"}]}}})",
     "x | nginx | a,b,c + 1 more... | 1.2.3.4,lb.ex... | 80, 443 | 10m"},
    {kinds::kIngress, "{}", "x | <none> | * |  | 80 | 10m"},
    {kinds::kIngressClass,
     R"({"spec":{"controller":"k8s.io/nginx","parameters":{"apiGroup":"a.b","kind":"Params","name":"p"}}})",
     "x | k8s.io/nginx | Params.a.b/p | 10m"},
    {kinds::kNetworkPolicy, R"({"spec":{"podSelector":{"matchLabels":{"a":"b"}}}})", "x | a=b | 10m"},
    {kinds::kNetworkPolicy, R"({"spec":{"podSelector":{}}})", "x | <none> | 10m"},
    {kinds::kIPAddress, R"({"spec":{"parentRef":{"resource":"services","namespace":"default","name":"web"}}})",
     "x | services/default/web | 10m"},
    {kinds::kServiceCIDR, R"({"spec":{"cidrs":["10.0.0.0/16","fd00::/64"]}})", "x | 10.0.0.0/16,fd00::/64 | 10m"},
    {kinds::kPersistentVolume,
     R"({"spec":{"capacity":{"storage":"5Gi"},"accessModes":["ReadWriteMany","ReadWriteOnce"],)"
     R"("persistentVolumeReclaimPolicy":"Retain","claimRef":{"namespace":"default","name":"data"},)"
     R"("storageClassName":"fast","volumeMode":"Filesystem"},"status":{"phase":"Bound"}})",
     "x | 5Gi | RWO,RWX | Retain | Bound | default/data | fast | <unset> |  | 10m | Filesystem"},
    {kinds::kPersistentVolumeClaim,
     R"({"spec":{"volumeName":"pv-1","storageClassName":"fast","volumeMode":"Block"},"status":{"phase":"Bound",)"
     R"("capacity":{"storage":"5Gi"},"accessModes":["ReadOnlyMany"]}})",
     "x | Bound | pv-1 | 5Gi | ROX | fast | <unset> | 10m | Block"},
    {kinds::kPersistentVolumeClaim, R"({"status":{"phase":"Pending"}})",
     "x | Pending |  |  |  |  | <unset> | 10m | <unset>"},
    {kinds::kStorageClass,
     R"({"metadata":{"annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"p",)"
     R"("reclaimPolicy":"Retain","volumeBindingMode":"WaitForFirstConsumer","allowVolumeExpansion":true})",
     "x (default) | p | Retain | WaitForFirstConsumer | true | 10m"},
    {kinds::kVolumeAttachment,
     R"({"spec":{"attacher":"csi","source":{"persistentVolumeName":"pv-1"},"nodeName":"node-1"},"status":{"attached":true}})",
     "x | csi | pv-1 | node-1 | true | 10m"},
    {kinds::kVolumeAttributesClass, R"({"driverName":"csi"})", "x | csi | 10m"},
    {kinds::kCSIDriver,
     R"({"spec":{"attachRequired":false,"podInfoOnMount":true,"tokenRequests":[{"audience":"a"},{"audience":"b"}],)"
     R"("volumeLifecycleModes":["Persistent","Ephemeral"]}})",
     "x | false | true | false | a,b | false | Persistent,Ephemeral | 10m"},
    {kinds::kCSIDriver, R"({"spec":{}})", "x | true | false | false | <unset> | false | <none> | 10m"},
    {kinds::kCSINode, R"({"spec":{"drivers":[{"name":"a","nodeID":"n"}]}})", "x | 1 | 10m"},
    {kinds::kCSIStorageCapacity, R"({"storageClassName":"fast","capacity":"1Gi"})", "x | fast | 1Gi"},
    {kinds::kRoleBinding,
     R"({"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"ann"},{"kind":"User","name":"bob"},)"
     R"({"kind":"Group","name":"g"},{"kind":"ServiceAccount","namespace":"n","name":"s"}]})",
     "x | Role/r | 10m | ann, bob | g | n/s"},
    {kinds::kClusterRoleBinding, R"({"roleRef":{"kind":"ClusterRole","name":"r"}})",
     "x | ClusterRole/r | 10m |  |  | "},
    {kinds::kPriorityClass, R"({"value":1000,"globalDefault":true,"preemptionPolicy":"Never"})",
     "x | 1000 | true | 10m | Never"},
    {kinds::kRuntimeClass, R"({"handler":"runsc"})", "x | runsc | 10m"},
    {kinds::kCertificateSigningRequest,
     R"({"spec":{"signerName":"s/t","username":"ann","expirationSeconds":3600},"status":{"certificate":"YQ==",)"
     R"("conditions":[{"type":"Approved","status":"True"}]}})",
     "x | 10m | s/t | ann | 60m | Approved,Issued"},
    {kinds::kFlowSchema,
     R"({"spec":{"priorityLevelConfiguration":{"name":"pl"},"matchingPrecedence":500,"distinguisherMethod":)"
     R"({"type":"ByUser"}},"status":{"conditions":[{"type":"Dangling","status":"False"}]}})",
     "x | pl | 500 | ByUser | 10m | False"},
    {kinds::kPriorityLevelConfiguration,
     R"({"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":30,"limitResponse":{"type":"Queue","queuing":)"
     R"({"queues":64,"handSize":8,"queueLengthLimit":50}}}}})",
     "x | Limited | 30 | 64 | 8 | 50 | 10m"},
    {kinds::kPriorityLevelConfiguration, R"({"spec":{"type":"Exempt"}})",
     "x | Exempt | <none> | <none> | <none> | <none> | 10m"},
    {kinds::kMutatingWebhookConfiguration, R"({"webhooks":[{"name":"a"}]})", "x | 1 | 10m"},
    {kinds::kValidatingWebhookConfiguration, "{}", "x | 0 | 10m"},
    {kinds::kMutatingAdmissionPolicy, R"({"spec":{"mutations":[{}]}})", "x | 1 | <unset> | 10m"},
    {kinds::kValidatingAdmissionPolicy,
     R"({"spec":{"validations":[{"expression":"a"}],"paramKind":{"apiVersion":"v1","kind":"ConfigMap"}}})",
     "x | 1 | v1/ConfigMap | 10m"},
    {kinds::kMutatingAdmissionPolicyBinding, R"({"spec":{"policyName":"p"}})", "x | p | <unset> | 10m"},
    {kinds::kValidatingAdmissionPolicyBinding,
     R"({"spec":{"policyName":"p","paramRef":{"namespace":"n","name":"m"}}})", "x | p | n/m | 10m"},
    {kinds::kAPIService,
     R"({"spec":{"service":{"namespace":"n","name":"s"}},"status":{"conditions":[{"type":"Available","status":"False",)"
     R"("reason":"ServiceNotFound"}]}})",
     "x | n/s | False (ServiceNotFound) | 10m"},
    {kinds::kDeviceClass, "{}", "x | 10m"},
    {kinds::kResourceClaim, "{}", "x | pending | 10m"},
    {kinds::kResourceClaim, R"({"status":{"allocation":{},"reservedFor":[{"name":"p"}]}})",
     "x | allocated,reserved | 10m"},
    {kinds::kResourceClaimTemplate, "{}", "x | 10m"},
    {kinds::kResourceSlice, R"({"spec":{"nodeName":"n","driver":"d","pool":{"name":"p"}}})", "x | n | d | p | 10m"},
    {kinds::kRole, "{}", "x | 2026-11-23T00:00:00Z"},
    {kinds::kClusterRole, "{}", "x | 2026-11-23T00:00:00Z"},
    {kinds::kLimitRange, "{}", "x | 2026-11-23T00:00:00Z"},
    {kinds::kCustomResourceDefinition, "{}", "x | 2026-11-23T00:00:00Z"},
};

TEST(Table, CellsOfEveryKind) {
  for (const Example& example : kExamples) {
    EXPECT_EQ(cells(example.kind, example.object), example.cells) << kind_of(example.kind).plural;
  }
}

TEST(Table, EveryKindHasAnExample) {
  std::set<KindId> shown;
  for (const Example& example : kExamples) shown.insert(example.kind);
  for (const Kind& kind : all_kinds()) {
    // The first eleven are shown in table_test.cpp.
    EXPECT_TRUE(kind.id <= kinds::kReplicaSet || shown.contains(kind.id)) << kind.plural;
  }
}

}  // namespace
}  // namespace kabuki::api_server

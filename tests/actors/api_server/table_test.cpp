#include "actors/api_server/table/table.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "actors/api_server/table/human_duration.hpp"
#include "messages/json.hpp"
#include "messages/meta.hpp"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

// 2026-11-23T00:10:00Z, ten minutes after the objects of these tests were created.
constexpr io::WallTime kNow{1'795'392'600LL * 1'000'000'000};
constexpr const char* kCreated = "2026-11-23T00:00:00Z";

ObjectPtr object(KindId id, const std::string& json) {
  std::unique_ptr<google::protobuf::Message> message(kind_of(id).make());
  auto decoded = decode_json(json, message.get());
  EXPECT_TRUE(decoded.ok()) << (decoded.ok() ? "" : decoded.error().message);
  ObjectMeta* meta = mutable_meta(message.get());
  if (meta->name().empty()) meta->set_name("x");
  if (!meta->has_creationtimestamp()) meta->mutable_creationtimestamp()->set_seconds(kNow.seconds() - 600);
  return Object::encode(id, *message, 7);
}

Json table(KindId id, std::vector<ObjectPtr> objects, TableOptions options = {}) {
  options.now = kNow;
  std::string out;
  encode_table_json(kind_of(id), objects, options, &out);
  return Json::parse(out);
}

/// The cells of one object, joined by " | ".
std::string cells(KindId id, const std::string& json) {
  std::string out;
  const Json whole = table(id, {object(id, json)});
  for (const Json& cell : whole["rows"][0]["cells"]) {
    if (!out.empty()) out += " | ";
    out += cell.is_string() ? cell.get<std::string>() : cell.dump();
  }
  return out;
}

TEST(HumanDuration, IsKubectls) {
  struct Row {
    int64_t seconds;
    const char* text;
  };
  constexpr int64_t kMinute = 60, kHour = 3600, kDay = 86400, kYear = 365 * kDay;
  const Row rows[] = {{-2, "<invalid>"},
                      {-1, "0s"},
                      {0, "0s"},
                      {119, "119s"},
                      {120, "2m"},
                      {121, "2m1s"},
                      {9 * kMinute + 59, "9m59s"},
                      {10 * kMinute + 1, "10m"},
                      {179 * kMinute + 59, "179m"},
                      {3 * kHour, "3h"},
                      {3 * kHour + kMinute, "3h1m"},
                      {8 * kHour + 59 * kMinute, "8h"},
                      {47 * kHour, "47h"},
                      {48 * kHour, "2d"},
                      {49 * kHour, "2d1h"},
                      {8 * kDay + 5 * kHour, "8d"},
                      {2 * kYear - 1, "729d"},
                      {2 * kYear, "2y"},
                      {2 * kYear + kDay, "2y1d"},
                      {8 * kYear + kDay, "8y"}};
  for (const Row& row : rows) EXPECT_EQ(human_duration(std::chrono::seconds(row.seconds)), row.text) << row.seconds;
}

// Kinds that the observations lack, by Kubernetes' printers.
const std::map<std::string, std::string> kMoreColumns = {
    {"podtemplates", "Name, Containers, Images, Pod Labels"},
    {"controllerrevisions", "Name, Controller, Revision, Age"},
    {"certificatesigningrequests", "Name, Age, SignerName, Requestor, RequestedDuration, Condition"},
    {"flowschemas", "Name, PriorityLevel, MatchingPrecedence, DistinguisherMethod, Age, MissingPL"},
    {"prioritylevelconfigurations", "Name, Type, NominalConcurrencyShares, Queues, HandSize, QueueLengthLimit, Age"},
    {"ingressclasses", "Name, Controller, Parameters, Age"},
    {"ipaddresses", "Name, ParentRef, Age"},
    {"servicecidrs", "Name, CIDRs, Age"},
    {"networkpolicies", "Name, Pod-Selector, Age"},
    {"runtimeclasses", "Name, Handler, Age"},
    {"clusterrolebindings", "Name, Role, Age, Users*, Groups*, ServiceAccounts*"},
    {"deviceclasses", "Name, Age"},
    {"resourceclaims", "Name, State, Age"},
    {"resourceclaimtemplates", "Name, Age"},
    {"resourceslices", "Name, Node, Driver, Pool, Age"},
    {"csidrivers",
     "Name, AttachRequired, PodInfoOnMount, StorageCapacity, TokenRequests, RequiresRepublish, Modes, Age"},
    {"csinodes", "Name, Drivers, Age"},
    {"csistoragecapacities", "Name, StorageClassName, Capacity"},
    {"volumeattachments", "Name, Attacher, PV, Node, Attached, Age"},
    {"volumeattributesclasses", "Name, DriverName, Age"},
    {"mutatingwebhookconfigurations", "Name, Webhooks, Age"},
    {"validatingwebhookconfigurations", "Name, Webhooks, Age"},
    {"mutatingadmissionpolicies", "Name, Mutations, ParamKind, Age"},
    {"mutatingadmissionpolicybindings", "Name, PolicyName, ParamRef, Age"},
    {"validatingadmissionpolicies", "Name, Validations, ParamKind, Age"},
    {"validatingadmissionpolicybindings", "Name, PolicyName, ParamRef, Age"},
    {"apiservices", "Name, Service, Available, Age"},
};

TEST(Table, ColumnsAreKubectls) {
  std::map<std::string, std::string> expected = kMoreColumns;
  std::ifstream file(std::string(KABUKI_TEST_DATA) + "/table_columns.txt");
  for (std::string line; std::getline(file, line);)
    expected[line.substr(0, line.find(':'))] = line.substr(line.find(':') + 2);
  for (const Kind& kind : all_kinds()) {
    std::string actual;
    const Json whole = table(kind.id, {});
    for (const Json& column : whole["columnDefinitions"]) {
      if (!actual.empty()) actual += ", ";
      actual += column["name"].get<std::string>() + (column["priority"] == 1 ? "*" : "");
      EXPECT_NE(column["description"], "");
    }
    auto found = expected.find(kind.resource());
    EXPECT_EQ(actual, found == expected.end() ? expected[kind.plural] : found->second) << kind.plural;
  }
}

TEST(Table, IsFramedAsAListIs) {
  TableOptions options;
  options.revision = 184'899;
  options.continue_token = "abc";
  options.remaining = 1;
  Json whole = table(
      kinds::kNamespace,
      {object(kinds::kNamespace, R"({"metadata":{"name":"a","labels":{"k":"v"}},"status":{"phase":"Active"}})")},
      options);
  EXPECT_EQ(whole["metadata"],
            Json::parse(R"({"resourceVersion":"184899","continue":"abc","remainingItemCount":1})"));
  EXPECT_EQ(whole["columnDefinitions"][0]["format"], "name");
  EXPECT_EQ(whole["rows"],
            Json::parse(R"([{"cells":["a","Active","10m"],"object":{"kind":"PartialObjectMetadata",)"
                        R"("apiVersion":"meta.k8s.io/v1","metadata":{"name":"a","resourceVersion":"7",)"
                        R"("creationTimestamp":")" +
                        std::string(kCreated) + R"(","labels":{"k":"v"}}}}])"));

  options = {};
  options.columns = false;
  options.include = TableOptions::Include::none;
  whole =
      table(kinds::kConfigMap, {object(kinds::kConfigMap, R"({"data":{"a":"b"},"binaryData":{"c":""}})")}, options);
  EXPECT_EQ(whole,
            Json::parse(R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"columnDefinitions":null,)"
                        R"("rows":[{"cells":["x",2,"10m"],"object":null}]})"));
  options.include = TableOptions::Include::object;
  whole = table(kinds::kConfigMap, {object(kinds::kConfigMap, R"({"data":{"a":"b"}})")}, options);
  EXPECT_EQ(whole["rows"][0]["object"]["data"]["a"], "b");
  EXPECT_EQ(whole["rows"][0]["object"]["kind"], "ConfigMap");
  EXPECT_EQ(table(kinds::kPod, {})["rows"], Json::array());
}

struct PodRow {
  const char* what;
  std::string json;
  std::string ready_status_restarts;
};

std::string pod(const std::string& spec, const std::string& status, const std::string& meta = "") {
  return R"({"metadata":{"name":"x")" + meta + R"(},"spec":)" + spec + R"(,"status":)" + status + "}";
}

constexpr const char* kTwo = R"({"containers":[{"name":"a"},{"name":"b"}]})";
constexpr const char* kTwoInits = R"({"initContainers":[{"name":"i"},{"name":"j"}],"containers":[{"name":"a"}]})";
constexpr const char* kSidecar =
    R"({"initContainers":[{"name":"s","restartPolicy":"Always"},{"name":"j"}],"containers":[{"name":"a"}]})";

TEST(Table, PodStatusIsKubectls) {
  const std::string deleted = R"(,"deletionTimestamp":"2026-11-23T00:05:00Z")";
  const PodRow rows[] = {
      {"pending", pod(kTwo, R"({"phase":"Pending"})"), "0/2 | Pending | 0"},
      {"status reason wins", pod(kTwo, R"({"phase":"Failed","reason":"Evicted"})"), "0/2 | Evicted | 0"},
      {"gated",
       pod(kTwo,
           R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]})"),
       "0/2 | SchedulingGated | 0"},
      {"running",
       pod(kTwo, R"({"phase":"Running","containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}},)"
                 R"({"name":"b","ready":true,"state":{"running":{}}}]})"),
       "2/2 | Running | 0"},
      {"creating",
       pod(kTwo, R"({"phase":"Pending","containerStatuses":[{"name":"a","state":{"waiting":{"reason":)"
                 R"("ContainerCreating"}}}]})"),
       "0/2 | ContainerCreating | 0"},
      {"crash loop",
       pod(kTwo,
           R"({"phase":"Running","containerStatuses":[{"name":"a","restartCount":3,"state":{"waiting":{"reason":)"
           R"("CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1,"finishedAt":"2026-11-23T00:05:00Z"}}},)"
           R"({"name":"b","ready":true,"state":{"running":{}}}]})"),
       "1/2 | CrashLoopBackOff | 3 (5m ago)"},
      {"completed",
       pod(kTwo, R"({"phase":"Succeeded","containerStatuses":[{"name":"a","state":{"terminated":{"reason":)"
                 R"("Completed"}}}]})"),
       "0/2 | Completed | 0"},
      {"one completed, one runs",
       pod(kTwo,
           R"({"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"a",)"
           R"("state":{"terminated":{"reason":"Completed"}}},{"name":"b","ready":true,"state":{"running":{}}}]})"),
       "1/2 | Running | 0"},
      {"one completed, pod not ready",
       pod(kTwo,
           R"({"phase":"Running","containerStatuses":[{"name":"a","state":{"terminated":{"reason":"Completed"}}},)"
           R"({"name":"b","ready":true,"state":{"running":{}}}]})"),
       "1/2 | NotReady | 0"},
      {"exit code",
       pod(kTwo, R"({"phase":"Failed","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":3}}}]})"),
       "0/2 | ExitCode:3 | 0"},
      {"signal",
       pod(kTwo,
           R"({"phase":"Failed","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":137,"signal":9}}}]})"),
       "0/2 | Signal:9 | 0"},
      {"init: second of two",
       pod(kTwoInits,
           R"({"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":2,"state":{"terminated":)"
           R"({"exitCode":0}}},{"name":"j","state":{"running":{}}}]})"),
       "0/1 | Init:1/2 | 2"},
      {"init: starting",
       pod(kTwoInits, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"waiting":)"
                      R"({"reason":"PodInitializing"}}}]})"),
       "0/1 | Init:0/2 | 0"},
      {"init: waiting",
       pod(kTwoInits, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"waiting":)"
                      R"({"reason":"CrashLoopBackOff"}}}]})"),
       "0/1 | Init:CrashLoopBackOff | 0"},
      {"init: failed",
       pod(kTwoInits, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":)"
                      R"({"exitCode":2}}}]})"),
       "0/1 | Init:ExitCode:2 | 0"},
      {"init: error",
       pod(kTwoInits, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":)"
                      R"({"exitCode":2,"reason":"Error"}}}]})"),
       "0/1 | Init:Error | 0"},
      {"after init its restarts do not count",
       pod(kTwoInits,
           R"({"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":2,"state":{"terminated":)"
           R"({"exitCode":0}}},{"name":"j","state":{"terminated":{"exitCode":0}}}],)"
           R"("containerStatuses":[{"name":"a","state":{"waiting":{"reason":"PodInitializing"}}}]})"),
       "0/1 | PodInitializing | 0"},
      {"sidecars count",
       pod(kSidecar,
           R"({"phase":"Running","initContainerStatuses":[{"name":"s","ready":true,"started":true,)"
           R"("restartCount":1,"state":{"running":{}}},{"name":"j","state":{"terminated":{"exitCode":0}}}],)"
           R"("containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}}]})"),
       "2/2 | Running | 1"},
      {"terminating", pod(kTwo, R"({"phase":"Running"})", deleted), "0/2 | Terminating | 0"},
      {"deleted but done", pod(kTwo, R"({"phase":"Succeeded"})", deleted), "0/2 | Succeeded | 0"},
      {"node lost", pod(kTwo, R"({"phase":"Running","reason":"NodeLost"})", deleted), "0/2 | Unknown | 0"},
  };
  for (const PodRow& row : rows) {
    EXPECT_EQ(cells(kinds::kPod, row.json),
              "x | " + row.ready_status_restarts + " | 10m | <none> | <none> | <none> | <none>")
        << row.what;
  }
}

TEST(Table, PodsShowWhereTheyAre) {
  EXPECT_EQ(
      cells(
          kinds::kPod,
          pod(R"({"containers":[{"name":"a"}],"nodeName":"n1","readinessGates":[{"conditionType":"g"},{"conditionType":"h"}]})",
              R"({"phase":"Running","podIPs":[{"ip":"10.0.0.1"}],"nominatedNodeName":"n2","conditions":[{"type":"g","status":"True"}]})")),
      "x | 0/1 | Running | 0 | 10m | 10.0.0.1 | n1 | n2 | 1/2");
}

TEST(Table, FinishedPodsSaySo) {
  Json rows = table(kinds::kPod, {object(kinds::kPod, pod(kTwo, R"({"phase":"Succeeded"})")),
                                  object(kinds::kPod, pod(kTwo, R"({"phase":"Running"})"))})["rows"];
  EXPECT_EQ(
      rows[0]["conditions"],
      Json::parse(
          R"([{"type":"Completed","status":"True","reason":"Succeeded","message":"The pod has completed successfully."}])"));
  EXPECT_FALSE(rows[1].contains("conditions"));
}

TEST(Table, OtherKindsAreKubectls) {
  EXPECT_EQ(
      cells(
          kinds::kNode,
          R"({"metadata":{"name":"n1","labels":{"node-role.kubernetes.io/worker":"","node-role.kubernetes.io/control-plane":"","kubernetes.io/role":"old"}},)"
          R"("spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"10.0.0.1"}],)"
          R"("nodeInfo":{"kubeletVersion":"v1.36.0","osImage":"Debian","kernelVersion":"6.1","containerRuntimeVersion":"kabuki://1"}}})"),
      "n1 | Ready,SchedulingDisabled | control-plane,old,worker | 10m | v1.36.0 | 10.0.0.1 | <none> | Debian | 6.1 | "
      "kabuki://1");
  EXPECT_EQ(cells(kinds::kNode,
                  R"({"metadata":{"name":"n2"},"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}})"),
            "n2 | NotReady | <none> | 10m |  | <none> | <none> | <unknown> | <unknown> | <unknown>");
  EXPECT_EQ(cells(kinds::kNode, R"({"metadata":{"name":"n3"}})"),
            "n3 | Unknown | <none> | 10m |  | <none> | <none> | <unknown> | <unknown> | <unknown>");
  EXPECT_EQ(cells(kinds::kSecret, R"({"type":"Opaque","data":{"a":"Yg=="}})"), "x | Opaque | 1 | 10m");
  EXPECT_EQ(cells(kinds::kServiceAccount, "{}"), "x | 10m");
  EXPECT_EQ(cells(kinds::kLease, R"({"spec":{"holderIdentity":"me"}})"), "x | me | 10m");
  EXPECT_EQ(
      cells(
          kinds::kService,
          R"({"spec":{"type":"ClusterIP","clusterIPs":["10.96.0.7"],"ports":[{"port":80,"protocol":"TCP"},{"port":53,"nodePort":30053,"protocol":"UDP"}],"selector":{"b":"2","a":"1"}}})"),
      "x | ClusterIP | 10.96.0.7 | <none> | 80/TCP,53:30053/UDP | 10m | a=1,b=2");
  EXPECT_EQ(cells(kinds::kService, R"({"spec":{"type":"LoadBalancer"}})"),
            "x | LoadBalancer | <none> | <pending> | <none> | 10m | <none>");
  EXPECT_EQ(
      cells(
          kinds::kService,
          R"({"spec":{"type":"LoadBalancer","externalIPs":["9.9.9.9"]},"status":{"loadBalancer":{"ingress":[{"ip":"2.2.2.2"},{"hostname":"a.b"}]}}})"),
      "x | LoadBalancer | <none> | 2.2.2.2,a.b,9.9.9.9 | <none> | 10m | <none>");
  EXPECT_EQ(cells(kinds::kService, R"({"spec":{"type":"ExternalName","externalName":"db.example"}})"),
            "x | ExternalName | <none> | db.example | <none> | 10m | <none>");
  EXPECT_EQ(
      cells(
          kinds::kDeployment,
          R"({"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"spec":{"containers":[{"name":"c","image":"i:1"},{"name":"d","image":"j"}]}}},"status":{"readyReplicas":2,"updatedReplicas":1,"availableReplicas":2}})"),
      "x | 2/3 | 1 | 2 | 10m | c,d | i:1,j | app=web");
  EXPECT_EQ(
      cells(
          kinds::kReplicaSet,
          R"({"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"spec":{"containers":[{"name":"c","image":"i:1"}]}}},"status":{"replicas":2,"readyReplicas":1}})"),
      "x | 3 | 2 | 1 | 10m | c | i:1 | app=web");
  EXPECT_EQ(cells(kinds::kReplicaSet, R"({"spec":{"replicas":0}})"), "x | 0 | 0 | 0 | 10m |  |  | <none>");
}

TEST(Table, EventsAreKubectls) {
  EXPECT_EQ(
      cells(
          kinds::kEvent,
          R"({"involvedObject":{"kind":"Pod","name":"web","fieldPath":"spec.containers{c}"},"reason":"Started","message":" ok \n","type":"Normal","count":3,"source":{"component":"kubelet","host":"n1"},"firstTimestamp":"2026-11-23T00:05:00Z","lastTimestamp":"2026-11-23T00:09:00Z"})"),
      "60s | Normal | Started | pod/web | spec.containers{c} | kubelet, n1 | ok | 5m | 3 | x");
  EXPECT_EQ(
      cells(
          kinds::kEvent,
          R"({"involvedObject":{"kind":"Node"},"eventTime":"2026-11-23T00:08:00.000000Z","reportingComponent":"scheduler"})"),
      "2m |  |  | node |  | scheduler |  | 2m | 1 | x");
  EXPECT_EQ(
      cells(
          kinds::kEvent,
          R"({"involvedObject":{"kind":"Pod","name":"p"},"eventTime":"2026-11-23T00:08:00.000000Z","series":{"count":9,"lastObservedTime":"2026-11-23T00:09:30.000000Z"}})"),
      "30s |  |  | pod/p |  |  |  | 2m | 9 | x");
  EXPECT_EQ(cells(kinds::kEvent, R"({"involvedObject":{"kind":"Pod","name":"p"}})"),
            "<unknown> |  |  | pod/p |  |  |  | <unknown> | 1 | x");
}

}  // namespace
}  // namespace kabuki::api_server

#include "messages/apply/managed_fields.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/defaults.hpp"
#include "messages/encode.hpp"
#include "messages/meta.hpp"
#include "messages/yaml.hpp"

namespace kabuki {
namespace {

using google::protobuf::Message;

std::string json(const std::string& yaml) { return *yaml_to_json(yaml); }

template <class T>
T decode(const std::string& yaml) {
  T message;
  const auto done = decode_json(json(yaml), &message);
  EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message);
  return message;
}

FieldManager manager(const std::string& name, int64_t second = 1, const std::string& subresource = {}) {
  return {name, subresource, second * 1'000'000'000};
}

/// "name operation@seconds: fields" of each entry.
std::vector<std::string> managers(const Message& object) {
  std::vector<std::string> out;
  for (const auto& entry : meta_of(object).managedfields()) {
    out.push_back(entry.manager() + " " + entry.operation() + "@" + std::to_string(entry.time().seconds()) +
                  (entry.subresource().empty() ? "" : " " + entry.subresource()) + ": " + entry.fieldsv1().raw());
  }
  return out;
}

using Lines = std::vector<std::string>;
using ConfigMap = k8s::io::api::core::v1::ConfigMap;
using Deployment = k8s::io::api::apps::v1::Deployment;
const Kind& config_maps() { return kind_of(kinds::kConfigMap); }
const Kind& deployments() { return kind_of(kinds::kDeployment); }

std::string data(const std::string& fields) {
  return "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: ns}, data: " + fields + "}";
}

/// Applies and expects it to work.
ConfigMap applied(const ConfigMap* live, const std::string& by, const std::string& fields, int64_t second = 1,
                  bool force = false) {
  auto out = apply_configuration(config_maps(), live, json(data(fields)), manager(by, second), force, nullptr);
  EXPECT_TRUE(out.ok()) << (out.ok() ? "" : out.error().message);
  return out.ok() ? static_cast<ConfigMap&>(**out) : ConfigMap();
}
std::map<std::string, std::string> data_of(const ConfigMap& config) {
  return {config.data().begin(), config.data().end()};
}
using Data = std::map<std::string, std::string>;

// The object and the entry are as a kube-apiserver wrote them for `kubectl apply` of a Deployment.
TEST(ManagedFields, OfACreateAreWhatKubernetesRecords) {
  auto created = decode<Deployment>(R"(
metadata:
  name: web
  namespace: spike
  labels: {app: web}
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: registry.k8s.io/pause:3.10
        ports: [{containerPort: 80, protocol: TCP}]
        resources: {}
        terminationMessagePath: /dev/termination-log
        terminationMessagePolicy: File
        imagePullPolicy: IfNotPresent
      restartPolicy: Always
      terminationGracePeriodSeconds: 30
      dnsPolicy: ClusterFirst
      securityContext: {}
      schedulerName: default-scheduler
  strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 25%, maxSurge: 25%}}
  revisionHistoryLimit: 10
  progressDeadlineSeconds: 600
)");
  record_update(deployments(), nullptr, manager("kubectl-client-side-apply"), &created);
  EXPECT_EQ(
      managers(created),
      Lines{
          R"(kubectl-client-side-apply Update@1: {"f:metadata":{"f:annotations":{".":{},"f:kubectl.kubernetes.io/last-applied-configuration":{}},"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:progressDeadlineSeconds":{},"f:replicas":{},"f:revisionHistoryLimit":{},"f:selector":{},"f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{},"f:maxUnavailable":{}},"f:type":{}},"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}})"});

  // As observed: the conflict names the manager, the version and the field.
  const auto conflict = apply_configuration(
      deployments(), &created,
      json("{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: spike}, spec: {replicas: 5}}"),
      manager("other"), false, nullptr);
  ASSERT_FALSE(conflict.ok());
  EXPECT_EQ(
      conflict.error().message,
      "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using apps/v1: .spec.replicas");
  EXPECT_EQ(conflict.error().code, 409);
  ASSERT_EQ(conflict.error().causes.size(), 1u);
  EXPECT_EQ(conflict.error().causes[0].field, ".spec.replicas");
  EXPECT_EQ(conflict.error().causes[0].message, "conflict with \"kubectl-client-side-apply\" using apps/v1");
}

TEST(ManagedFields, OfAnUpdateMoveToWhoChangedTheField) {
  auto first = decode<ConfigMap>("{metadata: {name: c}, data: {a: '1', b: '1', c: '1'}}");
  record_update(config_maps(), nullptr, manager("one", 1), &first);
  auto second = first;
  (*second.mutable_data())["a"] = "2";
  (*second.mutable_data())["d"] = "2";
  second.mutable_data()->erase("c");
  record_update(config_maps(), &first, manager("two", 2), &second);
  EXPECT_EQ(managers(second), (Lines{R"(one Update@1: {"f:data":{".":{},"f:b":{}}})",
                                     R"(two Update@2: {"f:data":{"f:a":{},"f:d":{}}})"}));
  // Nothing changes: nothing is written.
  auto third = second;
  record_update(config_maps(), &second, manager("two", 3), &third);
  EXPECT_EQ(managers(third), managers(second));
}

TEST(ManagedFields, AreTakenAwayByOneEmptyEntryAndKeptWhereTheWriterBringsItsOwn) {
  auto old = decode<ConfigMap>("{metadata: {name: c}, data: {a: '1'}}");
  record_update(config_maps(), nullptr, manager("one"), &old);
  auto next = old;
  next.mutable_metadata()->clear_managedfields();
  next.mutable_metadata()->add_managedfields();
  record_update(config_maps(), &old, manager("two"), &next);
  EXPECT_EQ(managers(next), Lines{});
  auto renamed = old;
  renamed.mutable_metadata()->mutable_managedfields(0)->set_manager("three");
  record_update(config_maps(), &old, manager("two"), &renamed);
  EXPECT_EQ(managers(renamed), Lines{R"(three Update@1: {"f:data":{".":{},"f:a":{}}})"});
}

TEST(Apply, CreatesMergesAndTakesAwayWhatIsNoLongerSaid) {
  const auto first = applied(nullptr, "me", "{a: '1', b: '1'}", 1);
  EXPECT_EQ(data_of(first), (Data{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(managers(first), Lines{R"(me Apply@1: {"f:data":{"f:a":{},"f:b":{}}})"});
  auto edited = first;
  (*edited.mutable_data())["c"] = "theirs";
  record_update(config_maps(), &first, manager("editor", 2), &edited);
  const auto second = applied(&edited, "me", "{a: '2'}", 3);
  EXPECT_EQ(data_of(second), (Data{{"a", "2"}, {"c", "theirs"}}));
  EXPECT_EQ(managers(second),
            (Lines{R"(me Apply@3: {"f:data":{"f:a":{}}})", R"(editor Update@2: {"f:data":{"f:c":{}}})"}));
}

TEST(Apply, TwiceTheSameChangesNothingNotEvenATime) {
  const auto first = applied(nullptr, "me", "{a: '1'}", 1);
  const auto again = applied(&first, "me", "{a: '1'}", 9);
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
}

TEST(Apply, SharesAFieldThatBothWantAlikeAndFightsOverOneThatTheyDoNot) {
  const auto first = applied(nullptr, "me", "{a: '1', b: '1'}", 1);
  const auto shared = applied(&first, "you", "{a: '1'}", 2);
  EXPECT_EQ(managers(shared),
            (Lines{R"(me Apply@1: {"f:data":{"f:a":{},"f:b":{}}})", R"(you Apply@2: {"f:data":{"f:a":{}}})"}));
  const auto refused =
      apply_configuration(config_maps(), &shared, json(data("{a: '2', b: '2'}")), manager("you"), false, nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "Apply failed with 2 conflicts: conflicts with \"me\":\n- .data.a\n- .data.b");
  const auto forced = applied(&shared, "you", "{a: '2', b: '2'}", 3, true);
  EXPECT_EQ(data_of(forced), (Data{{"a", "2"}, {"b", "2"}}));
  EXPECT_EQ(managers(forced), Lines{R"(you Apply@3: {"f:data":{"f:a":{},"f:b":{}}})"});
  // What both had stays when one lets go.
  const auto released = applied(&shared, "me", "{b: '1'}", 4);
  EXPECT_EQ(data_of(released), (Data{{"a", "1"}, {"b", "1"}}));
}

TEST(Apply, OnAnObjectThatNobodyRecordedConflictsWithBeforeFirstApply) {
  auto live = decode<ConfigMap>("{metadata: {name: c, namespace: ns}, data: {a: '1'}}");
  const auto refused =
      apply_configuration(config_maps(), &live, json(data("{a: '2'}")), manager("me"), false, nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.a");
  EXPECT_EQ(data_of(applied(&live, "me", "{b: '1'}")), (Data{{"a", "1"}, {"b", "1"}}));
}

std::string containers(const std::string& list) {
  return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ns}, spec: {template: {spec: "
         "{containers: " +
         list + "}}}}";
}
Deployment apply_containers(const Deployment* live, const std::string& by, const std::string& list) {
  auto out = apply_configuration(deployments(), live, json(containers(list)), manager(by), false, nullptr);
  EXPECT_TRUE(out.ok()) << (out.ok() ? "" : out.error().message);
  return out.ok() ? static_cast<Deployment&>(**out) : Deployment();
}
Lines images(const Deployment& deployment) {
  Lines out;
  for (const auto& one : deployment.spec().template_().spec().containers())
    out.push_back(one.name() + "=" + one.image());
  return out;
}

TEST(Apply, KnowsElementsOfListsByTheirKeys) {
  const auto first = apply_containers(nullptr, "me", "[{name: a, image: x}, {name: b, image: x}]");
  const auto sidecar = apply_containers(&first, "mesh", "[{name: proxy, image: p}]");
  EXPECT_EQ(images(sidecar), (Lines{"a=x", "b=x", "proxy=p"}));
  const auto fewer = apply_containers(&sidecar, "me", "[{name: b, image: w}]");
  EXPECT_EQ(images(fewer), (Lines{"b=w", "proxy=p"}));
  EXPECT_EQ(images(apply_containers(&fewer, "me", "[{name: c, image: z}, {name: b, image: w}]")),
            (Lines{"c=z", "b=w", "proxy=p"}));
}

TEST(Apply, TakesADefaultForAKeyThatIsNotSaid) {
  const auto first =
      apply_containers(nullptr, "me", "[{name: a, image: x, ports: [{containerPort: 80, protocol: TCP}]}]");
  const auto again = apply_containers(&first, "me", "[{name: a, image: x, ports: [{containerPort: 80, name: web}]}]");
  ASSERT_EQ(again.spec().template_().spec().containers(0).ports_size(), 1);
  EXPECT_EQ(again.spec().template_().spec().containers(0).ports(0).name(), "web");

  auto defaulted = apply_containers(nullptr, "me", "[{name: a, image: x, ports: [{containerPort: 80}]}]");
  apply_defaults(deployments(), &defaulted);
  const auto same = apply_containers(&defaulted, "me", "[{name: a, image: x, ports: [{containerPort: 80}]}]");
  EXPECT_EQ(serialize(same), serialize(defaulted));
}

TEST(Apply, RefusesFieldsThatTheKindDoesNotHave) {
  const auto refused = [](const std::string& yaml) {
    const auto out =
        apply_configuration(deployments(), nullptr,
                            json("{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: " + yaml + "}"),
                            manager("me"), false, nullptr);
    return out.ok() ? "" : out.error().message;
  };
  const std::string where = "failed to create typed patch object (/d; apps/v1, Kind=Deployment): ";
  EXPECT_EQ(refused("{replica: 1}"), where + ".spec.replica: field not declared in schema");
  EXPECT_EQ(
      refused(
          "{replica: 1, template: {spec: {containers: [{name: a, ports: [{containerPort: 1, port: 2}], arg: []}]}}}"),
      where +
          "errors:\n  .spec.replica: field not declared in schema\n"
          "  .spec.template.spec.containers[name=\"a\"].ports[containerPort=1,protocol=\"TCP\"].port: field not "
          "declared in schema\n"
          "  .spec.template.spec.containers[name=\"a\"].arg: field not declared in schema");
  EXPECT_EQ(refused("{template: {spec: {containers: [{name: a, args: [x]}]}}}"), "");
}

TEST(Apply, RefusesElementsThatCannotBeToldApart) {
  const auto refused = [](const std::string& containers) {
    const auto out = apply_configuration(deployments(), nullptr,
                                         json("{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, "
                                              "namespace: ns}, spec: {template: {spec: {containers: " +
                                              containers + "}}}}"),
                                         manager("me"), false, nullptr);
    return out.ok() ? "" : out.error().message;
  };
  const std::string where =
      "failed to create typed patch object (ns/d; apps/v1, Kind=Deployment): .spec.template.spec.containers";
  EXPECT_EQ(refused("[{name: a}, {image: x}]"),
            where +
                ": element 1: associative list with keys has an element that omits key field \"name\" (and doesn't "
                "have default value)");
  EXPECT_EQ(refused("[{name: a}, {name: a}]"), where + R"(: duplicate entries for key [name="a"])");
  EXPECT_EQ(refused("[{name: a, ports: [{containerPort: 1}, {containerPort: 1}]}]"),
            where + R"([name="a"].ports: duplicate entries for key [containerPort=1,protocol="TCP"])");
  EXPECT_EQ(refused("[{name: a, ports: [{containerPort: 1}, {containerPort: 1, protocol: UDP}]}]"), "");
}

TEST(Apply, ComparesQuantitiesByWhatTheyMean) {
  const auto first = apply_containers(nullptr, "me", "[{name: a, image: x, resources: {requests: {cpu: '1'}}}]");
  apply_containers(&first, "you", "[{name: a, image: x, resources: {requests: {cpu: 1000m}}}]");
}

TEST(Apply, RefusesWhatIsNoConfigurationOfTheKind) {
  const auto message = [](const std::string& yaml) {
    const auto out = apply_configuration(config_maps(), nullptr, json(yaml), manager("me"), false, nullptr);
    return out.ok() ? "accepted" : out.error().message;
  };
  EXPECT_EQ(message("{apiVersion: v1, kind: Secret}"),
            "the kind of the object (Secret, v1) does not match the kind of the request (ConfigMap, v1)");
  EXPECT_EQ(message("{apiVersion: v1, kind: ConfigMap, metadata: {managedFields: []}}"),
            "metadata.managedFields must be nil");
  EXPECT_THAT(message("{apiVersion: v1, kind: ConfigMap, data: 3}"), testing::HasSubstr("data"));
}

}  // namespace
}  // namespace kabuki

#include "messages/validation.hpp"

#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/core/v1/secret.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/networking/v1/ingress.pb.h"
#include "messages/status.hpp"
#include "tests/messages/validation/expect_causes.hpp"

namespace kabuki {
namespace {

namespace core = k8s::io::api::core::v1;
namespace apps = k8s::io::api::apps::v1;

const std::string kSubdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

// As a kube-apiserver 1.36 answered.
TEST(Validation, WordsAConfigMapAsObserved) {
  auto map = with_defaults<core::ConfigMap>(
      kinds::kConfigMap, R"(metadata { name: "Bad_Name" namespace: "default" } data { key: "a b" value: "" })");
  const Kind& kind = kind_of(kinds::kConfigMap);
  Error error = invalid(kind, "Bad_Name", validate_create(kind, map));
  EXPECT_EQ(
      error.message,
      "ConfigMap \"Bad_Name\" is invalid: [metadata.name: Invalid value: \"Bad_Name\": " + kSubdomain +
          ", data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' "
          "or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
          "'[-._a-zA-Z0-9]+')]");
  ASSERT_EQ(error.causes.size(), 2);
  EXPECT_EQ(error.causes[0].reason, "FieldValueInvalid");
  EXPECT_EQ(error.causes[1].field, "data[a b]");
}

TEST(Validation, WordsAnEmptyDeploymentAsObserved) {
  auto deployment =
      with_defaults<apps::Deployment>(kinds::kDeployment, R"(metadata { name: "web3" namespace: "default" })");
  const Kind& kind = kind_of(kinds::kDeployment);
  EXPECT_EQ(
      invalid(kind, "web3", validate_create(kind, deployment)).message,
      "Deployment.apps \"web3\" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid "
      "value: null: `selector` does not match template `labels`, spec.template.spec.containers: Required value]");
}

std::string deployment(const std::string& selector, const std::string& rest = {}) {
  return R"(metadata { name: "web" namespace: "default" } spec { selector { matchLabels { )" + selector +
         R"( } } template { metadata { labels { key: "app" value: "web" } }
              spec { containers { name: "c" image: "i:1" } } } )" +
         rest + "}";
}
const std::string kWeb = R"(key: "app" value: "web")";

TEST(Validation, WordsAChangedSelectorAsObserved) {
  auto old = with_defaults<apps::Deployment>(kinds::kDeployment, deployment(kWeb));
  auto now = with_defaults<apps::Deployment>(kinds::kDeployment,
                                             deployment(kWeb + R"(} matchLabels { key: "q" value: "r")"));
  const Kind& kind = kind_of(kinds::kDeployment);
  EXPECT_EQ(invalid(kind, "web", validate_update(kind, old, now)).message,
            "Deployment.apps \"web\" is invalid: [spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: "
            "`selector` does not match template `labels`, spec.selector: Invalid value: "
            "{\"matchLabels\":{\"app\":\"web\",\"q\":\"r\"}}: field is immutable]");
}

TEST(Validation, DeploymentsNumbersAndStrategies) {
  auto check = [](const std::string& rest) {
    return created<apps::Deployment>(kinds::kDeployment, deployment(kWeb, rest));
  };
  EXPECT_EQ(check(""), Lines{});
  EXPECT_EQ(check("replicas: -1"), Lines{"spec.replicas: Invalid value: -1: must be greater than or equal to 0"});
  EXPECT_EQ(check("minReadySeconds: 600"),
            Lines{"spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"});
  EXPECT_EQ(check("strategy { rollingUpdate { maxUnavailable { intVal: 0 } maxSurge { type: 1 strVal: \"0%\" } } }"),
            Lines{"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"});
  EXPECT_EQ(
      check("strategy { rollingUpdate { maxUnavailable { type: 1 strVal: \"200%\" } } }"),
      Lines{"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"200%\": must not be greater than 100%"});
  EXPECT_EQ(
      check("strategy { rollingUpdate { maxSurge { type: 1 strVal: \"x\" } } }"),
      Lines{"spec.strategy.rollingUpdate.maxSurge: Invalid value: \"x\": a valid percent string must be a numeric "
            "string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"});
  EXPECT_EQ(check("strategy { type: \"Recreate\" rollingUpdate { } }"),
            Lines{"spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"});
  EXPECT_EQ(check("strategy { type: \"Best\" }"),
            Lines{"spec.strategy: Unsupported value: \"Best\": supported values: \"Recreate\", \"RollingUpdate\""});
  auto once = with_defaults<apps::Deployment>(kinds::kDeployment, deployment(kWeb));
  once.mutable_spec()->mutable_template_()->mutable_spec()->set_restartpolicy("Never");
  EXPECT_EQ(lines(validate_create(kind_of(kinds::kDeployment), once)),
            Lines{"spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""});
}

TEST(Validation, ReplicaSetsNeedASelectorThatMatches) {
  EXPECT_EQ(created<apps::ReplicaSet>(kinds::kReplicaSet, R"(metadata { name: "r" namespace: "d" } spec { selector { }
              template { spec { containers { name: "c" image: "i" } } } })"),
            Lines{"spec.selector: Invalid value: {}: empty selector is invalid for deployment"});
  EXPECT_EQ(updated<apps::ReplicaSet>(kinds::kReplicaSet, deployment(kWeb), deployment(kWeb, "replicas: 3")),
            Lines{});
}

TEST(Validation, AConfigMapIsTooLongAsAWhole) {
  EXPECT_EQ(created<core::ConfigMap>(kinds::kConfigMap,
                                     R"(metadata { name: "a" namespace: "n" } data { key: "k" value: ")" +
                                         std::string(1'048'577, 'x') + "\" }"),
            Lines{"[]: Too long: may not be more than 1048576 bytes"});
}

TEST(Validation, MetadataOfAnyKind) {
  auto check = [](const std::string& meta) {
    return created<core::ConfigMap>(kinds::kConfigMap, "metadata { " + meta + " }");
  };
  EXPECT_EQ(check(R"(name: "a" namespace: "n")"), Lines{});
  EXPECT_EQ(check(R"(namespace: "n")"), Lines{"metadata.name: Required value: name or generateName is required"});
  EXPECT_EQ(check(R"(name: "a")"), Lines{"metadata.namespace: Required value"});
  EXPECT_EQ(check(R"(name: "a-x" generateName: "a-" namespace: "n")"), Lines{});
  EXPECT_EQ(check(R"(name: "a-x" generateName: "A_b-" namespace: "n")"),
            Lines{"metadata.generateName: Invalid value: \"A_b-\": " + kSubdomain});
  EXPECT_EQ(check(R"(name: "a" namespace: "n" labels { key: "/x" value: "1" })"),
            Lines{"metadata.labels: Invalid value: \"/x\": prefix part must be non-empty"});
  EXPECT_EQ(check(R"(name: "a" namespace: "n" annotations { key: "Upper.case/OK" value: "any thing" })"), Lines{});
  EXPECT_EQ(check(R"(name: "a" namespace: "n" annotations { key: "k" value: ")" + std::string(300000, 'x') + "\" }"),
            Lines{"metadata.annotations: Too long: may not be more than 262144 bytes"});
  EXPECT_EQ(check(R"(name: "a" namespace: "n" ownerReferences { kind: "K" name: "o" apiVersion: "v1" })"),
            Lines{"metadata.ownerReferences.uid: Invalid value: \"\": must not be empty"});
  EXPECT_EQ(check(R"(name: "a" namespace: "n" finalizers: "foregroundDeletion" finalizers: "orphan")"),
            Lines{"metadata.finalizers: Invalid value: [\"foregroundDeletion\",\"orphan\"]: finalizer orphan and "
                  "foregroundDeletion cannot be both set"});
}

TEST(Validation, NamesFollowTheKind) {
  EXPECT_EQ(created<core::Namespace>(kinds::kNamespace, R"(metadata { name: "a.b" })").size(), 1);
  EXPECT_EQ(created<core::Namespace>(kinds::kNamespace, R"(metadata { name: "a" namespace: "b" })"),
            Lines{"metadata.namespace: Forbidden: not allowed on this type"});
  EXPECT_EQ(created<core::Node>(kinds::kNode, R"(metadata { name: "a.b" })"), Lines{});
}

TEST(Validation, MetadataKeepsItsIdentity) {
  const std::string meta = R"(name: "a" namespace: "n" uid: "1" )";
  auto check = [](const std::string& old, const std::string& now) {
    return updated<core::ConfigMap>(kinds::kConfigMap, "metadata { " + old + " }", "metadata { " + now + " }");
  };
  EXPECT_EQ(check(meta, meta), Lines{});
  EXPECT_EQ(check(meta, R"(name: "b" namespace: "m" uid: "2")"),
            (Lines{"metadata.name: Invalid value: \"b\": field is immutable",
                   "metadata.namespace: Invalid value: \"m\": field is immutable",
                   "metadata.uid: Invalid value: \"2\": field is immutable"}));
  EXPECT_EQ(
      check(meta + "deletionTimestamp { seconds: 1 }", meta + R"(finalizers: "a/b" finalizers: "c/d")"),
      Lines{"metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found "
            "new finalizers []string{\"a/b\", \"c/d\"}"});
}

TEST(Validation, ConfigMapsAndSecretsMayBeFrozen) {
  const std::string meta = R"(metadata { name: "a" namespace: "n" } )";
  EXPECT_EQ(updated<core::ConfigMap>(kinds::kConfigMap, meta + R"(immutable: true data { key: "a" value: "1" })",
                                     meta + R"(data { key: "a" value: "2" })"),
            (Lines{"immutable: Forbidden: field is immutable when `immutable` is set",
                   "data: Forbidden: field is immutable when `immutable` is set"}));
  EXPECT_EQ(updated<core::Secret>(kinds::kSecret, meta + "immutable: true",
                                  meta + R"(immutable: true data { key: "a" value: "2" })"),
            Lines{"data: Forbidden: field is immutable when `immutable` is set"});
  EXPECT_EQ(updated<core::Secret>(kinds::kSecret, meta, meta + R"(type: "x")"),
            Lines{"type: Invalid value: \"x\": field is immutable"});
}

TEST(Validation, SecretsHaveTheKeysOfTheirType) {
  const std::string meta = R"(metadata { name: "a" namespace: "n" } )";
  EXPECT_EQ(created<core::Secret>(kinds::kSecret, meta + R"(type: "kubernetes.io/tls")"),
            (Lines{"data[tls.crt]: Required value", "data[tls.key]: Required value"}));
  EXPECT_EQ(created<core::Secret>(kinds::kSecret, meta + R"(type: "kubernetes.io/service-account-token")"),
            Lines{"metadata.annotations[kubernetes.io/service-account.name]: Required value"});
  EXPECT_EQ(created<core::ConfigMap>(kinds::kConfigMap, meta + R"(data { key: "a" value: "" }
                                                                  binaryData { key: "a" value: "" })"),
            (Lines{"data[a]: Invalid value: \"a\": duplicate of key present in binaryData",
                   "binaryData[a]: Invalid value: \"a\": duplicate of key present in data"}));
}

TEST(Validation, ServicesNamePortsWhenThereAreSeveral) {
  auto check = [](const std::string& spec) {
    return created<core::Service>(kinds::kService, R"(metadata { name: "s" namespace: "n" } spec { )" + spec + "}");
  };
  EXPECT_EQ(check("ports { port: 80 }"), Lines{});
  EXPECT_EQ(check(""), Lines{"spec.ports: Required value"});
  EXPECT_EQ(check("clusterIP: \"None\""), Lines{});
  EXPECT_EQ(
      check("ports { port: 80 } ports { name: \"b\" port: 81 protocol: \"X\" }"),
      (Lines{"spec.ports[0].name: Required value",
             "spec.ports[1].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\""}));
  EXPECT_EQ(check("ports { port: 0 targetPort { intVal: 70000 } }"),
            (Lines{"spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                   "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive"}));
  EXPECT_EQ(check("type: \"ExternalName\""), Lines{"spec.externalName: Required value"});
  EXPECT_EQ(check("ports { port: 1 nodePort: 30000 }"),
            Lines{"spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"});
  EXPECT_EQ(check("ports { port: 1 } type: \"X\""),
            Lines{"spec.type: Unsupported value: \"X\": supported values: \"ClusterIP\", \"ExternalName\", "
                  "\"LoadBalancer\", \"NodePort\""});
}

TEST(Validation, ServicesHaveTheClustersOneFamilyOfAddresses) {
  const auto service = [](const std::string& spec) {
    return created<core::Service>(kinds::kService, R"(metadata { name: "s" namespace: "n" } spec { type: "ClusterIP"
      sessionAffinity: "None" ports { port: 80 protocol: "TCP" } )" +
                                                       spec + "}");
  };
  EXPECT_EQ(service(R"(ipFamilyPolicy: "PreferDualStack" ipFamilies: "IPv4")"), Lines{});
  EXPECT_EQ(service(R"(ipFamilyPolicy: "RequireDualStack")"),
            Lines{"spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for "
                  "dual-stack services"});
  EXPECT_EQ(service(R"(ipFamilyPolicy: "RequireDualStack" ipFamilies: "IPv6" clusterIP: "None")"), Lines{});
  EXPECT_EQ(service(R"(ipFamilyPolicy: "Triple" ipFamilies: "IPv4" ipFamilies: "IPv4" ipFamilies: "IPv5")"),
            (Lines{"spec.ipFamilyPolicy: Unsupported value: \"Triple\": supported values: \"PreferDualStack\", "
                   "\"RequireDualStack\", \"SingleStack\"",
                   "spec.ipFamilies[1]: Duplicate value: \"IPv4\"",
                   "spec.ipFamilies[2]: Unsupported value: \"IPv5\": supported values: \"IPv4\", \"IPv6\""}));
  EXPECT_EQ(service(R"(ipFamilies: "IPv6")"),
            Lines{"spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster"});
}

TEST(Validation, ServicesKeepTheirAddress) {
  auto service = [](const std::string& ip) {
    return R"(metadata { name: "s" namespace: "n" } spec { ports { port: 80 } )" +
           (ip.empty() ? "" : "clusterIP: \"" + ip + "\"") + "}";
  };
  EXPECT_EQ(updated<core::Service>(kinds::kService, service("10.0.0.1"), service("10.0.0.2")),
            Lines{"spec.clusterIPs[0]: Invalid value: [\"10.0.0.2\"]: may not change once set"});
  EXPECT_EQ(updated<core::Service>(kinds::kService, service(""), service("10.0.0.2")), Lines{});
  EXPECT_EQ(updated<core::Service>(kinds::kService, service("10.0.0.1"), service("")),
            Lines{"spec.clusterIPs[0]: Invalid value: []: primary clusterIP can not be unset"});
}

TEST(Validation, NodesLeasesAndEvents) {
  EXPECT_EQ(
      created<core::Node>(kinds::kNode, R"(metadata { name: "n" } spec { taints { key: "k" effect: "Never" } })"),
      Lines{"spec.taints[0].effect: Unsupported value: \"Never\": supported values: \"NoSchedule\", "
            "\"PreferNoSchedule\", \"NoExecute\""});
  EXPECT_EQ(updated<core::Node>(kinds::kNode, R"(metadata { name: "n" } spec { podCIDR: "10.1.0.0/24" })",
                                R"(metadata { name: "n" } spec { podCIDR: "10.2.0.0/24" })"),
            Lines{"spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"});
  EXPECT_EQ(created<k8s::io::api::coordination::v1::Lease>(
                kinds::kLease,
                R"(metadata { name: "l" namespace: "n" } spec { leaseDurationSeconds: 0 leaseTransitions: -1 })"),
            (Lines{"spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
                   "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"}));
  EXPECT_EQ(created<core::Event>(kinds::kEvent,
                                 R"(metadata { name: "e" namespace: "n" } involvedObject { namespace: "m" })"),
            Lines{"involvedObject.namespace: Invalid value: \"m\": does not match event.namespace"});
  EXPECT_EQ(created<core::Event>(kinds::kEvent, R"(metadata { name: "e" namespace: "default" })"), Lines{});
}

TEST(Validation, PodsOfAStatefulSetMountItsClaims) {
  const auto set = [](const std::string& mounted) {
    return R"(metadata { name: "s" namespace: "n" } spec { serviceName: "s" selector { matchLabels { key: "a" value: "b" } }
              template { metadata { labels { key: "a" value: "b" } }
                         spec { containers { name: "c" image: "i" volumeMounts { name: ")" +
           mounted + R"(" mountPath: "/data" } } } }
              volumeClaimTemplates { metadata { name: "data" } spec { accessModes: "ReadWriteOnce"
                resources { requests { key: "storage" value { string: "1Gi" } } } } } })";
  };
  using StatefulSet = k8s::io::api::apps::v1::StatefulSet;
  EXPECT_EQ(created<StatefulSet>(kinds::kStatefulSet, set("data")), Lines{});
  EXPECT_EQ(created<StatefulSet>(kinds::kStatefulSet, set("other")),
            Lines{"spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"other\""});
}

TEST(Validation, AClaimDoesNotShrinkBelowWhatItsVolumeHas) {
  using Claim = core::PersistentVolumeClaim;
  const auto claim = [](const std::string& wanted, const std::string& has) {
    return R"(metadata { name: "c" namespace: "n" } spec { accessModes: "ReadWriteOnce" volumeName: "v"
              resources { requests { key: "storage" value { string: ")" +
           wanted + R"(" } } } } status { phase: "Bound" capacity { key: "storage" value { string: ")" + has +
           R"(" } } })";
  };
  const auto change = [&](const std::string& from, const std::string& to, const std::string& has) {
    return updated<Claim>(kinds::kPersistentVolumeClaim, claim(from, has), claim(to, has));
  };
  const Lines refused{"spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"};
  EXPECT_EQ(change("2Gi", "1Gi", "2Gi"), refused);
  EXPECT_EQ(change("2Gi", "1Gi", "1Gi"), refused);
  EXPECT_EQ(change("10Gi", "2Gi", "1Gi"), Lines{});
  EXPECT_EQ(change("1Gi", "2Gi", "1Gi"), Lines{});
}

TEST(Validation, WhatIsOptionalAndAbsentIsNotLookedInto) {
  EXPECT_EQ(created<k8s::io::api::networking::v1::Ingress>(kinds::kIngress, R"(metadata { name: "i" namespace: "n" }
                spec { rules { host: "a.b" ingressRuleValue { http { paths { path: "/" pathType: "Exact"
                       backend { service { name: "s" port { number: 80 } } } } } } } })"),
            Lines{});
}

}  // namespace
}  // namespace kabuki

#include "messages/defaults.hpp"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/secret.pb.h"
#include "messages/api/core/v1/service.pb.h"

namespace kabuki {
namespace {

namespace core = k8s::io::api::core::v1;
namespace apps = k8s::io::api::apps::v1;
using google::protobuf::TextFormat;

// Applies the defaults to `before` and compares the whole message with `after`, both in Protobuf's text format.
template <class T>
void expect_defaults(KindId kind, const std::string& before, const std::string& after) {
  T object;
  T expected;
  ASSERT_TRUE(TextFormat::ParseFromString(before, &object));
  ASSERT_TRUE(TextFormat::ParseFromString(after, &expected));
  apply_defaults(kind_of(kind), &object);
  google::protobuf::util::MessageDifferencer differ;
  std::string difference;
  differ.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differ.Compare(expected, object)) << difference;
  apply_defaults(kind_of(kind), &object);
  EXPECT_TRUE(differ.Compare(expected, object)) << "applied twice: " << difference;
}

const std::string kSpec = R"(
  restartPolicy: "Always" dnsPolicy: "ClusterFirst" schedulerName: "default-scheduler" securityContext {}
  terminationGracePeriodSeconds: 30)";
const std::string kContainer = R"(terminationMessagePath: "/dev/termination-log" terminationMessagePolicy: "File" )";

TEST(Defaults, PodGetsTheUsualFields) {
  expect_defaults<core::Pod>(kinds::kPod,
                             R"(spec { containers { name: "c" image: "nginx" ports { containerPort: 80 } } })",
                             "spec {" + kSpec + R"( enableServiceLinks: true
                               containers { name: "c" image: "nginx" imagePullPolicy: "Always"
                                 ports { containerPort: 80 protocol: "TCP" } )" +
                                 kContainer + R"(} } status { phase: "Pending" })");
}

TEST(Defaults, PodKeepsWhatTheClientSaid) {
  const std::string pod = R"(spec { restartPolicy: "Never" dnsPolicy: "Default" schedulerName: "mine"
    securityContext { runAsUser: 0 } terminationGracePeriodSeconds: 0 enableServiceLinks: false
    serviceAccountName: "robot" serviceAccount: "robot"
    containers { terminationMessagePath: "/x" terminationMessagePolicy: "FallbackToLogsOnError"
                 imagePullPolicy: "Never" ports { protocol: "UDP" } } }
    status { phase: "Running" })";
  expect_defaults<core::Pod>(kinds::kPod, pod, pod);
}

TEST(Defaults, ImagesWithoutATagArePulledAlways) {
  const std::pair<const char*, const char*> cases[] = {
      {"nginx", "Always"},
      {"nginx:latest", "Always"},
      {"nginx:1.25", "IfNotPresent"},
      {"registry:5000/nginx", "Always"},
      {"registry:5000/nginx:1", "IfNotPresent"},
      {"nginx@sha256:0123", "IfNotPresent"},
  };
  for (auto [image, policy] : cases) {
    core::Pod pod;
    pod.mutable_spec()->add_containers()->set_image(image);
    apply_defaults(kind_of(kinds::kPod), &pod);
    EXPECT_EQ(pod.spec().containers(0).imagepullpolicy(), policy) << image;
  }
}

TEST(Defaults, ProbesVolumesAndRequestsOfAPod) {
  expect_defaults<core::Pod>(kinds::kPod, R"(spec {
        hostNetwork: true
        containers { image: "a:1" ports { containerPort: 80 }
          resources { limits { key: "cpu" value { string: "1" } } limits { key: "memory" value { string: "1Gi" } }
                      requests { key: "cpu" value { string: "500m" } } }
          livenessProbe { handler { httpGet { } } } readinessProbe { periodSeconds: 3 handler { exec { } } }
          env { name: "A" valueFrom { fieldRef { fieldPath: "metadata.name" } } } }
        volumes { name: "none" }
        volumes { name: "s" volumeSource { secret { } } }
        volumes { name: "c" volumeSource { configMap { defaultMode: 256 } } }
        volumes { name: "p" volumeSource { projected { sources { serviceAccountToken { path: "t" } } } } }
        volumes { name: "h" volumeSource { hostPath { path: "/" } } } })",
                             "spec {" + kSpec + R"( hostNetwork: true enableServiceLinks: true
        containers { image: "a:1" imagePullPolicy: "IfNotPresent" )" +
                                 kContainer + R"(
          ports { containerPort: 80 hostPort: 80 protocol: "TCP" }
          resources { limits { key: "cpu" value { string: "1" } } limits { key: "memory" value { string: "1Gi" } }
                      requests { key: "cpu" value { string: "500m" } } requests { key: "memory" value { string: "1Gi" } } }
          livenessProbe { timeoutSeconds: 1 periodSeconds: 10 successThreshold: 1 failureThreshold: 3
                          handler { httpGet { path: "/" scheme: "HTTP" } } }
          readinessProbe { timeoutSeconds: 1 periodSeconds: 3 successThreshold: 1 failureThreshold: 3 handler { exec { } } }
          env { name: "A" valueFrom { fieldRef { apiVersion: "v1" fieldPath: "metadata.name" } } } }
        volumes { name: "none" volumeSource { emptyDir { } } }
        volumes { name: "s" volumeSource { secret { defaultMode: 420 } } }
        volumes { name: "c" volumeSource { configMap { defaultMode: 256 } } }
        volumes { name: "p" volumeSource { projected { defaultMode: 420
                    sources { serviceAccountToken { path: "t" expirationSeconds: 3600 } } } } }
        volumes { name: "h" volumeSource { hostPath { path: "/" type: "" } } } }
        status { phase: "Pending" })");
}

TEST(Defaults, DeploymentRollsAQuarterAtATime) {
  expect_defaults<apps::Deployment>(kinds::kDeployment, R"(spec { template { spec { containers { image: "a:1"
        resources { limits { key: "cpu" value { string: "1" } } } } } } })",
                                    R"(spec { replicas: 1 revisionHistoryLimit: 10 progressDeadlineSeconds: 600
        strategy { type: "RollingUpdate"
                   rollingUpdate { maxUnavailable { type: 1 strVal: "25%" } maxSurge { type: 1 strVal: "25%" } } }
        template { spec { containers { image: "a:1" imagePullPolicy: "IfNotPresent"
          resources { limits { key: "cpu" value { string: "1" } } } )" +
                                        kContainer + "}" + kSpec + "} } }");
}

TEST(Defaults, DeploymentKeepsZeroAndRecreate) {
  apps::Deployment deployment;
  deployment.mutable_spec()->set_replicas(0);
  deployment.mutable_spec()->mutable_strategy()->set_type("Recreate");
  apply_defaults(kind_of(kinds::kDeployment), &deployment);
  EXPECT_EQ(deployment.spec().replicas(), 0);
  EXPECT_FALSE(deployment.spec().strategy().has_rollingupdate());
}

TEST(Defaults, ReplicaSetHasOneReplica) {
  expect_defaults<apps::ReplicaSet>(kinds::kReplicaSet, "",
                                    "spec { replicas: 1 template { spec { " + kSpec + "} } }");
}

TEST(Defaults, ServiceListensWhereItSends) {
  expect_defaults<core::Service>(
      kinds::kService,
      R"(spec { ports { port: 80 } ports { port: 53 protocol: "UDP" targetPort { type: 1 strVal: "dns" } } })",
      R"(spec { type: "ClusterIP" sessionAffinity: "None" internalTrafficPolicy: "Cluster" ipFamilyPolicy: "SingleStack"
           ipFamilies: "IPv4" ports { port: 80 protocol: "TCP" targetPort { intVal: 80 } }
           ports { port: 53 protocol: "UDP" targetPort { type: 1 strVal: "dns" } } })");
  expect_defaults<core::Service>(kinds::kService, R"(spec { type: "ExternalName" externalName: "a.b" })",
                                 R"(spec { type: "ExternalName" externalName: "a.b" sessionAffinity: "None" })");
  expect_defaults<core::Service>(
      kinds::kService, R"(spec { type: "NodePort" clusterIP: "10.0.0.1" sessionAffinity: "ClientIP" })",
      R"(spec { type: "NodePort" clusterIP: "10.0.0.1" clusterIPs: "10.0.0.1" sessionAffinity: "ClientIP"
           sessionAffinityConfig { clientIP { timeoutSeconds: 10800 } } externalTrafficPolicy: "Cluster"
           internalTrafficPolicy: "Cluster" ipFamilyPolicy: "SingleStack" ipFamilies: "IPv4" })");
}

TEST(Defaults, SecretTakesUpItsStrings) {
  expect_defaults<core::Secret>(
      kinds::kSecret,
      R"(data { key: "a" value: "1" } data { key: "b" value: "2" } stringData { key: "b" value: "3" })",
      R"(type: "Opaque" data { key: "a" value: "1" } data { key: "b" value: "3" })");
}

TEST(Defaults, NamespaceIsLabelledWithItsName) {
  expect_defaults<core::Namespace>(kinds::kNamespace, R"(metadata { name: "n" })",
                                   R"(metadata { name: "n" labels { key: "kubernetes.io/metadata.name" value: "n" } }
                                      spec { finalizers: "kubernetes" } status { phase: "Active" })");
  expect_defaults<core::Namespace>(
      kinds::kNamespace, R"(metadata { name: "n" deletionTimestamp { seconds: 1 } } status { phase: "Terminating" })",
      R"(metadata { name: "n" deletionTimestamp { seconds: 1 }
                                        labels { key: "kubernetes.io/metadata.name" value: "n" } }
                                      status { phase: "Terminating" })");
}

TEST(Defaults, NodeAllocatesWhatItHas) {
  expect_defaults<core::Node>(
      kinds::kNode, R"(spec { podCIDR: "10.1.0.0/24" } status { capacity { key: "cpu" value { string: "4" } } })",
      R"(spec { podCIDR: "10.1.0.0/24" podCIDRs: "10.1.0.0/24" }
                                 status { capacity { key: "cpu" value { string: "4" } }
                                          allocatable { key: "cpu" value { string: "4" } } })");
}

}  // namespace
}  // namespace kabuki

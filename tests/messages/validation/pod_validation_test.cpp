#include "messages/api/core/v1/pod.pb.h"
#include "tests/messages/validation/expect_causes.hpp"

namespace kabuki {
namespace {

using Pod = k8s::io::api::core::v1::Pod;

std::string pod(const std::string& spec) { return R"(metadata { name: "p" namespace: "n" } spec { )" + spec + "}"; }
const std::string kContainer = R"(containers { name: "c" image: "i:1" } )";

Lines check(const std::string& spec) { return created<Pod>(kinds::kPod, pod(spec)); }
Lines change(const std::string& old, const std::string& now, std::string_view subresource = {}) {
  return updated<Pod>(kinds::kPod, pod(old), pod(now), subresource);
}

TEST(PodValidation, ContainersHaveNamesAndImages) {
  EXPECT_EQ(check(kContainer), Lines{});
  EXPECT_EQ(check(""), Lines{"spec.containers: Required value"});
  EXPECT_EQ(check("containers { }"),
            (Lines{"spec.containers[0].name: Required value", "spec.containers[0].image: Required value"}));
  EXPECT_EQ(check(kContainer + kContainer), Lines{"spec.containers[1].name: Duplicate value: \"c\""});
  EXPECT_EQ(
      check(kContainer + R"(initContainers { name: "c" image: " i" })"),
      (Lines{"spec.initContainers[0].image: Invalid value: \" i\": must not have leading or trailing whitespace",
             "spec.initContainers[0].name: Duplicate value: \"c\""}));
  EXPECT_EQ(
      check(R"(containers { name: "C" image: "i" })"),
      Lines{"spec.containers[0].name: Invalid value: \"C\": a lowercase RFC 1123 label must consist of lower case "
            "alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. "
            "'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"});
}

TEST(PodValidation, PoliciesAreOfAList) {
  EXPECT_EQ(check(kContainer + R"(restartPolicy: "Maybe" dnsPolicy: "X")"),
            (Lines{"spec.restartPolicy: Unsupported value: \"Maybe\": supported values: \"Always\", \"OnFailure\", "
                   "\"Never\"",
                   "spec.dnsPolicy: Unsupported value: \"X\": supported values: \"ClusterFirstWithHostNet\", "
                   "\"ClusterFirst\", \"Default\", \"None\""}));
  EXPECT_EQ(check(R"(containers { name: "c" image: "i" imagePullPolicy: "X" })"),
            Lines{"spec.containers[0].imagePullPolicy: Unsupported value: \"X\": supported values: \"Always\", "
                  "\"IfNotPresent\", \"Never\""});
}

TEST(PodValidation, PortsAreInRangeAndApart) {
  EXPECT_EQ(check(R"(containers { name: "c" image: "i" ports { } ports { containerPort: 70000 } })"),
            (Lines{"spec.containers[0].ports[0].containerPort: Required value",
                   "spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, "
                   "inclusive"}));
  EXPECT_EQ(check(R"(containers { name: "c" image: "i" ports { name: "a" containerPort: 1 hostPort: 9 }
                                                       ports { name: "a" containerPort: 2 hostPort: 9 } })"),
            (Lines{"spec.containers[0].ports[1].name: Duplicate value: \"a\"",
                   "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//9\""}));
}

TEST(PodValidation, MountsReferToVolumes) {
  EXPECT_EQ(check(R"(containers { name: "c" image: "i" volumeMounts { name: "v" mountPath: "/a" } }
                     volumes { name: "v" })"),
            Lines{});
  EXPECT_EQ(check(R"(containers { name: "c" image: "i" volumeMounts { name: "x" mountPath: "/a" }
                                                       volumeMounts { name: "v" mountPath: "/a" } }
                     volumes { name: "v" } volumes { name: "v" })"),
            (Lines{"spec.volumes[1].name: Duplicate value: \"v\"",
                   "spec.containers[0].volumeMounts[0].name: Not found: \"x\"",
                   "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/a\": must be unique"}));
  EXPECT_EQ(check(kContainer + R"(volumes { name: "v" volumeSource { emptyDir { } secret { secretName: "s" } } })"),
            Lines{"spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type"});
}

TEST(PodValidation, RequestsStayBelowLimits) {
  auto resources = [](const std::string& name, const std::string& request, const std::string& limit) {
    return R"(containers { name: "c" image: "i" resources {)" +
           (request.empty() ? "" : " requests { key: \"" + name + "\" value { string: \"" + request + "\" } }") +
           (limit.empty() ? "" : " limits { key: \"" + name + "\" value { string: \"" + limit + "\" } }") + "} }";
  };
  EXPECT_EQ(check(resources("cpu", "500m", "1")), Lines{});
  EXPECT_EQ(
      check(resources("cpu", "2", "1500m")),
      Lines{"spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of "
            "1500m"});
  EXPECT_EQ(
      check(resources("example.com/gpu", "1", "2")),
      Lines{"spec.containers[0].resources.requests: Invalid value: \"1\": must be equal to example.com/gpu limit of "
            "2"});
  EXPECT_EQ(check(resources("example.com/gpu", "1", "")),
            Lines{"spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable "
                  "resources"});
  EXPECT_EQ(
      check(resources("memory", "-1", "")),
      Lines{"spec.containers[0].resources.requests[memory]: Invalid value: \"-1\": must be greater than or equal to "
            "0"});
  EXPECT_EQ(
      check(resources("gpu", "", "1")).front(),
      "spec.containers[0].resources.limits[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully "
      "qualified");
}

TEST(PodValidation, EnvironmentProbesAndTolerations) {
  EXPECT_EQ(check(R"(containers { name: "c" image: "i" env { } env { name: "A" value: "x" valueFrom { } } })"),
            (Lines{"spec.containers[0].env[0].name: Required value",
                   "spec.containers[0].env[1].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, "
                   "`resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"}));
  EXPECT_EQ(
      check(R"(containers { name: "c" image: "i" livenessProbe { successThreshold: 2 periodSeconds: -1 } })"),
      (Lines{"spec.containers[0].livenessProbe: Required value: must specify a handler type",
             "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
             "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"}));
  EXPECT_EQ(check(kContainer + R"(tolerations { operator: "Exists" }
                                  tolerations { key: "a" effect: "NoSchedule" tolerationSeconds: 1 })"),
            Lines{"spec.tolerations[1].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when "
                  "`tolerationSeconds` is set"});
  EXPECT_EQ(check(kContainer + "activeDeadlineSeconds: 0"),
            Lines{"spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"});
}

TEST(PodValidation, OnlyInitContainersThatStayHaveProbes) {
  auto init = [](const std::string& rest) {
    return kContainer +
           R"(initContainers { name: "i" image: "i" readinessProbe { handler { exec { command: "x" } } } )" + rest +
           "}";
  };
  EXPECT_EQ(check(init("restartPolicy: \"Always\"")), Lines{});
  EXPECT_EQ(check(init("")),
            Lines{"spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers "
                  "without restartPolicy=Always"});
}

TEST(PodValidation, AffinitiesAreWellFormed) {
  const std::string required = "requiredDuringSchedulingIgnoredDuringExecution";
  const std::string preferred = "preferredDuringSchedulingIgnoredDuringExecution";
  auto affinity = [](const std::string& text) { return check(kContainer + "affinity { " + text + " }"); };
  EXPECT_EQ(affinity("nodeAffinity { " + required + R"( { nodeSelectorTerms {
                matchExpressions { key: "a" operator: "In" values: "b" } matchExpressions { key: "c" operator: "Exists" }
                matchFields { key: "metadata.name" operator: "In" values: "n" } } } })"),
            Lines{});
  EXPECT_EQ(affinity("nodeAffinity { " + required + " { } }"),
            Lines{"spec.affinity.nodeAffinity." + required +
                  ".nodeSelectorTerms: Required value: must have at least one node selector term"});
  const std::string term = "spec.affinity.nodeAffinity." + preferred + "[0]";
  EXPECT_EQ(
      affinity("nodeAffinity { " + preferred + R"( { weight: 0 preference {
                matchExpressions { key: "a" operator: "In" } matchExpressions { key: "b" operator: "Like" }
                matchExpressions { key: "c" operator: "Gt" values: "1" values: "2" } } } })"),
      (Lines{
          term + ".weight: Invalid value: 0: must be in the range 1-100",
          term + ".preference.matchExpressions[0].values: Required value: must be specified when `operator` is "
                 "'In' or 'NotIn'",
          term + ".preference.matchExpressions[1].operator: Invalid value: \"Like\": not a valid selector operator",
          term + ".preference.matchExpressions[2].values: Required value: must be specified single value when "
                 "`operator` is 'Lt' or 'Gt'"}));
  EXPECT_EQ(affinity("podAntiAffinity { " + required + " { labelSelector { } } }"),
            Lines{"spec.affinity.podAntiAffinity." + required + "[0].topologyKey: Required value: can not be empty"});
}

const std::string kFixed =
    "spec: Forbidden: pod updates may not change fields other than "
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
    "previously negative)";

TEST(PodValidation, OnlySomeFieldsChange) {
  const std::string other_image = R"(containers { name: "c" image: "j:1" } )";
  EXPECT_EQ(change(kContainer, kContainer), Lines{});
  EXPECT_EQ(change(kContainer, other_image), Lines{});
  EXPECT_EQ(change(kContainer, kContainer + R"(tolerations { key: "a" operator: "Exists" })"), Lines{});
  EXPECT_EQ(change(kContainer, kContainer + "activeDeadlineSeconds: 5"), Lines{});
  EXPECT_EQ(change(kContainer + R"(schedulingGates { name: "g" })", kContainer), Lines{});
  EXPECT_EQ(change(kContainer, R"(containers { name: "c" image: "i:1" command: "x" })"), Lines{kFixed});
  EXPECT_EQ(change(kContainer, kContainer + R"(nodeName: "n")"), Lines{kFixed});
  EXPECT_EQ(change(kContainer, kContainer + R"(containers { name: "d" image: "i" })"),
            Lines{"spec.containers: Forbidden: pod updates may not add or remove containers"});
  EXPECT_EQ(
      change(kContainer + R"(tolerations { key: "a" operator: "Exists" })", kContainer),
      Lines{"spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"});
  EXPECT_EQ(change(kContainer + "activeDeadlineSeconds: 5", kContainer + "activeDeadlineSeconds: 6"),
            Lines{"spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"});
  EXPECT_EQ(change(kContainer, kContainer + R"(schedulingGates { name: "g" })"),
            Lines{"spec.schedulingGates: Forbidden: only deletion is allowed, but found new scheduling gate 'g'"});
}

TEST(PodValidation, SubresourcesChangeWhatIsTheirs) {
  const std::string debug =
      kContainer + R"(ephemeralContainers { ephemeralContainerCommon { name: "d" image: "i:1" } })";
  EXPECT_EQ(change(kContainer, debug, "ephemeralcontainers"), Lines{});
  EXPECT_EQ(change(kContainer, debug), Lines{kFixed});
  const auto asking_for = [](const std::string& cpu) {
    return R"(containers { name: "c" image: "i:1" resources { requests { key: "cpu" value { string: ")" + cpu +
           R"(" } } } })";
  };
  EXPECT_EQ(change(asking_for("1"), asking_for("2"), "resize"), Lines{});
  EXPECT_EQ(change(asking_for("1"), asking_for("2")), Lines{kFixed});
  EXPECT_EQ(change(kContainer, asking_for("2"), "resize"),
            Lines{R"(spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing)"});
}

}  // namespace
}  // namespace kabuki

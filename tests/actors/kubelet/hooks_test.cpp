#include <gtest/gtest.h>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/core/v1/secret.pb.h"
#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

namespace core = ::k8s::io::api::core::v1;
using Lines = std::vector<std::string>;

PodMessage pod(const std::string& spec, const std::vector<std::pair<std::string, std::string>>& settings = {}) {
  PodMessage out = pod_from("spec { " + spec + " }");
  auto& annotations = *out.mutable_metadata()->mutable_annotations();
  annotations["sim.kabuki.io/start-latency"] = "0s";
  for (const auto& [key, value] : settings) annotations["sim.kabuki.io/" + key] = value;
  return out;
}
const std::string kHooked =
    "terminationGracePeriodSeconds: 10 containers { name: 'a' lifecycle { postStart { exec { } } preStop { exec { } "
    "} } }";

void put(PodPlay& play, KindId kind, google::protobuf::Message&& object) {
  const ObjectPtr encoded = Object::encode(kind, object);
  play.api[encoded->key()] = encoded;
}
template <class Message>
Message named(const std::string& name) {
  Message out;
  out.mutable_metadata()->set_namespace_("default");
  out.mutable_metadata()->set_name(name);
  return out;
}

TEST(Hooks, PostStartHoldsBackRunning) {
  PodPlay play(pod(kHooked, {{"post-start", "3s"}}));
  play.run_until(2);
  EXPECT_EQ(play.line(), "Pending a:ContainerCreating/0");
  play.run_until(4);
  EXPECT_EQ(play.line(), "Running a:ready/0");
}

TEST(Hooks, AFailedPostStartEndsTheContainer) {
  PodPlay play(pod(kHooked, {{"post-start", "fail"}, {"stop-latency", "1s"}}));
  play.run_until(5);
  EXPECT_EQ(play.line(), "Running a:CrashLoopBackOff/1");
  EXPECT_EQ(Lines(play.notes.begin(), play.notes.begin() + 5),
            (Lines{"Pulled", "Created", "Started", "FailedPostStartHook", "Killing"}));
  EXPECT_EQ(play.messages[3], "PostStartHook failed");
  EXPECT_EQ(play.messages[4], "FailedPostStartHook");
}

TEST(Hooks, AFailedPostStartIsShownBeforeItIsBackedOffFrom) {
  PodPlay play(pod(kHooked, {{"post-start", "fail"}, {"stop-latency", "0s"}}));
  play.run_until(60);
  Lines shown;
  for (const std::string& line : play.history) {
    if (line.find("PostStartHookError") != std::string::npos || line.find("CrashLoop") != std::string::npos) {
      shown.push_back(line);
    }
  }
  ASSERT_GE(shown.size(), 3u);
  EXPECT_EQ(
      Lines(shown.begin(), shown.begin() + 3),
      (Lines{"Running a:PostStartHookError/0", "Running a:PostStartHookError/1", "Running a:CrashLoopBackOff/1"}));
  PodPlay never(pod("restartPolicy: 'Never' " + kHooked, {{"post-start", "fail"}, {"stop-latency", "0s"}}));
  never.run_until(60);
  EXPECT_EQ(never.line(), "Failed a:Error(143)/0");
}

struct StopCase {
  const char* pre_stop;
  const char* stop_latency;
  double ends_after;
  const char* last;
};
void PrintTo(const StopCase& c, std::ostream* out) { *out << c.pre_stop << " and " << c.stop_latency; }
class PreStop : public ::testing::TestWithParam<StopCase> {};

TEST_P(PreStop, CountsAgainstTheGrace) {
  PodPlay play(pod("restartPolicy: 'Never' " + kHooked,
                   {{"pre-stop", GetParam().pre_stop}, {"stop-latency", GetParam().stop_latency}}));
  play.run_until(5);
  play.remove(10);
  play.run_until(60);
  EXPECT_EQ(play.line(), GetParam().last);
  EXPECT_NEAR(static_cast<double>(play.now - kPlayStart) / 1e9 - 5, GetParam().ends_after, 0.01);
}
INSTANTIATE_TEST_SUITE_P(All, PreStop,
                         ::testing::Values(StopCase{"4s", "1s", 5, "Succeeded a:Completed(0)/0"},
                                           StopCase{"4s", "ignore", 11, "Failed a:Error(137)/0"},
                                           // The hook is cut off; two seconds are always left.
                                           StopCase{"1h", "1s", 12, "Succeeded a:Completed(0)/0"},
                                           StopCase{"1h", "ignore", 13, "Failed a:Error(137)/0"}));

TEST(Hooks, AFailedPreStopIsSaid) {
  PodPlay play(pod(kHooked, {{"pre-stop", "fail"}, {"stop-latency", "1s"}}));
  play.run_until(5);
  play.remove(10);
  play.run_until(60);
  EXPECT_TRUE(play.removed);
  EXPECT_EQ(Lines(play.notes.end() - 2, play.notes.end()), (Lines{"Killing", "FailedPreStopHook"}));
}

TEST(TerminationMessage, IsWhatWasWrittenToItsPath) {
  PodPlay play(pod("restartPolicy: 'Never' containers { name: 'a' terminationMessagePath: '/tmp/end' }",
                   {{"run-time", "1s"}, {"writes", "/tmp/end=good bye;/dev/termination-log=not this"}}));
  play.run_until(5);
  EXPECT_EQ(play.pod.status().containerstatuses(0).state().terminated().message(), "good bye");
}

TEST(TerminationMessage, FallsBackToTheLogOnError) {
  const std::string spec =
      "restartPolicy: 'Never' containers { name: 'a' terminationMessagePolicy: 'FallbackToLogsOnError' }";
  for (const auto& [code, message] :
       std::vector<std::pair<std::string, std::string>>{{"0", ""}, {"1", "one\ntwo\n"}}) {
    PodPlay play(pod(spec, {{"exit-code", code}, {"logs", "one\ntwo"}}));
    play.run_until(5);
    EXPECT_EQ(play.pod.status().containerstatuses(0).state().terminated().message(), message) << code;
  }
}

TEST(Memory, AboveItsLimitTheContainerIsKilled) {
  PodPlay play(
      pod("restartPolicy: 'Never' containers { name: 'a' resources { limits { key: 'memory' value { string: "
          "'100Mi' } } } }",
          {{"memory-use", "ramp(0Mi,200Mi,20s)"}}));
  play.run_until(9);
  EXPECT_EQ(play.line(), "Running a:ready/0");
  play.run_until(15);
  EXPECT_EQ(play.line(), "Failed a:OOMKilled(137)/0");
}

TEST(Needs, AContainerWaitsForItsEnvironment) {
  PodPlay play(
      pod("containers { name: 'a' env { name: 'X' valueFrom { secretKeyRef { localObjectReference { name: 's' } "
          "key: 'k' } } } env { name: 'Y' valueFrom { configMapKeyRef { localObjectReference { name: 'no' } "
          "key: 'k' optional: true } } } }"));
  const auto why = [&] { return play.pod.status().containerstatuses(0).state().waiting().message(); };
  play.run_until(1);
  EXPECT_EQ(play.line(), "Pending a:CreateContainerConfigError/0");
  EXPECT_EQ(why(), "secret \"s\" not found");
  EXPECT_EQ(play.messages.back(), "Error: secret \"s\" not found");
  put(play, kinds::kSecret, named<core::Secret>("s"));
  play.run_until(12);
  EXPECT_EQ(why(), "couldn't find key k in Secret default/s");
  auto secret = named<core::Secret>("s");
  (*secret.mutable_data())["k"] = "v";
  put(play, kinds::kSecret, std::move(secret));
  play.run_until(60);
  EXPECT_EQ(play.line(), "Running a:ready/0");
}

TEST(Needs, APodWaitsForWhatItMounts) {
  PodPlay play(
      pod("containers { name: 'a' } volumes { name: 'c' volumeSource { configMap { localObjectReference { name: "
          "'cfg' } items { key: 'f' path: 'f' } } } } volumes { name: 'd' volumeSource { persistentVolumeClaim { "
          "claimName: 'data' } } } volumes { name: 'r' volumeSource { projected { sources { configMap { "
          "localObjectReference { name: 'kube-root-ca.crt' } } } } } }"));
  play.run_until(0.1);
  EXPECT_EQ(play.line(), "Pending a:ContainerCreating/0");
  EXPECT_EQ(play.pod.status().podip(), "");
  EXPECT_EQ(play.notes, (Lines{"FailedMount", "FailedMount"}));
  EXPECT_EQ(play.messages[0], "MountVolume.SetUp failed for volume \"c\" : configmap \"cfg\" not found");
  EXPECT_EQ(play.messages[1],
            "Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[], failed to process "
            "volumes=[d]: error processing PVC default/data: failed to fetch PVC from API server: "
            "persistentvolumeclaims \"data\" not found");
  put(play, kinds::kPersistentVolumeClaim, named<core::PersistentVolumeClaim>("data"));
  put(play, kinds::kConfigMap, named<core::ConfigMap>("cfg"));
  play.run_until(0.6);
  EXPECT_EQ(play.messages.back(),
            "MountVolume.SetUp failed for volume \"c\" : configmap references non-existent config key: f");
  auto map = named<core::ConfigMap>("cfg");
  (*map.mutable_data())["f"] = "";
  put(play, kinds::kConfigMap, std::move(map));
  play.run_until(10);
  EXPECT_EQ(play.line(), "Running a:ready/0");
  EXPECT_EQ(play.notes, (Lines{"FailedMount", "FailedMount", "FailedMount", "Pulled", "Created", "Started"}));
}

TEST(Images, AreToBeNamedProperly) {
  struct {
    const char* image;
    const char* why;
  } cases[] = {
      {"nginx", nullptr},
      {"registry.example:5000/a/b_c/d-e.f:1.2-x@sha256:0123456789abcdef0123456789abcdef", nullptr},
      {"LOCAL/web", nullptr},
      {"Web:1", "invalid reference format: repository name (library/Web) must be lowercase"},
      {"r.io/a/Web", "invalid reference format: repository name (a/Web) must be lowercase"},
      {"web:", "invalid reference format"},
      {"http://r.io/web", "invalid reference format"},
      {"a b", "invalid reference format"},
      {"web@sha256:12", "invalid reference format"},
      {"a//b", "invalid reference format"},
  };
  for (const auto& c : cases) {
    PodPlay play(pod("containers { name: 'a' image: '" + std::string(c.image) + "' }"));
    play.run_until(1);
    const auto& waiting = play.pod.status().containerstatuses(0).state().waiting();
    EXPECT_EQ(waiting.reason(), c.why ? "InvalidImageName" : "") << c.image;
    if (!c.why) continue;
    const std::string quoted = "\"" + std::string(c.image) + "\": ";
    EXPECT_EQ(waiting.message(),
              "Failed to apply default image tag " + quoted + "couldn't parse image reference " + quoted + c.why);
    EXPECT_EQ(play.notes, (Lines{"InspectFailed", "Failed"}));
  }
}

}  // namespace
}  // namespace kabuki::kubelet

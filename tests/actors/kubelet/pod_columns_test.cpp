#include <gtest/gtest.h>

#include "actors/api_server/table/printer.hpp"
#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

/// READY, STATUS and RESTARTS as `kubectl get pod` prints them.
std::string columns(const PodMessage& pod, int64_t now) {
  const auto row = api_server::table::pod_printer().row(pod, {now});
  const auto text = [&](size_t i) { return std::get<std::string>(row.cells[i]); };
  const std::string restarts = text(3);
  return text(1) + " " + text(2) + " " + restarts.substr(0, restarts.find(' '));
}

struct Case {
  const char* name;
  std::string spec;                                           // of the pod
  std::vector<std::pair<std::string, std::string>> settings;  // annotations
  double seconds;                                             // how long it is played
  const char* printed;
};

class PodColumns : public ::testing::TestWithParam<Case> {};

TEST_P(PodColumns, AreKubectls) {
  const Case& c = GetParam();
  PodMessage pod = pod_from("spec { " + c.spec + " }");
  auto& annotations = *pod.mutable_metadata()->mutable_annotations();
  annotations["sim.kabuki.io/start-latency"] = "10ms";
  for (const auto& [key, value] : c.settings) annotations["sim.kabuki.io/" + key] = value;
  PodPlay play(std::move(pod));
  play.run_until(c.seconds);
  EXPECT_EQ(columns(play.pod, play.now), c.printed) << play.pod.status().DebugString();
}

const std::string kOne = "containers { name: 'a' image: 'web' }";
const std::string kNever = "restartPolicy: 'Never' " + kOne;
const std::string kInits =
    "initContainers { name: 'i' image: 'web' } initContainers { name: 'j' image: 'web' } " + kOne;

INSTANTIATE_TEST_SUITE_P(
    All, PodColumns,
    ::testing::Values(
        Case{"ContainerCreating", kOne, {{"start-latency", "1m"}}, 5, "0/1 ContainerCreating 0"},
        Case{"Running", kOne, {}, 5, "1/1 Running 0"},
        Case{"RunningUnready", kOne, {{"ready-after", "never"}}, 5, "0/1 Running 0"},
        Case{"Completed", kNever, {{"run-time", "1s"}}, 5, "0/1 Completed 0"},
        Case{"Error", kNever, {{"exit-code", "3"}}, 5, "0/1 Error 0"},
        Case{"OOMKilled", kNever, {{"exit-code", "oom"}}, 5, "0/1 OOMKilled 0"},
        Case{"ContainerCannotRun", kNever, {{"exit-code", "cannot-run"}}, 5, "0/1 ContainerCannotRun 0"},
        Case{"CrashLoopBackOff", kOne, {{"exit-code", "1"}}, 5, "0/1 CrashLoopBackOff 1"},
        Case{"ErrImagePull", kOne, {{"image-pull", "fail"}}, 0.5, "0/1 ErrImagePull 0"},
        Case{"ImagePullBackOff", kOne, {{"image-pull", "fail"}}, 5, "0/1 ImagePullBackOff 0"},
        Case{"ErrImageNeverPull",
             "containers { name: 'a' image: 'web' imagePullPolicy: 'Never' }",
             {{"image-pull", "1s"}},
             5,
             "0/1 ErrImageNeverPull 0"},
        Case{"InvalidImageName", "containers { name: 'a' image: 'Web:1' }", {}, 5, "0/1 InvalidImageName 0"},
        Case{"CreateContainerConfigErrorByAnnotation",
             kOne,
             {{"run-time", "soon"}},
             5,
             "0/1 CreateContainerConfigError 0"},
        Case{"CreateContainerConfigErrorByConfigMap",
             "containers { name: 'a' image: 'web' envFrom { configMapRef { localObjectReference { name: 'c' } } } }",
             {},
             5,
             "0/1 CreateContainerConfigError 0"},
        Case{"CreateContainerConfigErrorByUser",
             "securityContext { runAsNonRoot: true runAsUser: 0 } " + kOne,
             {},
             5,
             "0/1 CreateContainerConfigError 0"},
        Case{"InitRunning", kInits, {{"i.run-time", "1m"}}, 5, "0/1 Init:0/2 0"},
        Case{"InitSecond", kInits, {{"j.run-time", "1m"}}, 5, "0/1 Init:1/2 0"},
        Case{"InitError", "restartPolicy: 'Never' " + kInits, {{"i.exit-code", "1"}}, 5, "0/1 Init:Error 0"},
        Case{"InitCrashLoopBackOff",
             kInits,
             {{"i.exit-code", "1"}, {"i.run-time", "100ms"}},
             5,
             "0/1 Init:CrashLoopBackOff 1"},
        Case{"InitImagePullBackOff", kInits, {{"i.image-pull", "fail"}}, 5, "0/1 Init:ImagePullBackOff 0"},
        Case{"InitOutOfMemory",
             "restartPolicy: 'Never' " + kInits,
             {{"i.exit-code", "oom"}},
             5,
             "0/1 Init:OOMKilled 0"},
        Case{"PodInitializing", kInits, {{"a.start-latency", "1m"}}, 5, "0/1 PodInitializing 0"},
        Case{"Sidecar", "initContainers { name: 's' restartPolicy: 'Always' } " + kOne, {}, 5, "2/2 Running 0"},
        Case{"NotReady",
             "restartPolicy: 'Never' containers { name: 'a' } containers { name: 'b' readinessProbe { } } "
             "readinessGates { conditionType: 'x/y' }",
             {{"a.run-time", "1s"}},
             5,
             "1/2 NotReady 0"},
        Case{"StoppingAtItsDeadline",
             "activeDeadlineSeconds: 2 " + kOne,
             {{"stop-latency", "5s"}},
             5,
             "1/1 Running 0"},
        Case{"EndedByItsDeadline", "activeDeadlineSeconds: 2 " + kOne, {{"stop-exit-code", "143"}}, 5, "0/1 Error 0"},
        Case{"Restarted", kOne, {{"exit-code", "1,0"}, {"run-time", "1h"}}, 3700, "1/1 Running 1"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(PodColumns, OfOneThatTerminates) {
  PodPlay play(
      pod_from("spec { containers { name: 'a' } }\nmetadata { annotations { key: 'sim.kabuki.io/stop-latency' "
               "value: '10s' } }"));
  play.run_until(5);
  play.remove(30);
  play.run_until(8);
  EXPECT_EQ(columns(play.pod, play.now), "1/1 Terminating 0");
  // Its node is lost.
  play.pod.mutable_status()->set_reason("NodeLost");
  EXPECT_EQ(columns(play.pod, play.now), "1/1 Unknown 0");
}

RuntimeEvent eviction() {
  RuntimeEvent evicted;
  evicted.kind = RuntimeEvent::Kind::evicted;
  evicted.message = "The node was low on resource: memory.";
  return evicted;
}

TEST(PodColumns, OfOneThatItsNodeRefuses) {
  PodPlay play(pod_from("spec { containers { name: 'a' } }"));
  play.settle_once({eviction()});
  EXPECT_EQ(columns(play.pod, play.now), "0/1 Evicted 0");
  EXPECT_EQ(play.notes, std::vector<std::string>{"Evicted"});
}

TEST(PodColumns, OfOneThatIsEvicted) {
  PodPlay play(pod_from("spec { containers { name: 'a' } }"));
  play.run_until(5);
  play.settle_once({eviction()});
  EXPECT_EQ(columns(play.pod, play.now), "0/1 Error 0");
  EXPECT_EQ(play.line(), "Failed a:Error(137)/0");
  EXPECT_EQ(play.pod.status().message(), "The node was low on resource: memory.");
  const auto& disrupted = play.pod.status().conditions(0);
  EXPECT_EQ(disrupted.type() + " " + disrupted.status() + " " + disrupted.reason(),
            "DisruptionTarget True TerminationByKubelet");
  const std::string before = play.pod.status().DebugString();
  play.restart();
  play.run_until(60);
  EXPECT_EQ(play.pod.status().DebugString(), before);
}

/// "Ready=False(ContainersNotReady)" of every condition, in order.
std::string conditions(const PodMessage& pod) {
  std::string out;
  for (const auto& c : pod.status().conditions()) {
    out +=
        (out.empty() ? "" : " ") + c.type() + "=" + c.status() + (c.reason().empty() ? "" : "(" + c.reason() + ")");
  }
  return out;
}

TEST(PodConditions, TellHowFarItIs) {
  PodPlay play(
      pod_from("spec { restartPolicy: 'Never' initContainers { name: 'i' } containers { name: 'a' } }\n"
               "metadata { annotations { key: 'sim.kabuki.io/run-time' value: '10s' } }"));
  play.state.ip = {};
  play.run_until(1);
  EXPECT_EQ(conditions(play.pod),
            "PodReadyToStartContainers=False Initialized=False(ContainersNotInitialized) "
            "Ready=False(ContainersNotReady) ContainersReady=False(ContainersNotReady) PodScheduled=True");
  play.restart();
  play.run_until(5);
  EXPECT_EQ(conditions(play.pod),
            "PodReadyToStartContainers=True Initialized=False(ContainersNotInitialized) "
            "Ready=False(ContainersNotReady) ContainersReady=False(ContainersNotReady) PodScheduled=True");
  play.run_until(15);
  EXPECT_EQ(conditions(play.pod),
            "PodReadyToStartContainers=True Initialized=True Ready=True ContainersReady=True PodScheduled=True");
  play.run_until(30);
  EXPECT_EQ(conditions(play.pod),
            "PodReadyToStartContainers=False Initialized=True(PodCompleted) Ready=False(PodCompleted) "
            "ContainersReady=False(PodCompleted) PodScheduled=True");
}

}  // namespace
}  // namespace kabuki::kubelet

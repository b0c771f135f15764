#include <gtest/gtest.h>

#include "actors/kubelet/lifecycle/container_id.hpp"
#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

using Lines = std::vector<std::string>;

std::string annotated(const std::string& key, const std::string& value) {
  return "metadata { annotations { key: 'sim.kabuki.io/" + key + "' value: '" + value + "' } }\n";
}
const char* const kApp = "spec { containers { name: 'app' image: 'nginx:1.25' } }\n";

TEST(PodLifecycle, RunsOneContainer) {
  PodPlay play(pod_from(kApp));
  play.run_until(5);
  EXPECT_EQ(play.history, (Lines{"Pending app:ContainerCreating/0", "Running app:ready/0"}));
  EXPECT_EQ(play.notes, (Lines{"Pulled", "Created", "Started"}));
}

TEST(PodLifecycle, WritesTheStatusThatKubernetesWrites) {
  PodMessage pod = pod_from(std::string(kApp) + annotated("start-latency", "1500ms"));
  pod.mutable_metadata()->set_generation(1);
  auto* scheduled = pod.mutable_status()->add_conditions();
  scheduled->set_type("PodScheduled");
  scheduled->set_status("True");
  scheduled->mutable_lasttransitiontime()->set_seconds(1'699'999'999);
  pod.mutable_status()->set_phase("Pending");
  PodPlay play(std::move(pod));
  play.run_until(10);
  PodStatusMessage expected;
  const std::string id = simulated_id("u-1", "app", 0, {0, kPlayStart + 1'500'000'000});
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
    phase: 'Running' hostIP: '172.16.0.1' podIP: '10.244.0.5' qosClass: 'BestEffort' observedGeneration: 1
    startTime { seconds: 1700000000 } podIPs { ip: '10.244.0.5' } hostIPs { ip: '172.16.0.1' }
    conditions { type: 'PodReadyToStartContainers' status: 'True' observedGeneration: 1 lastTransitionTime { seconds: 1700000000 } }
    conditions { type: 'Initialized' status: 'True' observedGeneration: 1 lastTransitionTime { seconds: 1700000000 } }
    conditions { type: 'Ready' status: 'True' observedGeneration: 1 lastTransitionTime { seconds: 1700000001 } }
    conditions { type: 'ContainersReady' status: 'True' observedGeneration: 1 lastTransitionTime { seconds: 1700000001 } }
    conditions { type: 'PodScheduled' status: 'True' observedGeneration: 1 lastTransitionTime { seconds: 1699999999 } }
    containerStatuses { name: 'app' image: 'nginx:1.25' ready: true started: true
      state { running { startedAt { seconds: 1700000001 } } } }
  )",
                                                            &expected));
  expected.mutable_containerstatuses(0)->set_containerid(id);
  expected.mutable_containerstatuses(0)->set_imageid(simulated_image_id("nginx:1.25"));
  EXPECT_EQ(play.pod.status().DebugString(), expected.DebugString());
}

TEST(PodLifecycle, SettledAgainWritesNothing) {
  PodPlay play(pod_from(kApp));
  play.run_until(5);
  const size_t written = play.history.size();
  for (int i = 0; i < 10; ++i) play.settle_once();
  EXPECT_EQ(play.history.size(), written);
}

TEST(PodLifecycle, WaitsForAnAddressBeforeItStartsAnything) {
  PodPlay play(pod_from(kApp));
  play.state.ip = {};
  play.run_until(60);
  EXPECT_EQ(play.history, (Lines{"Pending app:ContainerCreating/0"}));
  EXPECT_EQ(play.pod.status().podip(), "");
}

TEST(PodLifecycle, RunsInitContainersInOrderBeforeTheMainOnes) {
  PodPlay play(
      pod_from("spec { initContainers { name: 'i1' } initContainers { name: 'i2' } "
               "containers { name: 'a' } containers { name: 'b' } }" +
               annotated("start-latency", "10ms")));
  play.run_until(5);
  EXPECT_EQ(play.history,
            (Lines{"Pending i1:PodInitializing/0 i2:PodInitializing/0 a:PodInitializing/0 b:PodInitializing/0",
                   "Pending i1:running/0 i2:PodInitializing/0 a:PodInitializing/0 b:PodInitializing/0",
                   "Pending i1:Completed(0)/0 i2:PodInitializing/0 a:PodInitializing/0 b:PodInitializing/0",
                   "Pending i1:Completed(0)/0 i2:running/0 a:PodInitializing/0 b:PodInitializing/0",
                   "Pending i1:Completed(0)/0 i2:Completed(0)/0 a:PodInitializing/0 b:PodInitializing/0",
                   "Running i1:Completed(0)/0 i2:Completed(0)/0 a:ready/0 b:ready/0"}));
}

TEST(PodLifecycle, AFailingInitContainerIsRetriedWithBackOffAndNeverStartsTheMainOnes) {
  PodPlay play(pod_from("spec { initContainers { name: 'i' } containers { name: 'a' } }" +
                        annotated("i.exit-code", "1") + annotated("start-latency", "10ms") +
                        annotated("i.run-time", "10ms")));
  play.run_until(15);
  EXPECT_EQ(play.history,
            (Lines{"Pending i:PodInitializing/0 a:PodInitializing/0", "Pending i:running/0 a:PodInitializing/0",
                   "Pending i:Error(1)/0 a:PodInitializing/0", "Pending i:running/1 a:PodInitializing/0",
                   "Pending i:CrashLoopBackOff/1 a:PodInitializing/0", "Pending i:running/2 a:PodInitializing/0",
                   "Pending i:CrashLoopBackOff/2 a:PodInitializing/0"}));
}

TEST(PodLifecycle, AFailedInitContainerFailsAPodThatNeverRestarts) {
  PodPlay play(pod_from("spec { restartPolicy: 'Never' initContainers { name: 'i' } containers { name: 'a' } }" +
                        annotated("i.exit-code", "3")));
  play.run_until(60);
  EXPECT_EQ(play.history.back(), "Failed i:Error(3)/0 a:PodInitializing/0");
  EXPECT_TRUE(play.state.sandbox == Sandbox::stopped);
}

TEST(PodLifecycle, SidecarsStartFirstAndStopLast) {
  PodPlay play(pod_from(
      "spec { restartPolicy: 'Never' initContainers { name: 's1' restartPolicy: 'Always' } "
      "initContainers { name: 's2' restartPolicy: 'Always' } containers { name: 'a' } }" +
      annotated("a.run-time", "2s") + annotated("start-latency", "10ms") + annotated("stop-latency", "10ms")));
  play.run_until(60);
  EXPECT_EQ(play.history,
            (Lines{"Pending s1:PodInitializing/0 s2:PodInitializing/0 a:PodInitializing/0",
                   "Pending s1:ready/0 s2:PodInitializing/0 a:PodInitializing/0",
                   "Pending s1:ready/0 s2:ready/0 a:PodInitializing/0", "Running s1:ready/0 s2:ready/0 a:ready/0",
                   "Running s1:ready/0 s2:ready/0 a:Completed(0)/0",
                   "Running s1:ready/0 s2:Completed(0)/0 a:Completed(0)/0",
                   "Succeeded s1:Completed(0)/0 s2:Completed(0)/0 a:Completed(0)/0"}));
}

TEST(PodLifecycle, ACrashedSidecarIsRestartedWhileTheMainContainersRun) {
  PodPlay play(
      pod_from("spec { restartPolicy: 'Never' initContainers { name: 's' restartPolicy: 'Always' } "
               "containers { name: 'a' } }"));
  play.run_until(5);
  play.crash("s", 137);
  play.run_until(6);
  EXPECT_EQ(play.history.back(), "Running s:ready/1 a:ready/0");
}

struct PolicyCase {
  const char* policy;
  int exit_code;
  const char* last;
};
void PrintTo(const PolicyCase& c, std::ostream* out) { *out << c.policy << " after " << c.exit_code; }
class PodPolicy : public ::testing::TestWithParam<PolicyCase> {};

TEST_P(PodPolicy, DecidesWhatFollowsAnEnd) {
  const PolicyCase& c = GetParam();
  PodPlay play(pod_from("spec { restartPolicy: '" + std::string(c.policy) + "' containers { name: 'a' } }" +
                        annotated("a.run-time", "1s") + annotated("a.exit-code", std::to_string(c.exit_code)) +
                        annotated("start-latency", "10ms")));
  play.run_until(3.5);
  EXPECT_EQ(play.history.back(), c.last);
}
INSTANTIATE_TEST_SUITE_P(All, PodPolicy,
                         ::testing::Values(PolicyCase{"Never", 0, "Succeeded a:Completed(0)/0"},
                                           PolicyCase{"Never", 2, "Failed a:Error(2)/0"},
                                           PolicyCase{"OnFailure", 0, "Succeeded a:Completed(0)/0"},
                                           PolicyCase{"OnFailure", 2, "Running a:CrashLoopBackOff/1"},
                                           PolicyCase{"Always", 0, "Running a:CrashLoopBackOff/1"},
                                           PolicyCase{"Always", 2, "Running a:CrashLoopBackOff/1"}));

TEST(PodLifecycle, AContainersOwnPolicyGoesBeforeThePods) {
  const auto line = [](const std::string& policy, const std::string& own, int exit_code) {
    PodPlay play(pod_from("spec { restartPolicy: '" + policy + "' containers { name: 'a' " + own +
                          " } containers { name: 'b' } }" + annotated("a.exit-code", std::to_string(exit_code)) +
                          annotated("b.run-time", "2s") + annotated("start-latency", "10ms")));
    play.run_until(4);
    return play.line();
  };
  const std::string only_42 = "restartPolicyRules { action: 'Restart' exitCodes { operator: 'In' values: 42 } }";
  EXPECT_EQ(line("Never", "restartPolicy: 'OnFailure'", 1), "Running a:CrashLoopBackOff/1 b:Completed(0)/0");
  EXPECT_EQ(line("Always", "restartPolicy: 'Never'", 1), "Running a:Error(1)/0 b:ready/1");
  EXPECT_EQ(line("Never", "restartPolicy: 'Never' " + only_42, 42), "Running a:CrashLoopBackOff/1 b:Completed(0)/0");
  EXPECT_EQ(line("Never", "restartPolicy: 'Never' " + only_42, 1), "Failed a:Error(1)/0 b:Completed(0)/0");
}

TEST(PodLifecycle, BacksOffTenSecondsDoubledToFiveMinutes) {
  PodPlay play(pod_from(std::string(kApp) + annotated("run-time", "1s") + annotated("exit-code", "1") +
                        annotated("start-latency", "1ms")));
  std::vector<int64_t> gaps;
  int64_t finished = 0;
  int32_t seen = 0;
  while (gaps.size() < 8) {
    play.now = std::max(play.now, play.settle_once());
    const auto& c = play.pod.status().containerstatuses(0);
    if (c.state().has_terminated()) finished = c.state().terminated().finishedat().seconds();
    if (c.state().has_waiting()) finished = c.laststate().terminated().finishedat().seconds();
    if (c.state().has_running() && c.restartcount() > seen) {
      gaps.push_back(c.state().running().startedat().seconds() - finished);
      seen = c.restartcount();
    }
  }
  EXPECT_EQ(gaps, (std::vector<int64_t>{0, 10, 20, 40, 80, 160, 300, 300}));
}

TEST(PodLifecycle, ForgetsTheBackOffOfAContainerThatRanTenMinutes) {
  PodPlay play(pod_from(std::string(kApp) + annotated("start-latency", "0s")));
  for (int i = 0; i < 3; ++i) {
    play.run_until((play.now - kPlayStart) / 1e9 + 1 + (i > 1 ? 10 : 0));
    play.crash("app", 1);
  }
  EXPECT_EQ(play.pod.status().containerstatuses(0).state().waiting().message(),
            "back-off 20s restarting failed container=app pod=web_default(u-1)");
  play.run_until((play.now - kPlayStart) / 1e9 + 700);
  play.crash("app", 1);
  play.run_until((play.now - kPlayStart) / 1e9 + 1);
  EXPECT_EQ(play.line(), "Running app:ready/4");
}

TEST(PodLifecycle, ACrashedContainerIsARestartWithTheFormerStateKept) {
  PodPlay play(pod_from(kApp));
  play.run_until(5);
  play.crash("app", 139);
  play.run_until(6);
  const auto& c = play.pod.status().containerstatuses(0);
  EXPECT_EQ(play.line(), "Running app:ready/1");
  EXPECT_EQ(c.laststate().terminated().exitcode(), 139);
  EXPECT_EQ(c.laststate().terminated().reason(), "Error");
  EXPECT_EQ(c.laststate().terminated().finishedat().seconds(), kPlayStart / kPlaySecond + 5);
  EXPECT_NE(c.laststate().terminated().containerid(), c.containerid());
}

TEST(PodLifecycle, SaysWhyAnImageCannotBePulled) {
  PodPlay play(pod_from(std::string(kApp) + annotated("image-pull", "fail")));
  play.run_until(11.5);
  EXPECT_EQ(play.history, (Lines{"Pending app:ErrImagePull/0", "Pending app:ImagePullBackOff/0",
                                 "Pending app:ErrImagePull/0", "Pending app:ImagePullBackOff/0"}));
  EXPECT_EQ(play.pod.status().containerstatuses(0).state().waiting().message(),
            "Back-off pulling image \"nginx:1.25\"");
}

TEST(PodLifecycle, SaysWhichAnnotationItDoesNotUnderstand) {
  PodPlay play(pod_from(std::string(kApp) + annotated("app.run-time", "soon")));
  play.run_until(5);
  EXPECT_EQ(play.line(), "Pending app:CreateContainerConfigError/0");
  EXPECT_EQ(play.pod.status().containerstatuses(0).state().waiting().message(),
            "annotation sim.kabuki.io/app.run-time: \"soon\" is no duration: expected a form such as 10s, "
            "uniform(5s,10s) or exp(30s)");
  EXPECT_EQ(play.notes, (Lines{"Pulled", "Failed"}));
  play.pod.mutable_metadata()->clear_annotations();
  play.run_until(15);
  EXPECT_EQ(play.line(), "Running app:ready/0");
}

TEST(PodLifecycle, OutOfMemoryIsSaid) {
  PodPlay play(
      pod_from("spec { restartPolicy: 'Never' containers { name: 'a' } }" + annotated("a.exit-code", "oom")));
  play.run_until(5);
  EXPECT_EQ(play.line(), "Failed a:OOMKilled(137)/0");
}

TEST(PodLifecycle, ExitCodesAreTakenByRestartCount) {
  PodPlay play(pod_from("spec { restartPolicy: 'OnFailure' containers { name: 'a' } }" +
                        annotated("a.exit-code", "1,1,0") + annotated("a.run-time", "1s")));
  play.run_until(60);
  EXPECT_EQ(play.line(), "Succeeded a:Completed(0)/2");
}

TEST(PodLifecycle, TerminatesWithinTheGraceAndThenIsRemoved) {
  PodPlay play(pod_from(std::string(kApp) + annotated("stop-latency", "2s")));
  play.run_until(5);
  play.remove(30);
  play.run_until(60);
  EXPECT_TRUE(play.removed);
  EXPECT_EQ(play.now, kPlayStart + 7 * kPlaySecond);
  EXPECT_EQ(play.line(), "Succeeded app:Completed(0)/0");
}

TEST(PodLifecycle, KillsWhatIgnoresItsTermination) {
  PodPlay play(pod_from(std::string(kApp) + annotated("stop-latency", "ignore")));
  play.run_until(5);
  play.remove(10);
  play.run_until(60);
  EXPECT_TRUE(play.removed);
  EXPECT_EQ(play.line(), "Failed app:Error(137)/0");
  EXPECT_GE(play.now, kPlayStart + 15 * kPlaySecond);
  EXPECT_LE(play.now, kPlayStart + 16 * kPlaySecond);
}

TEST(PodLifecycle, AShortenedGraceIsObeyed) {
  PodPlay play(pod_from(std::string(kApp) + annotated("stop-latency", "ignore")));
  play.run_until(5);
  play.remove(3600);
  play.run_until(10);
  EXPECT_FALSE(play.removed);
  play.remove(1);
  play.run_until(60);
  EXPECT_TRUE(play.removed);
  EXPECT_LE(play.now, kPlayStart + 12 * kPlaySecond);
}

TEST(PodLifecycle, DeletedBeforeItStartsIsRemovedAtOnce) {
  PodPlay play(pod_from(kApp));
  play.remove(30);
  play.settle_once();
  EXPECT_TRUE(play.removed);
  EXPECT_EQ(play.line(), "Failed app:ContainerStatusUnknown(137)/0");
}

TEST(PodLifecycle, SidecarsOutliveTheMainContainersOfADeletedPod) {
  PodPlay play(pod_from("spec { initContainers { name: 's' restartPolicy: 'Always' } containers { name: 'a' } }" +
                        annotated("stop-latency", "1s")));
  play.run_until(5);
  play.remove(30);
  play.run_until(60);
  EXPECT_EQ(play.history[play.history.size() - 2], "Running s:ready/0 a:Completed(0)/0");
  EXPECT_EQ(play.now, kPlayStart + 7 * kPlaySecond);
}

TEST(PodLifecycle, FailsWhenItsActiveDeadlineHasPassed) {
  PodPlay play(pod_from("spec { activeDeadlineSeconds: 20 containers { name: 'a' } }"));
  play.run_until(60);
  EXPECT_EQ(play.pod.status().phase(), "Failed");
  EXPECT_EQ(play.pod.status().reason(), "DeadlineExceeded");
  EXPECT_TRUE(play.pod.status().containerstatuses(0).state().has_terminated());
}

TEST(PodLifecycle, IsReadyWhenItsReadinessProbeSaysSo) {
  PodPlay play(
      pod_from("spec { containers { name: 'a' startupProbe { initialDelaySeconds: 3 } "
               "readinessProbe { initialDelaySeconds: 6 } } }" +
               annotated("start-latency", "0s")));
  play.run_until(2);
  EXPECT_FALSE(play.pod.status().containerstatuses(0).started());
  play.run_until(5);
  EXPECT_TRUE(play.pod.status().containerstatuses(0).started());
  EXPECT_EQ(play.line(), "Running a:running/0");
  EXPECT_EQ(play.pod.status().conditions(2).reason(), "ContainersNotReady");
  EXPECT_EQ(play.pod.status().conditions(2).message(), "containers with unready status: [a]");
  play.run_until(6.5);
  EXPECT_EQ(play.line(), "Running a:ready/0");
}

TEST(PodLifecycle, AFailingLivenessProbeRestartsTheContainer) {
  PodPlay play(pod_from(std::string(kApp) + annotated("unhealthy-after", "30s") + annotated("start-latency", "0s")));
  play.run_until(40);
  EXPECT_EQ(play.line(), "Running app:ready/1");
}

TEST(PodLifecycle, AFileWrittenToASharedVolumeIsReadByTheOtherContainer) {
  const std::string pod =
      "spec { restartPolicy: 'Never' volumes { name: 'shared' } "
      "initContainers { name: 'w' volumeMounts { name: 'shared' mountPath: '/data' } } "
      "containers { name: 'r' volumeMounts { name: 'shared' mountPath: '/in' } } }" +
      annotated("w.writes", "/data/hello=good morning") + annotated("r.run-time", "1s");
  PodPlay play(pod_from(pod + annotated("r.reads", "/in/hello")));
  play.run_until(10);
  EXPECT_EQ(play.line(), "Succeeded w:Completed(0)/0 r:Completed(0)/0");
  EXPECT_EQ(play.pod.status().containerstatuses(0).state().terminated().message(), "good morning");
  PodPlay other(pod_from(pod + annotated("r.reads", "/elsewhere/hello")));
  other.run_until(10);
  EXPECT_EQ(other.line(), "Failed w:Completed(0)/0 r:Error(1)/0");
  EXPECT_EQ(other.pod.status().containerstatuses(0).state().terminated().message(),
            "/elsewhere/hello: no such file or directory");
}

TEST(PodLifecycle, ReadinessGatesAndForeignConditionsAreKept) {
  PodMessage pod = pod_from("spec { readinessGates { conditionType: 'example.com/gate' } containers { name: 'a' } }");
  PodPlay play(pod);
  play.run_until(5);
  EXPECT_EQ(play.pod.status().conditions(2).message(),
            "corresponding condition of pod readiness gate \"example.com/gate\" does not exist.");
  auto* gate = play.pod.mutable_status()->add_conditions();
  gate->set_type("example.com/gate");
  gate->set_status("True");
  play.run_until(6);
  EXPECT_EQ(play.pod.status().conditions(0).type(), "example.com/gate");
  EXPECT_EQ(play.pod.status().conditions(3).type(), "Ready");
  EXPECT_EQ(play.pod.status().conditions(3).status(), "True");
}

}  // namespace
}  // namespace kabuki::kubelet

#include <gtest/gtest.h>

#include "actors/kubelet/lifecycle/probe.hpp"
#include "actors/kubelet/runtime/probe_script.hpp"
#include "runtime/io/random.hpp"
#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

using Lines = std::vector<std::string>;

std::string with(const std::vector<std::pair<std::string, std::string>>& settings) {
  std::string out = "metadata { annotations { key: 'sim.kabuki.io/start-latency' value: '0s' }\n";
  for (const auto& [key, value] : settings) {
    out += "annotations { key: 'sim.kabuki.io/" + key + "' value: '" + value + "' }\n";
  }
  return out + "}\n";
}

/// A container "a" with these probes; the rest of the pod's spec.
std::string pod(const std::string& probes, const std::string& rest = {}) {
  return "spec { " + rest + " containers { name: 'a' image: 'web' " + probes + " } }\n";
}

std::string second(const PodPlay& play) { return std::to_string((play.now - kPlayStart) / kPlaySecond); }

/// "0 running, 5 ready, ...": each status with the second in which it was recorded.
Lines course(PodPlay& play, double seconds) {
  Lines out;
  size_t seen = 0;
  const int64_t end = kPlayStart + static_cast<int64_t>(seconds * kPlaySecond);
  while (true) {
    const int64_t wake = play.settle_once();
    for (; seen < play.history.size(); ++seen) out.push_back(second(play) + " " + play.history[seen]);
    if (wake == 0 || wake > end) return out;
    play.now = std::max(wake, play.now);
  }
}

TEST(Probes, ReadinessFollowsItsThresholds) {
  PodPlay play(pod_from(pod("readinessProbe { periodSeconds: 5 initialDelaySeconds: 2 successThreshold: 2 "
                            "failureThreshold: 3 }") +
                        with({{"readiness-probe", "ok*3,fail*3,ok"}})));
  // Probes at 2, 7, 12 succeed; at 17, 22, 27 fail; from 32 on succeed.
  EXPECT_EQ(course(play, 100), (Lines{"0 Running a:running/0", "7 Running a:ready/0", "27 Running a:running/0",
                                      "37 Running a:ready/0"}));
  EXPECT_EQ(play.notes, (Lines{"Pulled", "Created", "Started", "Unhealthy", "Unhealthy", "Unhealthy"}));
}

TEST(Probes, ThoseThatAlwaysSucceedWakeNobody) {
  PodPlay play(pod_from(pod("readinessProbe { } livenessProbe { } startupProbe { }") + with({})));
  course(play, 100);
  EXPECT_EQ(play.line(), "Running a:ready/0");
  EXPECT_EQ(play.settle_once(), 0);
}

TEST(Probes, AClockPutBackBeforeTheStartDelaysReadinessOnly) {
  PodPlay play(pod_from(pod("") + with({{"ready-after", "2s"}})));
  course(play, 1);
  EXPECT_EQ(play.line(), "Running a:running/0");
  play.now = kPlayStart - 24 * kPlaySecond;
  course(play, 10);
  EXPECT_EQ(play.line(), "Running a:ready/0");
}

TEST(Probes, LivenessRestartsAfterItsFailures) {
  PodPlay play(pod_from(pod("livenessProbe { periodSeconds: 10 failureThreshold: 2 "
                            "handler { httpGet { path: '/healthz' port { intVal: 8080 } } } }") +
                        with({{"liveness-probe", "fail(25s)"}, {"stop-latency", "1s"}})));
  EXPECT_EQ(course(play, 45), (Lines{"0 Running a:ready/0", "41 Running a:ready/1"}));
  EXPECT_EQ(play.pod.status().containerstatuses(0).laststate().terminated().exitcode(), 143);
  const std::string failure = "Liveness probe failed: HTTP probe failed with statuscode: 500";
  EXPECT_EQ(Lines(play.messages.begin() + 3, play.messages.begin() + 6),
            (Lines{failure, failure, "Container a failed liveness probe, will be restarted"}));
}

TEST(Probes, OneThatIsNotRestartedIsSaidSo) {
  PodPlay play(pod_from(pod("livenessProbe { failureThreshold: 1 }", "restartPolicy: 'Never'") +
                        with({{"liveness-probe", "fail(15s)"}, {"stop-latency", "ignore"}})));
  course(play, 100);
  EXPECT_EQ(play.messages[4], "Container a failed liveness probe");
  EXPECT_EQ(play.line(), "Failed a:Error(137)/0");
}

TEST(Probes, TheProbesOwnGraceIsObeyed) {
  PodPlay play(pod_from(pod("livenessProbe { failureThreshold: 1 terminationGracePeriodSeconds: 5 }",
                            "terminationGracePeriodSeconds: 60") +
                        with({{"liveness-probe", "fail(15s)"}, {"stop-latency", "ignore"}})));
  EXPECT_EQ(course(play, 30), (Lines{"0 Running a:ready/0", "25 Running a:ready/1"}));
}

TEST(Probes, StartupHoldsTheOthersBack) {
  PodPlay play(pod_from(pod("startupProbe { periodSeconds: 5 failureThreshold: 4 } "
                            "livenessProbe { periodSeconds: 1 failureThreshold: 1 } "
                            "readinessProbe { periodSeconds: 7 }") +
                        with({{"startup-probe", "fail*3,ok"}, {"liveness-probe", "fail(0s,14s)"}})));
  EXPECT_EQ(course(play, 60), (Lines{"0 Running a:running/0", "15 Running a:ready/0"}));
  EXPECT_EQ(play.notes, (Lines{"Pulled", "Created", "Started", "Unhealthy", "Unhealthy", "Unhealthy"}));
  EXPECT_TRUE(play.pod.status().containerstatuses(0).started());
}

TEST(Probes, AStartupProbeThatNeverSucceedsRestarts) {
  PodPlay play(pod_from(pod("startupProbe { periodSeconds: 2 failureThreshold: 3 handler { tcpSocket { "
                            "port { type: 1 strVal: 'web' } } } } ports { name: 'web' containerPort: 81 }") +
                        with({{"startup-probe", "timeout"}, {"stop-latency", "0s"}})));
  play.run_until(4.5);
  EXPECT_EQ(play.line(), "Running a:running/0");
  EXPECT_FALSE(play.pod.status().containerstatuses(0).started());
  course(play, 5.5);
  EXPECT_EQ(play.line(), "Running a:running/1");
  EXPECT_EQ(play.messages[3], "Startup probe failed: dial tcp 10.244.0.5:81: i/o timeout");
  EXPECT_EQ(play.messages[6], "Container a failed startup probe, will be restarted");
}

TEST(Probes, SidecarsAreProbedAndCountForReadiness) {
  PodPlay play(
      pod_from("spec { initContainers { name: 's' restartPolicy: 'Always' startupProbe { periodSeconds: 3 } "
               "readinessProbe { initialDelaySeconds: 20 } } containers { name: 'a' } }\n" +
               with({{"s.startup-probe", "fail,ok"}})));
  EXPECT_EQ(course(play, 60), (Lines{"0 Pending s:running/0 a:PodInitializing/0", "3 Running s:running/0 a:ready/0",
                                     "20 Running s:ready/0 a:ready/0"}));
}

TEST(Probes, ADeletedPodIsNotRestartedByThem) {
  PodPlay play(
      pod_from("spec { initContainers { name: 's' restartPolicy: 'Always' livenessProbe { failureThreshold: "
               "1 } } containers { name: 'a' } }\n" +
               with({{"s.liveness-probe", "fail(12s)"}, {"a.stop-latency", "ignore"}})));
  play.run_until(10);
  play.remove(30);
  play.run_until(60);
  EXPECT_TRUE(play.removed);
  // Two seconds are left to sidecars in any case.
  EXPECT_EQ(play.line(), "Failed s:Completed(0)/0 a:Error(137)/0");
}

struct Wording {
  const char* handler;
  bool timed_out;
  const char* message;
};
void PrintTo(const Wording& c, std::ostream* out) { *out << c.handler << (c.timed_out ? " too late" : ""); }
class ProbeWords : public ::testing::TestWithParam<Wording> {};

TEST_P(ProbeWords, AreTheKubelets) {
  ContainerMessage container;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "livenessProbe { timeoutSeconds: 2 handler { " + std::string(GetParam().handler) + " } }", &container));
  EXPECT_EQ(probe_failure(container, container.livenessprobe(), "10.0.0.1", GetParam().timed_out),
            GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(
    All, ProbeWords,
    ::testing::Values(
        Wording{"exec { command: 'cat' command: '/x' }", false, ""},
        Wording{"exec { command: 'cat' command: '/x' }", true, "command timed out: \"cat /x\" timed out after 2s"},
        Wording{"httpGet { port { intVal: 80 } path: '/a' }", false, "HTTP probe failed with statuscode: 500"},
        Wording{"httpGet { port { intVal: 80 } path: 'a' scheme: 'HTTPS' }", true,
                "Get \"https://10.0.0.1:80/a\": context deadline exceeded (Client.Timeout exceeded while awaiting "
                "headers)"},
        Wording{"tcpSocket { port { intVal: 80 } host: 'h' }", false, "dial tcp h:80: connect: connection refused"},
        Wording{"grpc { port: 90 }", false, "service unhealthy (responded with \"NOT_SERVING\")"},
        Wording{"grpc { port: 90 }", true,
                "timeout: failed to connect service \"10.0.0.1:90\" within 2s: context deadline exceeded"}));

TEST(ProbeScript, ReadsListsTimesAndChances) {
  using Outcome = ProbeScript::Outcome;
  const auto script = ProbeScript::parse("fail*2, timeout, fail(10s,20s)*2, fail(30%)");
  ASSERT_TRUE(script.ok());
  EXPECT_EQ(script->at(0, 0, 0.9), Outcome::fail);
  EXPECT_EQ(script->at(1, 0, 0.9), Outcome::fail);
  EXPECT_EQ(script->at(2, 0, 0.9), Outcome::timeout);
  EXPECT_EQ(script->at(3, 9'999'999'999, 0.9), Outcome::ok);
  EXPECT_EQ(script->at(4, 10 * kPlaySecond, 0.9), Outcome::fail);
  EXPECT_EQ(script->at(4, 20 * kPlaySecond, 0.9), Outcome::ok);
  EXPECT_EQ(script->at(5, 0, 0.29), Outcome::fail);
  EXPECT_EQ(script->at(500, 0, 0.31), Outcome::ok);
  for (const char* wrong :
       {"", "maybe", "fail*0", "fail(", "fail(x)", "fail(20s,10s)", "ok(10s)", "fail(101%)", "ok,"}) {
    EXPECT_FALSE(ProbeScript::parse(wrong).ok()) << wrong;
  }
}

// Whatever the outcomes, a kubelet that starts anew sees the same readiness and the same restarts.
TEST(Probes, GoOnAfterARestartAsIfNothingHadBeen) {
  for (int seed = 0; seed < 20; ++seed) {
    PodMessage message = pod_from(pod("readinessProbe { periodSeconds: 2 successThreshold: 2 } "
                                      "livenessProbe { periodSeconds: 3 failureThreshold: 3 }") +
                                  with({{"readiness-probe", "fail(40%)"}, {"liveness-probe", "fail(35%)"}}));
    message.mutable_metadata()->set_uid("u-" + std::to_string(seed));
    PodPlay undisturbed(message), disturbed(message);
    undisturbed.run_until(300);
    io::Random random(static_cast<uint64_t>(seed));
    for (double at = 0; at < 300; at += random.unit() * 20) {
      disturbed.run_until(at);
      const auto& containers = disturbed.state.containers;
      if (!containers.empty() && containers[0].phase == ContainerPhase::running) disturbed.restart();
    }
    disturbed.run_until(300);
    EXPECT_EQ(undisturbed.history, disturbed.history) << seed;
  }
}

}  // namespace
}  // namespace kabuki::kubelet

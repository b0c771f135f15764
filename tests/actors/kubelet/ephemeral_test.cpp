#include <gtest/gtest.h>

#include "actors/kubelet/log_page.hpp"
#include "actors/kubelet/pod_objects.hpp"
#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

using Lines = std::vector<std::string>;

const std::string kQuick =
    "metadata { annotations { key: 'sim.kabuki.io/start-latency' value: '0s' } annotations { key: "
    "'sim.kabuki.io/stop-latency' value: '0s' } } ";

PodMessage pod(const std::string& more = "") {
  return pod_from(kQuick + "spec { containers { name: 'a' } } " + more);
}

void debug(PodPlay& play, const std::string& name) {
  auto* one = play.pod.mutable_spec()->add_ephemeralcontainers();
  one->mutable_ephemeralcontainercommon()->set_name(name);
  one->mutable_ephemeralcontainercommon()->set_image("busybox");
}

std::string ephemerals(const PodPlay& play) {
  std::string out;
  for (const auto& one : play.pod.status().ephemeralcontainerstatuses()) {
    const auto& state = one.state();
    out += (out.empty() ? "" : " ") + one.name() + ":" +
           (state.has_running()      ? "running"
            : state.has_terminated() ? state.terminated().reason()
                                     : state.waiting().reason()) +
           (one.ready() ? "!" : "") + (one.has_started() ? "!" : "");
  }
  return out;
}

TEST(EphemeralContainers, RunInAPodThatRuns) {
  PodPlay play(pod());
  play.run_until(5);
  const std::string before = play.line();
  debug(play, "debugger");
  play.run_until(10);
  EXPECT_EQ(play.line(), before) << "nothing else changes";
  EXPECT_EQ(ephemerals(play), "debugger:running");
  EXPECT_EQ(play.pod.status().ephemeralcontainerstatuses(0).image(), "busybox");
  EXPECT_EQ(Lines(play.messages.end() - 2, play.messages.end()), (Lines{"Container created", "Container started"}));
}

TEST(EphemeralContainers, RunOnceWhateverThePolicy) {
  auto message = pod();
  (*message.mutable_metadata()->mutable_annotations())["sim.kabuki.io/debugger.run-time"] = "2s";
  auto* one = message.mutable_spec()->add_ephemeralcontainers();
  one->mutable_ephemeralcontainercommon()->set_name("debugger");
  PodPlay play(message);
  play.run_until(100);
  EXPECT_EQ(ephemerals(play), "debugger:Completed");
  EXPECT_EQ(play.line(), "Running a:ready/0");
}

TEST(EphemeralContainers, DoNotWaitForInitContainersAndHoldUpNobody) {
  auto message = pod("spec { initContainers { name: 'i' } }");
  (*message.mutable_metadata()->mutable_annotations())["sim.kabuki.io/i.run-time"] = "60s";
  PodPlay play(message);
  debug(play, "debugger");
  play.run_until(5);
  EXPECT_EQ(ephemerals(play), "debugger:running");
  EXPECT_EQ(play.line(), "Pending i:running/0 a:PodInitializing/0");
}

TEST(EphemeralContainers, EndWithThePodAndDoNotKeepItFromEnding) {
  auto message = pod("spec { restartPolicy: 'Never' }");
  (*message.mutable_metadata()->mutable_annotations())["sim.kabuki.io/a.run-time"] = "5s";
  PodPlay play(message);
  debug(play, "debugger");
  play.run_until(100);
  EXPECT_EQ(play.line(), "Succeeded a:Completed(0)/0");
  EXPECT_EQ(ephemerals(play), "debugger:Completed");
}

TEST(EphemeralContainers, OutliveAKubeletThatIsRestarted) {
  PodPlay play(pod());
  play.run_until(5);
  debug(play, "debugger");
  play.run_until(10);
  const std::string before = serialize(play.pod.status());
  play.restart();
  play.run_until(20);
  EXPECT_EQ(serialize(play.pod.status()), before);
}

TEST(EphemeralContainers, HaveLogsAndAPlaceInEvents) {
  auto message = pod();
  (*message.mutable_metadata()->mutable_annotations())["sim.kabuki.io/debugger.logs"] = "hello";
  PodPlay play(message);
  debug(play, "debugger");
  play.run_until(5);
  bus::ReadLog request;
  request.set_container("debugger");
  const auto page = log_page(play.pod, request, {play.now});
  ASSERT_TRUE(page.ok()) << page.error().message;
  EXPECT_EQ(page->reply.text(), "hello\n");
  const auto event = pod_event(view_of(play.pod), "n1", {false, "Started", "x", "debugger"}, {play.now}, 1);
  EXPECT_NE(event->body().find("spec.ephemeralContainers{debugger}"), std::string_view::npos);
}

TEST(Pulls, AreToldWhenTheyBeginAndEnd) {
  auto message = pod();
  (*message.mutable_metadata()->mutable_annotations())["sim.kabuki.io/image-pull"] = "1500ms";
  message.mutable_spec()->mutable_containers(0)->set_image("nginx");
  PodPlay play(message);
  play.run_until(1);
  EXPECT_EQ(play.messages, Lines{"Pulling image \"nginx\""});
  play.run_until(5);
  EXPECT_EQ(play.messages,
            (Lines{"Pulling image \"nginx\"", "Successfully pulled image \"nginx\" in 1.5s (1.5s including waiting)",
                   "Container created", "Container started"}));
}

TEST(Pulls, OfWhatIsThereAreNone) {
  PodPlay play(pod());
  play.pod.mutable_spec()->mutable_containers(0)->set_image("nginx");
  play.run_until(5);
  EXPECT_EQ(play.notes, (Lines{"Pulled", "Created", "Started"}));
}

}  // namespace
}  // namespace kabuki::kubelet

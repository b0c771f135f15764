#include <gtest/gtest.h>

#include "runtime/io/random.hpp"
#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

/// Some pod: a few containers of every role that run, end, fail, get stuck or take their time.
PodMessage random_pod(io::Random& random) {
  PodMessage pod;
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_metadata()->set_name("p");
  pod.mutable_metadata()->set_uid(random.uuid());
  auto& annotations = *pod.mutable_metadata()->mutable_annotations();
  const char* policies[] = {"Always", "OnFailure", "Never"};
  pod.mutable_spec()->set_restartpolicy(policies[random.below(3)]);
  const auto describe = [&](ContainerMessage* c, const std::string& name, bool init) {
    c->set_name(name);
    c->set_image("busybox");
    const std::string key = "sim.kabuki.io/" + name + ".";
    if (random.chance(init ? 0.3 : 0.6))
      annotations[key + "run-time"] = random.chance(0.5) ? "exp(20s)" : "uniform(10ms,3s)";
    if (random.chance(0.4)) annotations[key + "exit-code"] = random.chance(0.5) ? "1,0" : "0,3,1,0";
    if (random.chance(0.1)) annotations[key + "image-pull"] = "2500ms";
    if (random.chance(0.2)) annotations[key + "stop-latency"] = random.chance(0.3) ? "ignore" : "exp(2s)";
    if (random.chance(0.2)) annotations[key + "ready-after"] = "uniform(0s,4s)";
    if (random.chance(0.1)) annotations[key + "unhealthy-after"] = "uniform(5s,50s)";
    if (random.chance(0.2)) annotations[key + "writes"] = "/x/f=" + name;
    if (random.chance(0.1)) annotations[key + "reads"] = "/x/f";
    c->add_volumemounts()->set_name("v");
    c->mutable_volumemounts(0)->set_mountpath("/x");
  };
  for (uint64_t i = random.below(3); i-- > 0;) {
    ContainerMessage* init = pod.mutable_spec()->add_initcontainers();
    describe(init, "i" + std::to_string(i), true);
    if (random.chance(0.4)) init->set_restartpolicy("Always");
  }
  for (uint64_t i = 1 + random.below(3); i-- > 0;)
    describe(pod.mutable_spec()->add_containers(), "c" + std::to_string(i), false);
  if (random.chance(0.1)) pod.mutable_spec()->set_activedeadlineseconds(30);
  return pod;
}

/// The recorded status; the next moment at which anything comes of itself.
struct Future {
  std::vector<std::string> history;
  std::string last;
};

Future play_on(PodPlay play, double seconds) {
  play.history.clear();
  play.run_until(seconds);
  return {play.history, play.pod.status().DebugString()};
}

PodPlay copy_restarted(const PodPlay& play) {
  PodPlay out(play.pod);
  out.now = play.now;
  out.removed = play.removed;
  return out;
}

bool nothing_in_progress(const PodPlay& play) {
  for (const ContainerRecord& r : play.state.containers) {
    const bool recorded = r.phase == ContainerPhase::idle || r.phase == ContainerPhase::running;
    if (!recorded || r.waiting == Waiting::err_image_pull || r.waiting == Waiting::image_pull_back_off) return false;
  }
  return true;
}

// What is in progress but not recorded anywhere (a pull, a start, a stop) begins again after a restart, so that its
// end comes later. Everything else goes on to the nanosecond.
TEST(PodRestart, AtAnyRecordedMomentGivesTheSameFuture) {
  int compared = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    io::Random random(seed);
    PodPlay play(random_pod(random));
    for (int moment = 0; moment < 12 && !play.removed; ++moment) {
      play.run_until((play.now - kPlayStart) / 1e9 + random.unit() * 15);
      if (!nothing_in_progress(play)) continue;
      const std::string before = play.pod.status().DebugString();
      PodPlay restarted = copy_restarted(play);
      const double end = (play.now - kPlayStart) / 1e9 + 200;
      const Future there = play_on(std::move(restarted), end);
      // The machine itself is not copyable on purpose; a second restart must give the same as the first.
      const Future again = play_on(copy_restarted(play), end);
      EXPECT_EQ(there.last, again.last);
      PodPlay original(play.pod);
      original.state = std::move(play.state);
      original.now = play.now;
      const Future here = play_on(std::move(original), end);
      ASSERT_EQ(there.history, here.history) << "seed " << seed << "\n" << before;
      ASSERT_EQ(there.last, here.last) << "seed " << seed << "\n" << before;
      ++compared;
      play.state = restore(view_of(play.pod));
      play.state.ip = *overlay::Ipv4::parse("10.244.0.5");
      if (random.chance(0.2)) play.remove(static_cast<int64_t>(random.below(5)));
    }
  }
  EXPECT_GT(compared, 100);
}

TEST(PodRestart, AtEveryMomentAtAllEndsAsWithoutIt) {
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    io::Random random(seed);
    PodMessage pod = random_pod(random);
    pod.mutable_spec()->set_restartpolicy("Never");
    pod.mutable_spec()->clear_activedeadlineseconds();
    PodPlay undisturbed(pod);
    undisturbed.run_until(400);
    PodPlay disturbed(pod);
    for (int i = 0; i < 400; ++i) {
      disturbed.run_until(i);
      // Less often than a pull or a start takes, or nothing would ever come to pass.
      if (random.chance(0.1)) disturbed.restart();
    }
    // Times differ by what was begun again; what became of the pod does not, unless files or probes race with it.
    EXPECT_EQ(disturbed.pod.status().phase() == "Pending", undisturbed.pod.status().phase() == "Pending") << seed;
    ASSERT_EQ(disturbed.line(), undisturbed.line()) << "seed " << seed << "\n" << pod.DebugString();
  }
}

TEST(PodRestart, KillingThePodsActorLeavesNoTraceInTheStatus) {
  PodPlay play(pod_from("spec { containers { name: 'app' } }"));
  play.run_until(5);
  const std::string before = play.pod.status().DebugString();
  const size_t written = play.history.size();
  for (int i = 0; i < 20; ++i) {
    play.restart();
    play.run_until(6 + i);
  }
  EXPECT_EQ(play.pod.status().DebugString(), before);
  EXPECT_EQ(play.history.size(), written);
}

TEST(PodRestart, AContainerThatEndedMeanwhileEndedWhenItDid) {
  PodPlay play(
      pod_from("metadata { annotations { key: 'sim.kabuki.io/run-time' value: '10s' } } "
               "spec { restartPolicy: 'Never' containers { name: 'app' } }"));
  play.run_until(5);
  play.now = kPlayStart + 3600 * kPlaySecond;
  play.restart();
  play.run_until(3601);
  EXPECT_EQ(play.line(), "Succeeded app:Completed(0)/0");
  EXPECT_EQ(play.pod.status().containerstatuses(0).state().terminated().finishedat().seconds(),
            kPlayStart / kPlaySecond + 10);
}

}  // namespace
}  // namespace kabuki::kubelet

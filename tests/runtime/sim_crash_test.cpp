#include "runtime/metrics.hpp"
#include "tests/runtime/sim_world.hpp"

namespace kabuki::runtime::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(SimWorld, ARestartedHostDropsWhatWasMeantForItsPast) {
  int seen = 0;
  const auto counting = [&] {
    return tree({child("count", [&](TestActor& a) { a.on_message = [&](TestActor&, Inbound&) { ++seen; }; })});
  };
  add("a", tree({}));
  add("b", counting());
  world->connect_all();
  world->run_for(seconds(1));
  LinkFaults slow;
  slow.delay_min = seconds(2);
  world->network().set_link("a", "b", slow);
  world->host("a")->tell({"b/count"}, text("for the first"));
  world->crash_host("b");
  EXPECT_EQ(world->host("b"), nullptr);
  Host& again = world->restart_host("b", named("b", 2));
  ASSERT_TRUE(again.start(counting()).ok());
  again.set_peer("a", 1, "", "");
  world->run_for(seconds(10));
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(again.metrics().counter("kabuki_frames_stale_total").value(), 1u);
  // It said so, and a speaks to the new incarnation from now on.
  world->host("a")->tell({"b/count"}, text("for the second"));
  world->run_for(seconds(10));
  EXPECT_EQ(seen, 1);
}

TEST_F(SimWorld, FramesOfAPastIncarnationAreDropped) {
  int seen = 0;
  add("a", tree({child("count", [&](TestActor& a) { a.on_message = [&](TestActor&, Inbound&) { ++seen; }; })}));
  add("b", tree({}));
  world->connect_all();
  LinkFaults slow;
  slow.delay_min = seconds(2);
  slow.delay_mean = milliseconds(0);
  world->network().set_link("b", "a", slow);
  world->host("b")->tell({"a/count"}, text("old"));
  world->crash_host("b");
  world->host("a")->set_peer("b", 2, "", "");
  world->run_for(seconds(5));
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(world->host("a")->metrics().counter("kabuki_frames_stale_total").value(), 1u);
}

TEST_F(SimWorld, ACrashSaysNothingToAnybody) {
  std::vector<std::string> log;
  add("a", tree({}));
  add("b", tree({child("x", [&](TestActor& a) {
        a.on_start = [](TestActor& self) { self.after(seconds(1), [&self] { self.tell({"a/none"}, empty()); }); };
        a.on_stop = [&](TestActor&) { log.push_back("stopped"); };
        a.on_message = [kept = std::make_shared<std::vector<Reply>>()](TestActor&, Inbound& in) {
          kept->push_back(std::move(in.reply));
        };
      })}));
  world->connect_all();
  std::string answer;
  world->host("a")->ask({"b/x"}, text("x"), seconds(30), [&](Result<MessagePtr> r) { answer = outcome(r); });
  world->run_for(milliseconds(100));
  world->crash_host("b");
  const auto sent = world->network().sent();
  world->run_for(milliseconds(500));
  EXPECT_EQ(answer, "");
  world->run_for(seconds(5));
  EXPECT_EQ(answer, outcome(unavailable("host b is silent")));
  EXPECT_EQ(world->network().sent(), sent);
  EXPECT_TRUE(log.empty());
}

TEST_F(SimWorld, ACrashWithManyActorsAndRunningWorkIsClean) {
  for (int round = 0; round < 5; ++round) {
    begin(static_cast<uint64_t>(round) + 1);
    add("a", tree({child("p", [](TestActor& a) {
          a.on_start = [](TestActor& self) {
            for (int i = 0; i < 200; ++i) {
              auto kid = std::make_unique<TestActor>();
              kid->on_start = [i](TestActor& k) {
                k.ask({"a/p/" + std::to_string((i + 1) % 200)}, text("x"), seconds(9), [](Result<MessagePtr>) {});
                k.monitor({"a/p"}, [](const ExitReason&) {});
                k.after(seconds(1), [] {});
              };
              kid->on_message = [kept = std::make_shared<std::vector<Reply>>()](TestActor&, Inbound& in) {
                kept->push_back(std::move(in.reply));
              };
              ASSERT_TRUE(self.spawn(std::to_string(i), std::move(kid)).ok());
            }
          };
        })}));
    const auto target = world->steps() + 100 * static_cast<uint64_t>(round);
    world->run_until([&] { return world->steps() >= target; }, seconds(1));
    world->crash_host("a");
    world->run_for(seconds(20));
  }
}

TEST_F(SimWorld, WhatWasNotSyncedIsLostInACrash) {
  add("a", tree({}));
  io::Disk& disk = world->disk("a");
  auto wal = std::move(*disk.open_append("store/wal"));
  ASSERT_TRUE(wal->append("one ").ok());
  ASSERT_TRUE(wal->sync().ok());
  ASSERT_TRUE(wal->append("two").ok());
  ASSERT_TRUE(disk.replace("meta", "v1").ok());
  ASSERT_TRUE(disk.open_append("never-synced").ok());
  EXPECT_EQ(*disk.read("store/wal"), "one two");
  world->crash_host("a");
  EXPECT_EQ(*disk.read("store/wal"), "one ");
  EXPECT_EQ(*disk.read("meta"), "v1");
  EXPECT_FALSE(disk.exists("never-synced"));
  EXPECT_FALSE(wal->append("three").ok());
  EXPECT_EQ(*disk.list(""), (std::vector<std::string>{"meta", "store"}));
}

TEST_F(SimWorld, DiskFaultsAreReportedAndStall) {
  DiskFaults faults;
  faults.sync_error = 1;
  faults.sync_latency = seconds(3);
  SimHostOptions sim;
  sim.disk = faults;
  add("a", tree({child("echo", echo)}), sim);
  auto file = std::move(*world->disk("a").open_append("f"));
  const auto before = world->clock().mono();
  auto synced = file->sync();
  ASSERT_FALSE(synced.ok());
  EXPECT_EQ(synced.error().message, "fdatasync f: Input/output error");
  EXPECT_EQ(said("a", "a/echo", "x"), "x");
  EXPECT_EQ(world->clock().mono() - before, seconds(3));
}

}  // namespace
}  // namespace kabuki::runtime::sim

#include "tests/runtime/sim_world.hpp"

#include "runtime/metrics.hpp"

namespace kabuki::runtime::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A world in which every host's actor asks a random other one at random times; its trace hash.
uint64_t busy_run(uint64_t seed, int hosts, io::Duration time, LinkFaults faults = {}) {
  WorldOptions options;
  options.seed = seed;
  World world(options);
  world.network().set_defaults(faults);
  for (int i = 0; i < hosts; ++i) {
    HostOptions host;
    host.name = "h" + std::to_string(i);
    auto asker = child("asker", [hosts](TestActor& a) {
      a.on_start = [hosts](TestActor& self) {
        auto again = std::make_shared<std::function<void()>>();
        *again = [&self, hosts, weak = std::weak_ptr(again)] {
          const Address to{"h" + std::to_string(self.random().below(static_cast<uint64_t>(hosts))) + "/echo"};
          self.ask(to, text("x"), milliseconds(300), [](Result<MessagePtr>) {});
          const auto wait = io::Duration(static_cast<int64_t>(self.random().exponential(1e8)));
          self.after(wait, [next = weak.lock()] { (*next)(); });
        };
        (*again)();
      };
    });
    EXPECT_TRUE(world.add_host(host).start(tree({child("echo", echo), asker})).ok());
  }
  world.connect_all();
  world.run_for(time);
  EXPECT_GT(world.steps(), static_cast<uint64_t>(hosts) * 10);
  return world.trace_hash();
}

TEST_F(SimWorld, TheSameSeedIsTheSameRun) {
  LinkFaults faults;
  faults.loss = 0.05;
  faults.duplicate = 0.05;
  faults.reorder = 0.05;
  faults.corrupt = 0.02;
  const uint64_t first = busy_run(7, 5, seconds(10), faults);
  EXPECT_EQ(busy_run(7, 5, seconds(10), faults), first);
  EXPECT_NE(busy_run(8, 5, seconds(10), faults), first);
  EXPECT_NE(busy_run(7, 5, seconds(10)), first);
}

TEST_F(SimWorld, ARunIsTheSameOnEveryMachine) {
  // Another number here means that old seeds no longer replay: change it knowingly.
  EXPECT_EQ(busy_run(1, 3, seconds(5)), 18261951206580681481u);
}

TEST_F(SimWorld, ThreeHundredHostsRun) { busy_run(1, 300, seconds(2)); }

TEST_F(SimWorld, TimeJumps) {
  add("a", tree({child("echo", echo)}));
  std::vector<std::string> order;
  world->schedule(std::chrono::hours(2), [&] { order.push_back("2h"); });
  world->schedule(std::chrono::hours(1), [&] { order.push_back("1h"); });
  auto dropped = world->timers().after(seconds(1), [&] { order.push_back("never"); });
  world->timers().cancel(dropped);
  world->run_for(std::chrono::hours(24));
  EXPECT_EQ(order, (std::vector<std::string>{"1h", "2h"}));
  EXPECT_EQ(world->clock().mono().ns, 24ll * 3600 * 1'000'000'000);
}

TEST_F(SimWorld, HostsTalkThroughTheNetworkAndItTakesTime) {
  pair();
  const auto before = world->clock().mono();
  EXPECT_EQ(said("a", "b/echo", "hello"), "hello");
  EXPECT_GE(world->clock().mono() - before, io::Duration(std::chrono::microseconds(200)));
}

TEST_F(SimWorld, RemoteFailuresComeBackAsTheyAre) {
  pair();
  world->host("a");
  EXPECT_EQ(said("a", "b/nobody", "x"), outcome(unavailable("no actor b/nobody")));
  EXPECT_EQ(said("a", "c/echo", "x"), outcome(unavailable("host c is not known")));
}

TEST_F(SimWorld, ADroppedReplyComesBackOverTheNetwork) {
  add("a", tree({}));
  add("b", tree({child("rude", [](TestActor& a) { a.on_message = [](TestActor&, Inbound&) {}; })}));
  world->connect_all();
  EXPECT_EQ(said("a", "b/rude", "x"), outcome(unavailable("the receiver ended without an answer")));
}

TEST_F(SimWorld, AHostCannotSpeakForAnother) {
  pair();
  Host& c = world->add_host(named("c"));
  std::string answer;
  ASSERT_TRUE(c.start(tree({child("liar",
                                  [&](TestActor& a) {
                                    a.on_message = [&](TestActor& self, Inbound& in) {
                                      Inbound forged;
                                      forged.message = in.message;
                                      forged.from = {"b/echo"};
                                      forged.reply = std::move(in.reply);
                                      self.forward({"a/echo"}, std::move(forged));
                                    };
                                  })}))
                  .ok());
  world->connect_all();
  EXPECT_EQ(said("c", "c/liar", "x"), outcome(bad_request("host c speaks for b/echo")));
}

TEST_F(SimWorld, WhatWaitsForAnActorThatEndsIsAnswered) {
  add("a", tree({child("x", [](TestActor& a) {
        a.on_message = [](TestActor&, Inbound& in) {
          if (text_of(in.message) == "crash") throw std::runtime_error("boom");
          in.reply.send(in.message);
        };
      })}));
  std::vector<std::string> answers;
  for (const char* what : {"one", "crash", "two", "three"})
    world->host("a")->ask({"a/x"}, text(what), seconds(60),
                          [&](Result<MessagePtr> r) { answers.push_back(r.ok() ? text_of(*r) : r.error().reason); });
  world->run_for(milliseconds(1));
  EXPECT_EQ(answers,
            (std::vector<std::string>{"one", "ServiceUnavailable", "ServiceUnavailable", "ServiceUnavailable"}));
}

TEST_F(SimWorld, LostFramesAreTimeouts) {
  pair();
  LinkFaults faults;
  faults.loss = 1;
  world->network().set_link("a", "b", faults);
  EXPECT_EQ(ask("a", "b/echo", text("x"), seconds(1)).error().code, 504);
  world->network().clear_link("a", "b");
  world->network().set_link("b", "a", faults);
  EXPECT_EQ(ask("a", "b/echo", text("x"), seconds(1)).error().code, 504);
}

TEST_F(SimWorld, DuplicatesAreSeenByActorsAndAnswersComeOnce) {
  int seen = 0;
  add("a", tree({}));
  add("b", tree({child("count", [&](TestActor& a) {
        a.on_message = [&](TestActor&, Inbound& in) {
          ++seen;
          in.reply.send(in.message);
        };
      })}));
  world->connect_all();
  LinkFaults faults;
  faults.duplicate = 1;
  world->network().set_defaults(faults);
  EXPECT_EQ(said("a", "b/count", "x"), "x");
  world->run_for(seconds(1));
  EXPECT_EQ(seen, 2);
}

TEST_F(SimWorld, ALinkKeepsTheOrderUnlessToldOtherwise) {
  std::vector<std::string> seen;
  add("a", tree({}));
  add("b", tree({child("list", [&](TestActor& a) {
        a.on_message = [&](TestActor&, Inbound& in) { seen.push_back(text_of(in.message)); };
      })}));
  world->connect_all();
  const auto send = [&] {
    seen.clear();
    for (int i = 100; i < 200; ++i) world->host("a")->tell({"b/list"}, text(std::to_string(i)));
    world->run_for(seconds(1));
    return std::is_sorted(seen.begin(), seen.end());
  };
  EXPECT_TRUE(send());
  EXPECT_EQ(seen.size(), 100u);
  LinkFaults faults;
  faults.reorder = 0.5;
  world->network().set_defaults(faults);
  EXPECT_FALSE(send());
  EXPECT_EQ(seen.size(), 100u);
}

TEST_F(SimWorld, CorruptFramesAreRefusedAndCountedAndHarmNothing) {
  pair();
  LinkFaults faults;
  faults.corrupt = 1;
  world->network().set_link("a", "b", faults);
  for (int i = 0; i < 300; ++i) (void)ask("a", "b/echo", text("x"), milliseconds(10)).ok();
  EXPECT_GT(world->host("b")->metrics().counter("kabuki_frames_corrupt_total").value(), 50u);
  world->network().clear_link("a", "b");
}

TEST_F(SimWorld, APartitionIsNoticedAndAsksFailAtOnce) {
  pair();
  std::vector<std::string> changes;
  world->host("a")->on_peer_changed(
      [&](const std::string& peer, bool up) { changes.push_back(peer + (up ? "+" : "-")); });
  world->run_for(seconds(1));
  world->network().cut("a", "b");
  const auto result = ask("a", "b/echo", text("x"), seconds(60));
  EXPECT_EQ(outcome(result), outcome(unavailable("host b is silent")));
  world->network().heal("a", "b");
  world->run_for(seconds(1));
  EXPECT_EQ(changes, (std::vector<std::string>{"b+", "b-", "b+"}));
  EXPECT_EQ(said("a", "b/echo", "again"), "again");
}

TEST_F(SimWorld, AOneWayCutIsNoticedByWhoHearsNothing) {
  pair();
  std::vector<std::string> a, b;
  world->run_for(seconds(1));
  world->host("a")->on_peer_changed([&](const std::string&, bool up) { a.push_back(up ? "+" : "-"); });
  world->host("b")->on_peer_changed([&](const std::string&, bool up) { b.push_back(up ? "+" : "-"); });
  world->network().cut_one_way("a", "b");
  world->run_for(seconds(5));
  EXPECT_EQ(a, (std::vector<std::string>{}));
  EXPECT_EQ(b, (std::vector<std::string>{"-"}));
}

TEST_F(SimWorld, ABriefCutIsNotNoticed) {
  pair();
  world->run_for(seconds(1));
  int changes = 0;
  world->host("a")->on_peer_changed([&](const std::string&, bool) { ++changes; });
  world->network().cut("a", "b");
  world->run_for(milliseconds(500));
  world->network().heal("a", "b");
  world->run_for(seconds(10));
  EXPECT_EQ(changes, 0);
}

TEST_F(SimWorld, ClocksMayBeWrong) {
  SimHostOptions sim;
  sim.clock.skew = seconds(100);
  sim.clock.drift_ppm = 10'000;
  io::Duration counted{0};
  add("a",
      tree({child("x",
                  [&](TestActor& a) {
                    a.on_start = [&](TestActor& self) {
                      self.after(seconds(101), [&self, &counted] { counted = io::Duration(self.mono().ns); });
                    };
                  })}),
      sim);
  world->run_for(seconds(99));
  EXPECT_EQ(counted.count(), 0);
  world->run_for(seconds(2));
  EXPECT_NEAR(static_cast<double>(counted.count()), 101e9, 1e3);
  EXPECT_NEAR(static_cast<double>((world->host("a")->services().clock->wall() - world->clock().wall()).count()),
              100e9 + 1.01e9, 1e4);
}

TEST_F(SimWorld, ActorsThatTalkWithoutEndAreFoundOut) {
  WorldOptions options;
  options.steps_per_instant = 1000;
  world = std::make_unique<World>(options);
  add("a", tree({child("mad", [](TestActor& a) {
        a.on_message = [](TestActor& self, Inbound&) { self.tell({"a/mad"}, empty()); };
      })}));
  world->host("a")->tell({"a/mad"}, empty());
  EXPECT_THROW(world->run_for(seconds(1)), std::runtime_error);
}

TEST_F(SimWorld, APausedHostWaitsAndCatchesUp) {
  pair();
  world->run_for(seconds(1));
  world->pause_host("b", seconds(10));
  const auto before = world->clock().mono();
  EXPECT_EQ(ask("a", "b/echo", text("x"), seconds(60)).ok(), true);
  EXPECT_GE(world->clock().mono() - before, seconds(10));
}

}  // namespace
}  // namespace kabuki::runtime::sim

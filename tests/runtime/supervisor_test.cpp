#include "runtime/supervisor.hpp"

#include "tests/runtime/sim_test.hpp"

namespace kabuki::runtime::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Writes down what its children do: "+a" started, "-a" told to stop.
struct Supervision : SimTest {
  std::vector<std::string> log;
  std::map<std::string, int> failing_starts;

  ChildSpec member(const std::string& name, Restart restart = Restart::permanent) {
    return child(
        name,
        [this, name](TestActor& a) {
          a.on_start = [this, name](TestActor&) {
            if (failing_starts[name] > 0) {
              --failing_starts[name];
              log.push_back("!" + name);
              throw std::runtime_error("cannot start");
            }
            log.push_back("+" + name);
          };
          a.on_stop = [this, name](TestActor&) { log.push_back("-" + name); };
          a.on_message = [](TestActor& self, Inbound& in) {
            if (text_of(in.message) == "crash") throw std::runtime_error("crash");
            if (text_of(in.message) == "end") self.end();
            in.reply.send(in.message);
          };
        },
        restart);
  }

  std::vector<std::string> after(const std::string& to, const std::string& what) {
    log.clear();
    said("h", to, what);
    world->run_for(seconds(1));
    return log;
  }
};

using Log = std::vector<std::string>;

TEST_F(Supervision, StartsLeftToRightAndStopsRightToLeft) {
  add("h", tree({member("a"), supervisor_child("s", tree({member("b"), member("c")})), member("d")}));
  EXPECT_EQ(log, (Log{"+a", "+b", "+c", "+d"}));
  log.clear();
  world->host("h")->stop();
  EXPECT_EQ(log, (Log{"-d", "-c", "-b", "-a"}));
}

TEST_F(Supervision, OneForOneRestartsTheOneAlone) {
  add("h", tree({member("a"), member("b"), member("c")}));
  EXPECT_EQ(after("h/b", "crash"), (Log{"+b"}));
  EXPECT_EQ(said("h", "h/b", "x"), "x");
  EXPECT_EQ(inspect("h", "h").children(1).restarts(), 1u);
}

TEST_F(Supervision, OneForAllRestartsAll) {
  add("h", tree({member("a"), member("b"), member("c")}, Strategy::one_for_all));
  EXPECT_EQ(after("h/b", "crash"), (Log{"-c", "-a", "+a", "+b", "+c"}));
}

TEST_F(Supervision, RestForOneRestartsWhatStartedLater) {
  add("h", tree({member("a"), member("b"), member("c"), member("d")}, Strategy::rest_for_one));
  EXPECT_EQ(after("h/b", "crash"), (Log{"-d", "-c", "+b", "+c", "+d"}));
}

TEST_F(Supervision, AnEndIsRestartedAsTheChildSays) {
  add("h", tree({member("p"), member("t", Restart::transient), member("x", Restart::temporary)}));
  EXPECT_EQ(after("h/p", "end"), (Log{"+p"}));
  EXPECT_EQ(after("h/t", "crash"), (Log{"+t"}));
  EXPECT_EQ(after("h/t", "end"), (Log{}));
  EXPECT_EQ(after("h/x", "crash"), (Log{}));
  const auto info = inspect("h", "h");
  std::map<std::string, std::string> states;
  for (const auto& line : info.children()) states[line.name()] = line.state();
  EXPECT_EQ(states, (std::map<std::string, std::string>{{"h/p", "running"}, {"h/t", "stopped"}}));
}

TEST_F(Supervision, TemporarySiblingsAreStoppedAndNotStartedAgain) {
  add("h", tree({member("a"), member("b", Restart::temporary), member("c")}, Strategy::one_for_all));
  EXPECT_EQ(after("h/a", "crash"), (Log{"-c", "-b", "+a", "+c"}));
  EXPECT_EQ(after("h/c", "crash"), (Log{"-a", "+a", "+c"}));
}

TEST_F(Supervision, GivesUpBeyondItsIntensityAndTheNextSupervisorDecides) {
  auto inner = tree({member("a"), member("b")});
  inner.intensity = 2;
  add("h", tree({supervisor_child("s", inner)}));
  EXPECT_EQ(after("h/s/a", "crash"), (Log{"+a"}));
  EXPECT_EQ(after("h/s/a", "crash"), (Log{"+a"}));
  EXPECT_EQ(after("h/s/a", "crash"), (Log{"-b", "+a", "+b"}));
}

TEST_F(Supervision, RestartsOutsideOfThePeriodDoNotCount) {
  auto root = tree({member("a")});
  root.intensity = 1;
  root.period = seconds(5);
  add("h", root);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(after("h/a", "crash"), (Log{"+a"}));
    world->run_for(seconds(6));
  }
}

TEST_F(Supervision, TheRootsEndIsReported) {
  auto root = tree({member("a")});
  root.intensity = 0;
  Host& host = add("h", root);
  std::string why;
  host.on_root_ended([&](const ExitReason& reason) { why = reason.what; });
  after("h/a", "crash");
  EXPECT_EQ(why, "reached the limit of restarts at a");
}

TEST_F(Supervision, AFailedRestartCountsAndIsTriedAgain) {
  auto root = tree({member("a"), member("b")});
  root.intensity = 3;
  add("h", root);
  failing_starts["a"] = 2;
  EXPECT_EQ(after("h/a", "crash"), (Log{"!a", "!a", "+a"}));
  world->run_for(seconds(10));
  failing_starts["a"] = 3;
  EXPECT_EQ(after("h/a", "crash"), (Log{"!a", "!a", "!a", "-b"}));
}

TEST_F(Supervision, AFailedStartInTheMiddleOfAllIsTriedAgainFromTheTop) {
  add("h", tree({member("a"), member("b"), member("c")}, Strategy::one_for_all));
  failing_starts["b"] = 1;
  EXPECT_EQ(after("h/c", "crash"), (Log{"-b", "-a", "+a", "!b", "-a", "+a", "+b", "+c"}));
}

TEST_F(Supervision, AFailedFirstStartEndsWhatHadStarted) {
  failing_starts["c"] = 1;
  Host& host = world->add_host(named("h"));
  const auto started = host.start(tree({member("a"), member("b"), member("c"), member("d")}));
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().message, "child c failed to start: cannot start");
  EXPECT_EQ(log, (Log{"+a", "+b", "!c", "-b", "-a"}));
}

TEST_F(Supervision, AChildThatDoesNotStopInTimeIsKilled) {
  WorldOptions options;
  options.step_cost = milliseconds(10);
  world = std::make_unique<World>(options);
  ChildSpec busy = member("busy");
  busy.shutdown = seconds(2);
  Host& host = add("h", tree({member("a"), busy, member("c")}));
  for (int i = 0; i < 1000; ++i) host.tell({"h/busy"}, text("work"));
  log.clear();
  const auto before = world->clock().mono();
  host.stop();
  EXPECT_EQ(log, (Log{"-c", "-a"}));  // `busy` had ten seconds of work before its stop
  EXPECT_GT(world->clock().mono() - before, seconds(2));
  EXPECT_LT(world->clock().mono() - before, seconds(3));
}

TEST_F(Supervision, AKillEndsTheSubtreeAndItComesBack) {
  add("h", tree({supervisor_child("s", tree({member("a"), member("b")}))}));
  log.clear();
  EXPECT_TRUE(ask("h", "h/s", make_message(bus::KillActor())).ok());
  world->run_for(seconds(1));
  EXPECT_EQ(log, (Log{"+a", "+b"}));  // killed, they are not asked to stop
}

TEST_F(Supervision, AShutdownOvertakesARestartThatKeepsFailing) {
  auto root = tree({member("a"), member("b")});
  root.intensity = 1'000'000;
  Host& host = add("h", root);
  failing_starts["b"] = 1'000'000;
  log.clear();
  world->host("h")->tell({"h/b"}, text("crash"));
  world->schedule(io::Duration(0), [] {});
  EXPECT_TRUE(world->run_until([&] { return log.size() > 20; }, seconds(1)));
  host.stop();
  EXPECT_EQ(log.back(), "-a");
}

TEST_F(Supervision, TemporaryChildrenEndBeforeTheirParent) {
  add("h", tree({child("p", [this](TestActor& a) {
        a.on_start = [this](TestActor& self) {
          for (const char* name : {"x", "y"}) {
            auto kid = std::make_unique<TestActor>();
            kid->on_stop = [this, name](TestActor&) { log.push_back(std::string("-") + name); };
            ASSERT_TRUE(self.spawn(name, std::move(kid)).ok());
          }
        };
        a.on_stop = [this](TestActor&) { log.push_back("-p"); };
        a.on_child_ended = [this](TestActor&, const std::string& name, const ExitReason&) {
          log.push_back("." + name);
        };
      })}));
  world->host("h")->stop();
  ASSERT_EQ(log.size(), 5u);
  EXPECT_EQ(log.back(), "-p");
}

TEST_F(Supervision, AParentLearnsOfItsChildsEndAndTheNameIsFree) {
  std::vector<std::string> ends;
  add("h", tree({child("p", [&](TestActor& a) {
        auto spawn_kid = [](TestActor& self) {
          auto kid = std::make_unique<TestActor>();
          kid->on_message = [](TestActor& k, Inbound& in) {
            if (text_of(in.message) == "end") k.end();
            if (text_of(in.message) == "crash") throw std::runtime_error("boom");
          };
          ASSERT_TRUE(self.spawn("kid", std::move(kid)).ok());
        };
        a.on_start = spawn_kid;
        a.on_child_ended = [&ends, spawn_kid](TestActor& self, const std::string& name, const ExitReason& reason) {
          ends.push_back(name + " " + std::to_string(int(reason.kind)) + " " + reason.what);
          EXPECT_FALSE(self.has_child(name));
          spawn_kid(self);
        };
      })}));
  said("h", "h/p/kid", "end");
  said("h", "h/p/kid", "crash");
  world->run_for(milliseconds(1));
  EXPECT_EQ(ends, (std::vector<std::string>{"kid 0 ", "kid 2 boom"}));
}

}  // namespace
}  // namespace kabuki::runtime::sim

#include "tests/runtime/sim_test.hpp"

namespace kabuki::runtime::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// `a/watcher` monitors whom it is told to, and writes down the ends.
struct Monitors : SimTest {
  std::vector<std::string> ends;
  std::map<std::string, uint64_t> ids;

  SupervisorSpec watcher() {
    return tree({child("watcher",
                       [this](TestActor& a) {
                         a.on_message = [this](TestActor& self, Inbound& in) {
                           const std::string who = text_of(in.message);
                           if (who.starts_with("-")) {
                             self.demonitor(ids[who.substr(1)]);
                           } else {
                             ids[who] = self.monitor({who}, [this, who](const ExitReason& reason) {
                               ends.push_back(who + ": " + std::to_string(int(reason.kind)) + " " + reason.what);
                             });
                           }
                           in.reply.send(empty());
                         };
                       }),
                 mortal("near")});
  }

  static ChildSpec mortal(const std::string& name) {
    return child(
        name,
        [](TestActor& a) {
          a.on_message = [](TestActor& self, Inbound& in) {
            if (text_of(in.message) == "end") self.end();
            if (text_of(in.message) == "crash") throw std::runtime_error("boom");
            in.reply.send(in.message);
          };
        },
        Restart::permanent);
  }

  void hosts() {
    add("a", watcher());
    add("b", tree({mortal("far")}));
    world->connect_all();
    world->run_for(seconds(1));
  }

  void watch(const std::string& who) { ASSERT_TRUE(ask("a", "a/watcher", text(who)).ok()); }
};

using Ends = std::vector<std::string>;

TEST_F(Monitors, TellOfALocalEndOnce) {
  hosts();
  watch("a/near");
  said("a", "a/near", "crash");
  world->run_for(seconds(3));
  EXPECT_EQ(ends, (Ends{"a/near: 2 boom"}));
  said("a", "a/near", "crash");
  world->run_for(seconds(3));
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(Monitors, TellOfARemoteEndOnce) {
  hosts();
  watch("b/far");
  world->run_for(seconds(10));
  EXPECT_EQ(ends, Ends{});
  said("b", "b/far", "end");
  world->run_for(seconds(10));
  EXPECT_EQ(ends, (Ends{"b/far: 0 "}));
}

TEST_F(Monitors, TellAtOnceOfWhoIsNotThere) {
  hosts();
  watch("a/nobody");
  watch("b/nobody");
  watch("@no-role");
  world->run_for(milliseconds(100));
  std::sort(ends.begin(), ends.end());
  EXPECT_EQ(ends, (Ends{"@no-role: 2 nobody holds the role @no-role", "a/nobody: 2 no such actor",
                        "b/nobody: 2 no such actor"}));
}

TEST_F(Monitors, AreSilentWhenForgotten) {
  hosts();
  watch("a/near");
  watch("b/far");
  watch("-a/near");
  watch("-b/far");
  world->run_for(seconds(1));
  said("a", "a/near", "crash");
  said("b", "b/far", "crash");
  world->run_for(seconds(5));
  EXPECT_EQ(ends, Ends{});
}

TEST_F(Monitors, SurviveLostFramesBothWays) {
  hosts();
  LinkFaults lossy;
  lossy.loss = 0.9;
  world->network().set_defaults(lossy);
  for (int i = 0; i < 20; ++i) {
    ends.clear();
    watch("b/far");
    world->run_for(seconds(200));
    EXPECT_EQ(ends, Ends{});
    world->host("b")->tell({"b/far"}, text("crash"));
    world->run_for(seconds(200));
    ASSERT_EQ(ends.size(), 1u);
  }
}

TEST_F(Monitors, TellWhenTheHostGoesSilentOrRestarts) {
  hosts();
  watch("b/far");
  world->run_for(seconds(1));
  world->crash_host("b");
  world->run_for(seconds(3));
  EXPECT_EQ(ends, (Ends{"b/far: 2 host b is silent"}));

  ends.clear();
  Host& again = world->restart_host("b", named("b", 2));
  ASSERT_TRUE(again.start(tree({mortal("far")})).ok());
  world->connect_all();
  world->run_for(seconds(1));
  watch("b/far");
  world->run_for(seconds(1));
  world->crash_host("b");
  ASSERT_TRUE(world->restart_host("b", named("b", 3)).start(tree({mortal("far")})).ok());
  world->connect_all();
  EXPECT_EQ(said("a", "b/far", "x"), "x");
  EXPECT_EQ(ends, (Ends{"b/far: 2 host b restarted"}));
}

TEST_F(Monitors, TellOfAHostThatIsSilentAlreadyOrWasNeverHeard) {
  hosts();
  world->host("a")->set_peer("ghost", 1, "", "");
  watch("ghost/far");
  world->crash_host("b");
  world->run_for(seconds(10));
  watch("b/far");
  world->run_for(milliseconds(1));
  EXPECT_EQ(ends, (Ends{"ghost/far: 2 the host does not answer", "b/far: 2 host b is silent"}));
  EXPECT_EQ(said("a", "b/far", "x"), outcome(unavailable("host b is silent")));
}

TEST_F(Monitors, EndWithTheirWatcher) {
  hosts();
  watch("b/far");
  watch("a/near");
  world->run_for(seconds(2));
  ASSERT_TRUE(ask("a", "a/watcher", make_message(bus::KillActor())).ok());
  world->run_for(seconds(2));
  const auto sent = world->network().sent();
  world->run_for(seconds(20));
  EXPECT_EQ(world->network().sent(), sent) << "a monitor is still repeated";
  said("a", "a/near", "crash");
  said("b", "b/far", "crash");
  world->run_for(seconds(2));
  EXPECT_EQ(ends, Ends{});
}

}  // namespace
}  // namespace kabuki::runtime::sim

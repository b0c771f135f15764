#include "tests/runtime/sim_test.hpp"

namespace kabuki::runtime::sim {
namespace {

using std::chrono::seconds;

/// One that cannot speak of its health before it has started.
class Fragile final : public Actor {
 public:
  explicit Fragile(int* early) : early_(early) {}

 protected:
  void started() override { health_ = std::make_unique<std::string>("well"); }
  void received(Inbound& in) override { in.reply.send(empty()); }
  std::string health() const override {
    *early_ += !health_;
    return health_ ? *health_ : "";
  }

 private:
  int* const early_;
  std::unique_ptr<std::string> health_;
};

struct InspectTest : SimTest {
  int early = 0;

  /// `a/parent` starts a child at each message and is inspected at once: the child hears of that before its start, as
  /// inspection overtakes everything.
  SupervisorSpec parent() {
    return tree({child("parent", [this](TestActor& a) {
      a.on_message = [this](TestActor& self, Inbound& in) {
        const std::string name = text_of(in.message);
        EXPECT_TRUE(self.spawn(name, std::make_unique<Fragile>(&early)).ok());
        auto reply = std::make_shared<Reply>(std::move(in.reply));
        self.ask({self.name()}, make_message(bus::Inspect()), seconds(5),
                 [reply](Result<MessagePtr> answer) { reply->complete(std::move(answer)); });
      };
    })});
  }
};

TEST_F(InspectTest, AsksNoActorForItsHealthBeforeItHasStarted) {
  int starting = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    begin(seed);
    add("a", parent());
    auto answer = ask("a", "a/parent", text("child"));
    ASSERT_TRUE(answer.ok());
    const auto& info = (*answer)->as<bus::InspectReply>()->actor();
    ASSERT_EQ(info.children_size(), 1);
    const std::string& state = info.children(0).state();
    starting += state == "starting";
    EXPECT_EQ(info.children(0).health(), state == "starting" ? "" : "well");
  }
  EXPECT_EQ(early, 0);
  EXPECT_GT(starting, 0) << "some seed is to ask before the start";
}

TEST_F(InspectTest, IsAnsweredWhileChildrenAreKilled) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    begin(seed);
    SupervisorSpec below = tree({child("x", [](TestActor&) {}), child("y", [](TestActor&) {})});
    below.intensity = 100;
    SupervisorSpec root = tree({supervisor_child("group", std::move(below)), child("z", [](TestActor&) {})});
    root.intensity = 100;
    add("a", root);
    int answered = 0;
    for (const char* killed : {"a/group/x", "a/group", "a/z", "a/group/y"}) {
      world->host("a")->ask({killed}, make_message(bus::KillActor()), seconds(5), [](Result<MessagePtr>) {});
      for (const uint32_t depth : {0u, 1u, 2u}) {
        bus::Inspect inspect;
        inspect.set_depth(depth);
        world->host("a")->ask({"a"}, make_message(inspect), seconds(5),
                              [&](const Result<MessagePtr>& answer) { answered += answer.ok(); });
      }
      world->run_for(std::chrono::microseconds(seed));
    }
    world->run_for(seconds(10));
    EXPECT_EQ(answered, 12) << seed;
    const auto info = inspect("a", "a");
    EXPECT_EQ(info.children_size(), 2);
    EXPECT_EQ(info.children(0).children_size(), 2);
  }
}

}  // namespace
}  // namespace kabuki::runtime::sim

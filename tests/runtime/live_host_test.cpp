#include "tests/runtime/live_test.hpp"

namespace kabuki::runtime {
namespace {

using LiveHost = LiveTest;

void echo(TestActor& actor) {
  actor.on_message = [](TestActor&, Inbound& in) { in.reply.send(in.message); };
}

TEST_F(LiveHost, AnswersAnAskFromOutside) {
  ASSERT_TRUE(start(tree({child("echo", echo)})).ok());
  EXPECT_EQ(outcome(ask("h/echo", text("hello"))), "hello");
}

TEST_F(LiveHost, AskOfAnUnknownNameFailsAtOnce) {
  ASSERT_TRUE(start(tree({child("echo", echo)})).ok());
  EXPECT_EQ(outcome(ask("h/nobody", text("x"))), outcome(unavailable("no actor h/nobody")));
  EXPECT_EQ(outcome(ask("h/echo/deeper", text("x"))), outcome(unavailable("no actor h/echo/deeper")));
  EXPECT_EQ(outcome(ask("@nobody", text("x"))), outcome(unavailable("nobody holds the role @nobody")));
  EXPECT_EQ(outcome(ask("elsewhere/echo", text("x"))), outcome(unavailable("no network to host elsewhere")));
}

TEST_F(LiveHost, AskOfASlowActorTimesOut) {
  ASSERT_TRUE(start(tree({child("slow",
                                [](TestActor& a) {
                                  auto kept = std::make_shared<std::vector<Reply>>();
                                  a.on_message = [kept](TestActor&, Inbound& in) {
                                    kept->push_back(std::move(in.reply));
                                  };
                                })}))
                  .ok());
  EXPECT_EQ(ask("h/slow", text("x"), std::chrono::milliseconds(5)).error().code, 504);
}

TEST_F(LiveHost, ADroppedReplyAnswersUnavailable) {
  ASSERT_TRUE(start(tree({child("rude", [](TestActor& a) { a.on_message = [](TestActor&, Inbound&) {}; })})).ok());
  EXPECT_EQ(outcome(ask("h/rude", text("x"))), outcome(unavailable("the receiver ended without an answer")));
}

TEST_F(LiveHost, AnExceptionFailsTheAskAndTheActorComesBack) {
  ASSERT_TRUE(start(tree({child("once",
                                [](TestActor& a) {
                                  a.on_message = [](TestActor&, Inbound& in) {
                                    if (text_of(in.message) == "die") throw std::runtime_error("as told");
                                    in.reply.send(in.message);
                                  };
                                })}))
                  .ok());
  EXPECT_EQ(ask("h/once", text("die")).error().code, 503);
  // While it is restarted there is nobody of that name.
  Result<MessagePtr> result = unavailable("");
  while (!(result = ask("h/once", text("x"))).ok()) ASSERT_EQ(result.error().code, 503);
  EXPECT_EQ(outcome(result), "x");
}

TEST_F(LiveHost, ActorsAskEachOtherAndRolesResolve) {
  ASSERT_TRUE(start(tree({child("echo", echo), child("asker",
                                                     [](TestActor& a) {
                                                       a.on_message = [](TestActor& self, Inbound& in) {
                                                         auto reply = std::make_shared<Reply>(std::move(in.reply));
                                                         self.ask(
                                                             role("echo"), in.message, std::chrono::seconds(5),
                                                             [reply](Result<MessagePtr> r) { reply->complete(r); });
                                                       };
                                                     })}))
                  .ok());
  host->set_role("echo", {"h/echo"});
  EXPECT_EQ(outcome(ask("h/asker", text("round"))), "round");
}

TEST_F(LiveHost, ForwardKeepsWhoAsked) {
  ASSERT_TRUE(start(tree({child("echo", echo), child("desk",
                                                     [](TestActor& a) {
                                                       a.on_message = [](TestActor& self, Inbound& in) {
                                                         self.forward({"h/echo"}, std::move(in));
                                                       };
                                                     })}))
                  .ok());
  EXPECT_EQ(outcome(ask("h/desk", text("mail"))), "mail");
}

TEST_F(LiveHost, TemporaryChildrenAreFoundBelowTheirParent) {
  ASSERT_TRUE(start(tree({child("parent",
                                [](TestActor& a) {
                                  a.on_start = [](TestActor& self) {
                                    auto pod = std::make_unique<TestActor>();
                                    echo(*pod);
                                    ASSERT_TRUE(self.spawn("pods/default/web", std::move(pod)).ok());
                                    EXPECT_FALSE(self.spawn("pods/default/web", std::make_unique<TestActor>()).ok());
                                  };
                                })}))
                  .ok());
  EXPECT_EQ(outcome(ask("h/parent/pods/default/web", text("hi"))), "hi");
  EXPECT_EQ(outcome(ask("h/parent/pods/default/web/x", text("hi"))),
            outcome(unavailable("no actor h/parent/pods/default/web/x")));
}

TEST_F(LiveHost, AnActorMayResolveWhatIsLeftOfAName) {
  ASSERT_TRUE(start(tree({child("all",
                                [](TestActor& a) {
                                  a.takes_rest = true;
                                  a.on_message = [](TestActor&, Inbound& in) { in.reply.send(text(in.rest)); };
                                })}))
                  .ok());
  EXPECT_EQ(outcome(ask("h/all/of/them", text(""))), "of/them");
}

TEST_F(LiveHost, AMailboxRunsInsideTheActorAndIsSilentAfterItsEnd) {
  Mailbox mailbox;
  ASSERT_TRUE(start(tree({child(
                        "a", [&](TestActor& a) { a.on_start = [&](TestActor& self) { mailbox = self.mailbox(); }; },
                        Restart::temporary)}))
                  .ok());
  std::promise<void> ran;
  EXPECT_TRUE(mailbox.post([&] { ran.set_value(); }));
  ran.get_future().get();
  host->stop();
  EXPECT_FALSE(mailbox.post([] { FAIL() << "ran after the end"; }));
}

TEST_F(LiveHost, TimersRunOnceAndCancelledOnesNever) {
  std::promise<std::string> order;
  ASSERT_TRUE(
      start(tree({child("a",
                        [&](TestActor& a) {
                          a.on_start = [&](TestActor& self) {
                            auto seen = std::make_shared<std::string>();
                            auto cancelled = self.after(std::chrono::milliseconds(1), [seen] { *seen += "!"; });
                            self.after(std::chrono::milliseconds(4), [&, seen] { order.set_value(*seen + "b"); });
                            self.after(std::chrono::milliseconds(2), [seen] { *seen += "a"; });
                            self.cancel(cancelled);
                          };
                        })}))
          .ok());
  EXPECT_EQ(order.get_future().get(), "ab");
}

TEST_F(LiveHost, AFailedStartIsReported) {
  auto started = start(tree({child("good", echo), child("bad", [](TestActor& a) {
                               a.on_start = [](TestActor&) { throw std::runtime_error("no disk"); };
                             })}));
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().message, "child bad failed to start: no disk");
}

TEST_F(LiveHost, InspectShowsTheTree) {
  ASSERT_TRUE(start(tree({supervisor_child("inner", tree({child("leaf", echo)})), child("other", echo)})).ok());
  auto answer = ask("h", make_message(bus::Inspect()));
  ASSERT_TRUE(answer.ok());
  const auto* reply = (*answer)->as<bus::InspectReply>();
  ASSERT_TRUE(reply);
  const auto& root = reply->actor();
  EXPECT_EQ(root.type(), "supervisor");
  EXPECT_EQ(root.state(), "running");
  ASSERT_EQ(root.children_size(), 2);
  EXPECT_EQ(root.children(0).name(), "h/inner");
  ASSERT_EQ(root.children(0).children_size(), 1);
  EXPECT_EQ(root.children(0).children(0).name(), "h/inner/leaf");
  EXPECT_EQ(root.children(0).children(0).state(), "running");
  EXPECT_EQ(root.children(1).type(), "worker");
}

TEST_F(LiveHost, KillActorAnswersAndEndsAsACrash) {
  std::atomic<int> starts = 0;
  ASSERT_TRUE(start(tree({child("victim", [&](TestActor& a) { a.on_start = [&](TestActor&) { ++starts; }; })})).ok());
  EXPECT_TRUE(ask("h/victim", make_message(bus::KillActor())).ok());
  while (!ask("h/victim", empty()).ok()) {
  }
  EXPECT_EQ(starts, 2);
}

TEST_F(LiveHost, ManyAsksFromManyThreadsAreAllAnswered) {
  ASSERT_TRUE(start(tree({child("echo", echo)})).ok());
  std::atomic<int> answered = 0;
  std::promise<void> all;
  constexpr int kThreads = 4, kEach = 2000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i)
        host->ask({"h/echo"}, text("x"), std::chrono::seconds(10), [&](Result<MessagePtr> r) {
          if (r.ok() && ++answered == kThreads * kEach) all.set_value();
        });
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(all.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

}  // namespace
}  // namespace kabuki::runtime

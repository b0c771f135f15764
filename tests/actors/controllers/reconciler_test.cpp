#include "actors/controllers/reconciler.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/status.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;
using actors::WriteOutcome;

Instant at(int64_t seconds) { return {{seconds * 1'000'000'000}, {seconds * 1'000'000'000}}; }

core::ConfigMap map_message(const std::string& name) {
  core::ConfigMap map;
  map.mutable_metadata()->set_name(name);
  map.mutable_metadata()->set_namespace_("default");
  map.mutable_metadata()->set_uid("uid-" + name);
  return map;
}

ObjectPtr map(const std::string& name, uint64_t revision = 1) {
  return Object::encode(kinds::kConfigMap, map_message(name), revision);
}

/// A controller that plans what the test says, and counts how often it was asked.
struct Fixture : testing::Test {
  Plan plan;
  int asked = 0;
  std::optional<Reconciler> reconciler;

  void SetUp() override {
    Controller controller;
    controller.name = "test";
    controller.watches = {kinds::kConfigMap};
    controller.concerns = [](const View&, const Change& change, std::vector<Key>* keys) {
      keys->push_back(change.object().key());
    };
    controller.reconcile = [this](const View&, const Key&, const Instant&) {
      ++asked;
      return plan;
    };
    reconciler.emplace(std::move(controller));
  }
  std::vector<Reconciler::Batch> start_with(const std::string& name) {
    reconciler->changed(map(name), {});
    reconciler->reached(kinds::kConfigMap, 1, true, {});
    reconciler->start();
    return reconciler->work(at(0));
  }
  Reconciler::RevisionQuestion the_question() {
    const auto questions = reconciler->take_revision_questions();
    EXPECT_EQ(questions.size(), 1u);
    return questions.empty() ? Reconciler::RevisionQuestion() : questions[0];
  }
  static WriteOutcome done(uint64_t revision) {
    WriteOutcome outcome;
    outcome.revision = revision;
    return outcome;
  }
  static WriteOutcome refused(Error error, bool unknown = false) {
    WriteOutcome outcome;
    outcome.error = std::move(error);
    outcome.unknown = unknown;
    return outcome;
  }
};
using ReconcilerTest = Fixture;

TEST_F(ReconcilerTest, DecidesNothingBeforeTheViewsAreComplete) {
  reconciler->changed(map("a"), {});
  EXPECT_TRUE(reconciler->work(at(0)).empty());
  EXPECT_EQ(asked, 0);
}

TEST_F(ReconcilerTest, HoldsAKeyBackUntilItsWritesAreAnsweredAndSeen) {
  plan.add(Write::remove(*map("a")));
  const auto batches = start_with("a");
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(asked, 1);
  reconciler->changed(map("a", 2), {});
  reconciler->work(at(0));
  EXPECT_EQ(asked, 1) << "not answered yet";
  reconciler->answered(batches[0].id, {done(7)}, at(0));
  reconciler->work(at(0));
  EXPECT_EQ(asked, 1) << "answered, not seen yet";
  reconciler->reached(kinds::kConfigMap, 6, false, {});
  reconciler->work(at(0));
  EXPECT_EQ(asked, 1) << "not seen far enough";
  plan = {};
  reconciler->reached(kinds::kConfigMap, 7, false, {});
  reconciler->work(at(0));
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(reconciler->idle());
}

TEST_F(ReconcilerTest, OtherKeysGoOnMeanwhile) {
  plan.add(Write::remove(*map("a")));
  start_with("a");
  reconciler->changed(map("b"), {});
  EXPECT_EQ(reconciler->work(at(0)).size(), 1u);
  EXPECT_EQ(asked, 2);
}

TEST_F(ReconcilerTest, ARefusedCreateIsTriedAgainAfterABackoffAndThenAlone) {
  for (const char* name : {"x", "y", "z"}) plan.add(Write::create(kinds::kConfigMap, map_message(name)));
  auto batches = start_with("a");
  ASSERT_EQ(batches[0].writes.size(), 3u);
  const Error error = forbidden(kind_of(kinds::kConfigMap), "x", "quota");
  reconciler->answered(batches[0].id, {refused(error), done(1), done(1)}, at(0));
  EXPECT_TRUE(reconciler->work(at(0)).empty());
  EXPECT_EQ(reconciler->next_due(), (io::MonoTime{5'000'000}));
  batches = reconciler->work(at(1));
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].writes.size(), 1u);
  reconciler->answered(batches[0].id, {done(1)}, at(1));
  batches = reconciler->work(at(1));
  EXPECT_EQ(batches[0].writes.size(), 3u) << "after a success all go again";
}

TEST_F(ReconcilerTest, AMissingAnswerWaitsForARevisionAskedForAfterwards) {
  plan.add(Write::remove(*map("a")));
  auto batches = start_with("a");
  reconciler->answered(batches[0].id, {refused(timed_out("lost"), true)}, at(0));
  const auto question = the_question();
  reconciler->reached(kinds::kConfigMap, 9, false, {});
  EXPECT_TRUE(reconciler->work(at(100)).empty());
  reconciler->revision_is(question, 12, {});
  EXPECT_TRUE(reconciler->work(at(100)).empty());
  reconciler->reached(kinds::kConfigMap, 12, false, at(100).mono);
  EXPECT_EQ(reconciler->work(at(101)).size(), 1u);
}

TEST_F(ReconcilerTest, ARevisionThatWasAskedForBeforeSaysNothingOfALaterMissingAnswer) {
  plan.add(Write::remove(*map("a")));
  auto first = start_with("a");
  reconciler->answered(first[0].id, {refused(timed_out("lost"), true)}, at(0));
  const auto earlier = the_question();
  plan = {};
  plan.add(Write::remove(*map("b")));
  reconciler->add(map("b")->key());
  auto second = reconciler->work(at(0));
  ASSERT_EQ(second.size(), 1u);
  reconciler->answered(second[0].id, {refused(timed_out("lost"), true)}, at(0));
  const auto later = the_question();
  reconciler->revision_is(earlier, 12, {});
  reconciler->reached(kinds::kConfigMap, 12, false, at(100).mono);
  auto again = reconciler->work(at(101));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].writes.size(), 1u) << "of a; b still waits";
  reconciler->revision_is(later, 14, {});
  reconciler->reached(kinds::kConfigMap, 14, false, at(102).mono);
  EXPECT_EQ(reconciler->work(at(203)).size(), 1u);
}

TEST_F(ReconcilerTest, DeletingWhatIsGoneAlreadyIsNoFailure) {
  plan.add(Write::remove(*map("a")));
  auto batches = start_with("a");
  plan = {};
  reconciler->answered(batches[0].id, {refused(not_found(kind_of(kinds::kConfigMap), "a"))}, at(0));
  reconciler->work(at(0));
  EXPECT_EQ(asked, 1) << "the view does not show yet that it is gone";
  reconciler->revision_is(the_question(), 4, {});
  reconciler->reached(kinds::kConfigMap, 4, false, {});
  reconciler->work(at(0));
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(reconciler->idle());
  EXPECT_EQ(reconciler->queue().failing(), 0u);
}

TEST_F(ReconcilerTest, WritesThatChangeNothingAreNotRepeatedAtOnce) {
  plan.add(Write::update(*map("a"), map_message("a")));
  auto batches = start_with("a");
  reconciler->answered(batches[0].id, {done(1)}, at(0));
  EXPECT_TRUE(reconciler->work(at(0)).empty());
  EXPECT_EQ(reconciler->queue().failing(), 1u);
}

TEST_F(ReconcilerTest, AsksWhetherAnOwnerIsGoneOnceAndThenRemembers) {
  plan.add(Write::remove(*map("a")));
  plan.only_if_gone = {{{kinds::kConfigMap, "default", "owner"}, "owner-uid"}};
  EXPECT_TRUE(start_with("a").empty());
  auto questions = reconciler->take_questions();
  ASSERT_EQ(questions.size(), 1u);
  EXPECT_EQ(questions[0].gone, plan.only_if_gone);
  reconciler->verified(questions[0].id, true, at(0));
  EXPECT_EQ(reconciler->work(at(0)).size(), 1u);
  reconciler->changed(map("b"), {});
  EXPECT_EQ(reconciler->work(at(0)).size(), 1u);
  EXPECT_TRUE(reconciler->take_questions().empty());
}

TEST_F(ReconcilerTest, DoesNothingWhileTheOwnerLives) {
  plan.add(Write::remove(*map("a")));
  plan.only_if_gone = {{{kinds::kConfigMap, "default", "owner"}, "owner-uid"}};
  start_with("a");
  reconciler->verified(reconciler->take_questions()[0].id, false, at(0));
  EXPECT_TRUE(reconciler->work(at(0)).empty());
  EXPECT_EQ(reconciler->queue().failing(), 1u);
}

TEST_F(ReconcilerTest, PlansAnewOnViewsThatAreConfirmedOnceForWhatIsToBeConfirmed) {
  plan.add(Write::update_status(*map("a"), map_message("a")));
  plan.confirm = {{kinds::kConfigMap}, "first"};
  EXPECT_TRUE(start_with("a").empty());
  const auto question = the_question();
  reconciler->revision_is(question, 5, {});
  reconciler->reached(kinds::kConfigMap, 4, false, {});
  EXPECT_TRUE(reconciler->work(at(1)).empty());
  EXPECT_EQ(asked, 1);
  reconciler->reached(kinds::kConfigMap, 5, false, {});
  auto batches = reconciler->work(at(2));
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(asked, 2);
  reconciler->answered(batches[0].id, {done(6)}, at(2));
  reconciler->reached(kinds::kConfigMap, 6, false, {});
  EXPECT_EQ(reconciler->work(at(3)).size(), 1u) << "what was confirmed is so for good";

  plan.confirm.what = "second";
  reconciler->changed(map("b", 7), {});
  reconciler->reached(kinds::kConfigMap, 7, false, {});
  EXPECT_TRUE(reconciler->work(at(4)).empty()) << "each key and each text is confirmed by itself";
  EXPECT_EQ(the_question().kind, kinds::kConfigMap);
}

TEST_F(ReconcilerTest, ConfirmsAnewOnceThePlanHasBeenAnother) {
  // A namespace that seemed empty was not: when it seems so again, an answer of before says nothing.
  const auto ends = [&] {
    Plan out;
    out.add(Write::update_status(*map("a"), map_message("a")));
    out.confirm = {{kinds::kConfigMap}, "uid"};
    return out;
  };
  plan = ends();
  EXPECT_TRUE(start_with("a").empty());
  reconciler->revision_is(the_question(), 5, {});
  plan = Plan();
  plan.add(Write::remove(*map("x")));
  reconciler->reached(kinds::kConfigMap, 5, false, {});
  auto batches = reconciler->work(at(1));
  ASSERT_EQ(batches.size(), 1u) << "what was left is seen";
  plan = ends();
  reconciler->answered(batches[0].id, {done(6)}, at(1));
  reconciler->reached(kinds::kConfigMap, 6, false, {});
  EXPECT_TRUE(reconciler->work(at(2)).empty()) << "the older answer does not count";
  reconciler->revision_is(the_question(), 6, {});
  EXPECT_EQ(reconciler->work(at(3)).size(), 1u);
}

TEST_F(ReconcilerTest, AnnouncesWhatCameOfAWrite) {
  const Key about{kinds::kConfigMap, "default", "a"};
  plan.add(Write::remove(*map("x")), {about, "uid", "Done", "did {name}", "Failed", "did not: {error}"});
  auto batches = start_with("a");
  reconciler->answered(batches[0].id, {done(1)}, at(0));
  batches = reconciler->work(at(0));
  Error error;
  error.code = 403;
  error.message = "no";
  reconciler->answered(batches[0].id, {refused(error)}, at(0));
  EXPECT_EQ(reconciler->take_notes(),
            (std::vector<actors::EventNote>{{about, "uid", "Normal", "Done", "did x"},
                                            {about, "uid", "Warning", "Failed", "did not: no"}}));
}

TEST_F(ReconcilerTest, ComesBackWhenItAskedTo) {
  plan.again(std::chrono::seconds(40));
  start_with("a");
  EXPECT_EQ(reconciler->next_due(), at(40).mono);
  reconciler->work(at(39));
  EXPECT_EQ(asked, 1);
  reconciler->work(at(40));
  EXPECT_EQ(asked, 2);
}

TEST(WorkQueue, BackoffDoublesUpToAMinute) {
  WorkQueue queue;
  const Key key{kinds::kPod, "a", "b"};
  queue.add(key);
  io::MonoTime now{0};
  std::vector<int64_t> waits;
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(queue.take(now));
    queue.failed(key, now);
    waits.push_back((*queue.next_due() - now).count() / 1'000'000);
    now = *queue.next_due();
  }
  EXPECT_EQ(waits, (std::vector<int64_t>{5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480, 40960,
                                         60000, 60000}));
}

TEST(WorkQueue, AKeyAddedWhileItIsHeldComesAgainOnce) {
  WorkQueue queue;
  const Key key{kinds::kPod, "a", "b"};
  queue.add(key);
  queue.add(key);
  ASSERT_EQ(queue.take({}), key);
  queue.add(key);
  queue.add(key);
  EXPECT_EQ(queue.take({}), std::nullopt);
  queue.finished(key);
  ASSERT_EQ(queue.take({}), key);
  queue.finished(key);
  EXPECT_EQ(queue.take({}), std::nullopt);
}

Error over_quota() {
  Error error;
  error.code = 403;
  error.reason = "Forbidden";
  error.message = "exceeded quota";
  return error;
}

TEST_F(ReconcilerTest, KnowsWhatAKeyWasRefusedUntilItSucceeds) {
  const Key key = map("a")->key();
  auto end_with = [&](const WriteOutcome& outcome) {
    plan = {};
    plan.add(Write::create(kinds::kConfigMap, map_message("b")),
             {key, "uid-a", "", "", "FailedCreate", "No: {error}"});
    reconciler->add(key);
    const auto batches = reconciler->work(at(100));
    ASSERT_EQ(batches.size(), 1u);
    reconciler->answered(batches[0].id, {outcome}, at(100));
  };
  reconciler->changed(map("a"), {});
  reconciler->reached(kinds::kConfigMap, 1, true, {});
  reconciler->start();
  end_with(refused(conflict(kind_of(kinds::kConfigMap), "b", "changed")));
  EXPECT_FALSE(reconciler->view().refusal(key)) << "who reads anew may succeed";
  reconciler->take_notes();
  end_with(refused(over_quota()));
  ASSERT_TRUE(reconciler->view().refusal(key));
  EXPECT_EQ(*reconciler->view().refusal(key), (View::Refusal{true, "exceeded quota"}));
  const auto notes = reconciler->take_notes();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0], (actors::EventNote{key, "uid-a", "Warning", "FailedCreate", "No: exceeded quota"}));
  end_with(done(2));
  EXPECT_FALSE(reconciler->view().refusal(key));
}

TEST_F(ReconcilerTest, ForgetsARefusalOnceNothingIsTriedAnyMore) {
  const Key key = map("a")->key();
  plan.add(Write::create(kinds::kConfigMap, map_message("b")));
  const auto batches = start_with("a");
  reconciler->answered(batches[0].id, {refused(over_quota())}, at(0));
  ASSERT_TRUE(reconciler->view().refusal(key));
  plan = {};
  plan.add(Write::update_status(*map("a"), map_message("a")));
  asked = 0;
  EXPECT_EQ(reconciler->work(at(1)).size(), 1u);
  EXPECT_FALSE(reconciler->view().refusal(key)) << "it would be told of the next create, which may well succeed";
  EXPECT_EQ(asked, 2) << "the plan that is carried out knows nothing of the refusal";
}

TEST_F(ReconcilerTest, TellsNobodyThatNothingCanBeMadeInAnEndingNamespace) {
  plan.add(Write::create(kinds::kConfigMap, map_message("b")),
           {map("a")->key(), "uid-a", "", "", "FailedCreate", "No: {error}"});
  const auto batches = start_with("a");
  Error error = over_quota();
  error.causes.push_back({"NamespaceTerminating", "namespace x is being terminated", "metadata.namespace"});
  reconciler->answered(batches[0].id, {refused(error)}, at(0));
  EXPECT_FALSE(reconciler->view().refusal(map("a")->key()));
  EXPECT_EQ(reconciler->take_notes(), std::vector<actors::EventNote>());
}

}  // namespace
}  // namespace kabuki::controllers

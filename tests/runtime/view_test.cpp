#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/bus_failure.hpp"
#include "runtime/selection.hpp"
#include "runtime/view_state.hpp"
#include "runtime/view_streams.hpp"

namespace kabuki::runtime {
namespace {

using bus::WatchEvents;
using Pod = k8s::io::api::core::v1::Pod;

ObjectPtr pod(const std::string& name, uint64_t revision, const std::string& node = "", const std::string& uid = "") {
  Pod message;
  message.mutable_metadata()->set_name(name);
  message.mutable_metadata()->set_namespace_("default");
  message.mutable_metadata()->set_uid(uid.empty() ? name : uid);
  message.mutable_spec()->set_nodename(node);
  return Object::encode(kinds::kPod, message, revision);
}

bus::Selection pods(const std::string& node = "") {
  bus::Selection selection;
  selection.set_kind(kinds::kPod);
  if (!node.empty()) {
    auto* field = selection.add_fields();
    field->set_field("spec.nodeName");
    field->add_values(node);
  }
  return selection;
}

Selection parsed(const bus::Selection& selection) { return std::move(*Selection::parse(selection)); }

std::string describe(const Change& change) {
  return (change.before ? std::string(change.before->name()) : "-") + ">" +
         (change.after ? std::string(change.after->name()) : "-") + "@" + std::to_string(change.revision);
}

std::vector<std::string> describe(const std::vector<Change>& changes) {
  std::vector<std::string> out;
  for (const auto& change : changes) out.push_back(describe(change));
  return out;
}

using Lines = std::vector<std::string>;

TEST(Selection, ContainsOnlyWhatItSurelyMatches) {
  auto all = parsed(pods());
  auto of_node = parsed(pods("node-1"));
  EXPECT_TRUE(all.everything());
  EXPECT_TRUE(all.contains(of_node));
  EXPECT_FALSE(of_node.contains(all));
  EXPECT_TRUE(of_node.contains(of_node));
  auto two = pods("node-1");
  two.mutable_fields(0)->add_values("node-2");
  EXPECT_TRUE(parsed(two).contains(of_node));
  EXPECT_FALSE(of_node.contains(parsed(two)));
  auto labelled = pods();
  labelled.set_label_selector("a=b");
  EXPECT_TRUE(all.contains(parsed(labelled)));
  EXPECT_FALSE(parsed(labelled).contains(all));
  auto elsewhere = pods();
  elsewhere.set_namespace_("x");
  EXPECT_FALSE(parsed(elsewhere).contains(of_node));
}

TEST(Selection, NegatedFieldsMatchTheOthers) {
  auto selection = pods("node-1");
  selection.mutable_fields(0)->set_negated(true);
  selection.mutable_fields(0)->add_values("node=2");
  auto others = parsed(selection);
  EXPECT_FALSE(others.matches(*pod("a", 1, "node-1")));
  EXPECT_FALSE(others.matches(*pod("a", 1, "node=2")));
  EXPECT_TRUE(others.matches(*pod("a", 1, "node-3")));
}

struct ViewStateTest : testing::Test {
  ViewState state{kinds::kPod, "spec.nodeName"};
  void list(std::vector<ObjectPtr> objects, uint64_t revision) {
    state.begin_list();
    for (const auto& object : objects) state.apply(WatchEvents::ADDED, object, object->revision());
    last = state.end_list(revision);
  }
  std::vector<Change> last;
};

TEST_F(ViewStateTest, AppliesEventsInOrder) {
  list({pod("a", 1, "n1"), pod("b", 2, "n1")}, 5);
  EXPECT_EQ(describe(last), (Lines{"->a@1", "->b@2"}));
  EXPECT_EQ(describe(state.apply(WatchEvents::ADDED, pod("c", 6), 6)), Lines{"->c@6"});
  EXPECT_EQ(describe(state.apply(WatchEvents::MODIFIED, pod("a", 7, "n2"), 7)), Lines{"a>a@7"});
  EXPECT_EQ(describe(state.apply(WatchEvents::DELETED, pod("b", 8), 8)), Lines{"b>-@8"});
  EXPECT_EQ(state.revision(), 8u);
  EXPECT_EQ(state.objects().size(), 2u);
  EXPECT_EQ(state.objects_with("n1").size(), 0u);
  EXPECT_EQ(state.objects_with("n2").size(), 1u);
  EXPECT_EQ(describe(*state.changes_after(6)), (Lines{"a>a@7", "b>-@8"}));
  EXPECT_EQ(describe(*state.changes_after(5)), (Lines{"->c@6", "a>a@7", "b>-@8"}));
  EXPECT_FALSE(state.changes_after(4).has_value());
}

TEST_F(ViewStateTest, ANewListIsAppliedAsTheDifferenceWhenItIsComplete) {
  list({pod("a", 1), pod("b", 2), pod("c", 3), pod("d", 4)}, 5);
  state.begin_list();
  state.apply(WatchEvents::ADDED, pod("a", 1), 1);
  state.apply(WatchEvents::ADDED, pod("b", 9), 9);
  state.apply(WatchEvents::ADDED, pod("d", 8, "", "another"), 8);
  state.apply(WatchEvents::ADDED, pod("e", 7), 7);
  EXPECT_EQ(state.objects().size(), 4u);
  EXPECT_EQ(state.revision(), 5u);
  EXPECT_EQ(describe(state.end_list(10)), (Lines{"->e@7", "d>-@8", "->d@8", "b>b@9", "c>-@10"}));
  EXPECT_EQ(state.revision(), 10u);
  EXPECT_EQ(describe(*state.changes_after(8)), (Lines{"b>b@9", "c>-@10"}));
}

TEST_F(ViewStateTest, AnEarlierListLeavesNoHistory) {
  list({pod("a", 7)}, 9);
  list({pod("a", 3)}, 4);
  EXPECT_EQ(state.revision(), 4u);
  EXPECT_EQ(describe(last), Lines{"a>a@3"});
  EXPECT_FALSE(state.changes_after(3).has_value());
}

struct ViewStreamsTest : testing::Test {
  ViewState state{kinds::kPod, "spec.nodeName"};
  std::map<std::string, Lines> sent;  // by watcher; one line a batch
  Lines dropped;
  ViewStreams streams{state,
                      [this](const Address& to, MessagePtr message) { sent[to.text].push_back(line(*message)); },
                      [this](const ViewStreams::Id& id) { dropped.push_back(id.first); },
                      {.batch_events = 3, .pending_events = 5}};

  ViewStreamsTest() {
    state.begin_list();
    state.end_list(1);
  }

  static std::string line(const Message& message) {
    if (const auto* ended = message.as<bus::WatchEnded>()) return "ended " + std::to_string(ended->failure().code());
    const auto* batch = message.as<WatchEvents>();
    std::string out = "#" + std::to_string(batch->sequence());
    size_t object = 0;
    for (const auto& event : batch->events()) {
      static const char* kTypes[] = {"+", "~", "-", "="};
      out += std::string(" ") + kTypes[event.type()];
      if (event.type() != WatchEvents::BOOKMARK) out += message.objects.at(object++)->name();
      if (event.initial_end()) out += "end";
      out += std::to_string(event.revision());
    }
    return out;
  }

  Result<> open(const std::string& watcher, const bus::Selection& selection, uint64_t credit, int64_t from = -1) {
    bus::OpenWatch request;
    request.set_stream(1);
    request.set_watcher(watcher);
    request.set_initial_events(from < 0);
    if (from >= 0) request.set_from_revision(from);
    request.set_credit(credit);
    request.set_bookmarks(true);
    auto opened = streams.open(request, parsed(selection));
    streams.flush();
    return opened;
  }
  Result<> credit(const std::string& watcher, uint64_t batches, uint64_t seen) {
    bus::WatchCredit credit;
    credit.set_stream(1);
    credit.set_watcher(watcher);
    credit.set_batches(batches);
    credit.set_seen(seen);
    return streams.credit(credit);
  }
  void put(const ObjectPtr& object) {
    streams.take(state.apply(WatchEvents::MODIFIED, object, object->revision()));
    streams.flush();
  }
  void remove(const ObjectPtr& object) {
    streams.take(state.apply(WatchEvents::DELETED, object, object->revision()));
    streams.flush();
  }
};

TEST_F(ViewStreamsTest, ListsThenFollows) {
  put(pod("a", 2));
  put(pod("b", 3));
  ASSERT_TRUE(open("w", pods(), 10).ok());
  put(pod("a", 4));
  remove(pod("b", 5));
  EXPECT_EQ(sent["w"], (Lines{"#1 +a2 +b3 =end3", "#2 ~a4", "#3 -b5"}));
}

TEST_F(ViewStreamsTest, AnEmptyViewSaysThatItIsComplete) {
  ASSERT_TRUE(open("w", pods(), 10).ok());
  EXPECT_EQ(sent["w"], Lines{"#1 =end1"});
}

TEST_F(ViewStreamsTest, ObjectsComeAndGoAsTheSelectionSees) {
  put(pod("a", 2, "n1"));
  ASSERT_TRUE(open("w1", pods("n1"), 10).ok());
  ASSERT_TRUE(open("w2", pods("n2"), 10).ok());
  ASSERT_TRUE(open("w3", pods("n3"), 10).ok());
  put(pod("a", 3, "n2"));
  put(pod("a", 4, "n2"));
  remove(pod("a", 5, "n2"));
  EXPECT_EQ(sent["w1"], (Lines{"#1 +a2 =end2", "#2 -a3"}));
  EXPECT_EQ(sent["w2"], (Lines{"#1 =end2", "#2 +a3", "#3 ~a4", "#4 -a5"}));
  EXPECT_EQ(sent["w3"], Lines{"#1 =end2"});
}

TEST_F(ViewStreamsTest, OneNameIsWatchedAlone) {
  put(pod("a", 2));
  put(pod("b", 3));
  auto one = pods();
  one.set_namespace_("default");
  one.set_name("b");
  ASSERT_TRUE(open("w", one, 10).ok());
  put(pod("a", 4));
  put(pod("b", 5));
  EXPECT_EQ(sent["w"], (Lines{"#1 +b3 =end3", "#2 ~b5"}));
}

TEST_F(ViewStreamsTest, NothingIsSentWithoutCredit) {
  ASSERT_TRUE(open("w", pods(), 1).ok());
  put(pod("a", 2));
  put(pod("b", 3));
  EXPECT_EQ(sent["w"], Lines{"#1 =end1"});
  ASSERT_TRUE(credit("w", 1, 1).ok());
  EXPECT_EQ(sent["w"].back(), "#2 +a2 +b3");
}

TEST_F(ViewStreamsTest, AListInterruptedByMissingCreditGoesOnWithTheStateAsItIsThen) {
  for (int i = 0; i < 6; ++i) put(pod(std::string(1, static_cast<char>('a' + i)), 2 + i));
  ASSERT_TRUE(open("w", pods(), 1).ok());
  remove(pod("a", 10));  // listed already
  put(pod("e", 11));     // not yet
  remove(pod("f", 12));  // never will be
  ASSERT_TRUE(credit("w", 5, 1).ok());
  EXPECT_EQ(sent["w"], (Lines{"#1 +a2 +b3 +c4", "#2 -a10 +d5 +e11 =end12"}));
}

TEST_F(ViewStreamsTest, AWatcherTooFarBehindIsEndedAndNeverWaitedFor) {
  ASSERT_TRUE(open("slow", pods(), 1).ok());
  ASSERT_TRUE(open("fast", pods(), 100).ok());
  for (int i = 0; i < 6; ++i) put(pod("a", 2 + i));
  EXPECT_EQ(sent["slow"], (Lines{"#1 =end1", "ended 410"}));
  EXPECT_EQ(sent["fast"].size(), 7u);
  EXPECT_EQ(dropped, Lines{"slow"});
  EXPECT_EQ(credit("slow", 1, 1).error().code, 410);
}

TEST_F(ViewStreamsTest, ResumesFromTheWindowOrSaysExpired) {
  put(pod("a", 2));
  put(pod("b", 3));
  ASSERT_TRUE(open("w", pods(), 10, 2).ok());
  EXPECT_EQ(sent["w"], Lines{"#1 +b3"});
  EXPECT_EQ(open("old", pods(), 10, 0).error().code, 410);
}

TEST_F(ViewStreamsTest, AWatcherAheadOfTheStateIsRefused) {
  auto refused = open("w", pods(), 10, 3);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 504);
  EXPECT_EQ(streams.size(), 0u);
}

TEST_F(ViewStreamsTest, AProbeBringsABookmarkAndFindsALostBatch) {
  ASSERT_TRUE(open("w", pods("n1"), 10).ok());
  put(pod("a", 2, "n2"));
  ASSERT_TRUE(credit("w", 0, 1).ok());
  EXPECT_EQ(sent["w"], (Lines{"#1 =end1", "#2 =2"}));
  ASSERT_TRUE(credit("w", 0, 1).ok()) << "may still be on its way";
  EXPECT_EQ(credit("w", 0, 1).error().code, 410);
  EXPECT_EQ(streams.size(), 0u);
}

TEST_F(ViewStreamsTest, WatchersOfOthersAreForgottenTogether) {
  ASSERT_TRUE(open("w", pods("n1"), 10).ok());
  ASSERT_TRUE(open("v", pods("n1"), 10).ok());
  streams.close_all_of("w");
  put(pod("a", 2, "n1"));
  EXPECT_EQ(sent["w"], Lines{"#1 =end1"});
  EXPECT_EQ(sent["v"], (Lines{"#1 =end1", "#2 +a2"}));
  EXPECT_FALSE(streams.watches("w"));
}

}  // namespace
}  // namespace kabuki::runtime

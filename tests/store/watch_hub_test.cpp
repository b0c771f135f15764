#include "store/watch_hub.hpp"

#include "messages/kinds.hpp"
#include "messages/watch_sequence.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using Lines = std::vector<std::string>;

/// A state and its hub, changed without an engine.
class Hub {
 public:
  explicit Hub(StateOptions options = {}) : state(std::move(options)), hub(&state) { state.loaded(0); }

  void put(const ObjectPtr& object) { apply({{Change::Type::put, at(*object), nullptr}}); }
  void remove(const Key& key) { apply({{Change::Type::deleted, at(*state.get(key)), nullptr}}); }
  void apply(std::vector<Change> changes) {
    state.apply(&changes);
    hub.apply(changes);
  }
  Result<uint64_t> open(const std::string& who, WatchRequest request) { return hub.open({who, 1}, request); }
  Result<> credit(const std::string& who, uint64_t batches, uint64_t seen = 0) {
    return hub.credit({who, 1}, batches, seen);
  }
  /// What was delivered since: "w#1 added a@3 modified a@4".
  Lines lines() {
    while (hub.work()) {
    }
    Lines out;
    for (const auto& delivery : hub.take()) {
      std::string line = delivery.to.address;
      if (delivery.ended) {
        out.push_back(line + " ended: " + delivery.ended->message);
        continue;
      }
      line += "#" + std::to_string(delivery.sequence);
      for (const auto& event : *delivery.events) {
        static constexpr const char* kTypes[] = {"added", "modified", "deleted", "bookmark"};
        line += std::string(" ") + kTypes[static_cast<int>(event.type)];
        line += " " +
                (event.object        ? std::string(event.object->name())
                 : event.initial_end ? "end"
                                     : "") +
                "@" + std::to_string(event.revision);
        EXPECT_TRUE(!event.object || event.object->revision() == event.revision);
      }
      out.push_back(line);
    }
    return out;
  }

  ShardState state;
  WatchHub hub;

 private:
  ObjectPtr at(const Object& object) { return Object::at_revision(object, state.revision() + 1); }
};

constexpr uint64_t kPlenty = 100;
const Key kA{kinds::kPod, "default", "a"};

TEST(WatchHub, TellsEachWatcherWhatAChangeMeansToItsSelection) {
  struct Case {
    const char* what;
    Selection selection;
    Lines expected;
  };
  const Case cases[] = {
      {"all", select(kinds::kPod), {"w#1 added a@2", "w#2 modified a@3", "w#3 modified a@4", "w#4 deleted a@5"}},
      {"namespace",
       select(kinds::kPod, "default"),
       {"w#1 added a@2", "w#2 modified a@3", "w#3 modified a@4", "w#4 deleted a@5"}},
      {"other namespace", select(kinds::kPod, "x"), {}},
      {"name",
       select(kinds::kPod, "default", "a"),
       {"w#1 added a@2", "w#2 modified a@3", "w#3 modified a@4", "w#4 deleted a@5"}},
      {"other name", select(kinds::kPod, "default", "b"), {}},
      {"other kind", select(kinds::kConfigMap), {}},
      {"not yet on a node", on_nodes({""}), {"w#1 added a@2", "w#2 deleted a@3"}},
      {"node", on_nodes({"n1"}), {"w#1 added a@3", "w#2 deleted a@4"}},
      {"nodes", on_nodes({"n1", "n2"}), {"w#1 added a@3", "w#2 modified a@4", "w#3 deleted a@5"}},
      {"other node", on_nodes({"n3"}), {}},
      {"label", labelled("app=web"), {"w#1 added a@2", "w#2 modified a@3", "w#3 deleted a@4"}},
      {"other label", labelled("app=db"), {"w#1 added a@4", "w#2 deleted a@5"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    for (const bool late : {false, true}) {
      Hub hub;
      hub.put(pod("other", "n9"));
      const WatchRequest request{.selection = c.selection, .from_revision = 1, .credit = late ? 0 : kPlenty};
      ASSERT_TRUE(hub.open("w", request).ok());
      hub.put(pod("a", "", 0, "default", "web"));
      hub.put(pod("a", "n1", 0, "default", "web"));
      hub.put(pod("a", "n2", 0, "default", "db"));
      hub.remove(kA);
      if (!late) {
        EXPECT_EQ(hub.lines(), c.expected);
        continue;
      }
      // Read from history, the same comes in one batch.
      EXPECT_EQ(hub.lines(), Lines{});
      ASSERT_TRUE(hub.credit("w", 1).ok());
      std::string one;
      for (const auto& line : c.expected) one += line.substr(line.find(' '));
      EXPECT_EQ(hub.lines(), one.empty() ? Lines{} : Lines{"w#1" + one});
    }
  }
}

TEST(WatchHub, AnObjectThatLeavesIsDeletedInItsLastMatchingVersion) {
  Hub hub;
  ASSERT_TRUE(hub.open("w", {.selection = on_nodes({"n1"}), .credit = kPlenty}).ok());
  hub.put(pod("a", "n1"));
  hub.put(pod("a", "n2"));
  const auto deliveries = hub.hub.take();
  ASSERT_EQ(deliveries.size(), 2u);
  EXPECT_EQ(text((*deliveries[1].events)[0].object), text(pod("a", "n1", 2)));
}

TEST(WatchHub, SharesEventsAmongWatchersThatSelectAlike) {
  Hub hub;
  ASSERT_TRUE(hub.open("v", {.selection = on_nodes({"n1"}), .credit = kPlenty}).ok());
  ASSERT_TRUE(hub.open("w", {.selection = on_nodes({"n1"}), .credit = kPlenty}).ok());
  hub.put(pod("a", "n1"));
  const auto deliveries = hub.hub.take();
  ASSERT_EQ(deliveries.size(), 2u);
  EXPECT_EQ(deliveries[0].events, deliveries[1].events);
}

TEST(WatchHub, ABatchOfChangesIsABatchOfEvents) {
  Hub hub;
  ASSERT_TRUE(hub.open("w", {.selection = select(kinds::kPod), .credit = kPlenty}).ok());
  hub.apply({created(pod("a", "", 1)),
             created(thing("x", "", 2)),
             created(pod("b", "", 3)),
             {Change::Type::deleted, pod("a", "", 4), nullptr}});
  EXPECT_EQ(hub.lines(), Lines{"w#1 added a@1 added b@3 deleted a@4"});
}

TEST(WatchHub, ResumesAfterTheRevisionItIsGiven) {
  Hub hub;
  for (const char* name : {"a", "b", "c"}) hub.put(pod(name, ""));
  EXPECT_EQ(*hub.open("w", {.selection = select(kinds::kPod), .from_revision = 1, .credit = 1}), 3u);
  EXPECT_EQ(hub.lines(), Lines{"w#1 added b@2 added c@3"});
  const auto future = hub.open("v", {.selection = select(kinds::kPod), .from_revision = 4, .credit = 1});
  ASSERT_FALSE(future.ok());
  EXPECT_EQ(future.error().code, 504);
  EXPECT_EQ(hub.hub.size(), 1u);
}

TEST(WatchHub, BeginsWithWhatIsThereWhenAsked) {
  Hub hub;
  for (const char* name : {"b", "a"}) hub.put(pod(name, "n1"));
  hub.put(pod("c", "n2"));
  ASSERT_TRUE(hub.open("w", {.selection = on_nodes({"n1"}), .initial_events = true, .credit = 1}).ok());
  hub.put(pod("d", "n1"));
  hub.remove({kinds::kPod, "default", "b"});
  EXPECT_EQ(hub.lines(), Lines{"w#1 added a@2 added b@1 bookmark end@3"});
  ASSERT_TRUE(hub.credit("w", 5).ok());
  EXPECT_EQ(hub.lines(), Lines{"w#2 added d@4 deleted b@5"});
  hub.put(pod("e", "n1"));
  EXPECT_EQ(hub.lines(), Lines{"w#3 added e@6"});
}

TEST(WatchHub, ListsManyInitialEventsByCredit) {
  Hub hub;
  const size_t count = 2 * limits::kWatchBatchEvents + 1;
  for (size_t i = 0; i < count; ++i) hub.put(thing("t" + std::to_string(10000 + i), ""));
  ASSERT_TRUE(hub.open("w", {.selection = select(kinds::kConfigMap), .initial_events = true, .credit = 2}).ok());
  std::vector<ObjectPtr> objects;
  const auto take = [&] {
    size_t batches = 0;
    while (hub.hub.work(700)) {
    }
    for (const auto& delivery : hub.hub.take()) {
      ++batches;
      for (const auto& event : *delivery.events) objects.push_back(event.object);
    }
    return batches;
  };
  EXPECT_EQ(take(), 2u);
  EXPECT_EQ(hub.hub.parked(), 1u);
  hub.put(thing("t0", "is not initial"));
  while (objects.empty() || objects.back()) {
    ASSERT_TRUE(hub.credit("w", 1).ok());
    ASSERT_EQ(take(), 1u);
  }
  objects.pop_back();
  ASSERT_EQ(objects.size(), count);
  EXPECT_TRUE(std::is_sorted(objects.begin(), objects.end(), ByKey()));
  ASSERT_TRUE(hub.credit("w", 1).ok());
  EXPECT_EQ(hub.lines().size(), 1u);
}

TEST(WatchHub, CutsBatchesByBytes) {
  Hub hub;
  for (const char* name : {"a", "b", "c"}) hub.put(thing(name, std::string(limits::kWatchBatchBytes / 2, 'x')));
  for (const bool initial : {true, false}) {
    ASSERT_TRUE(hub.open("w", {.selection = select(kinds::kConfigMap),
                               .from_revision = initial ? 0u : 1u,
                               .initial_events = initial,
                               .credit = kPlenty})
                    .ok());
    EXPECT_EQ(hub.lines(), initial ? (Lines{"w#1 added a@1 added b@2", "w#2 added c@3 bookmark end@3"})
                                   : (Lines{"w#1 added b@2 added c@3"}));
  }
}

TEST(WatchHub, NeverSplitsARevision) {
  for (const bool late : {false, true}) {
    Hub hub;
    ASSERT_TRUE(hub.open("w", {.selection = select(kinds::kConfigMap), .credit = late ? 0 : kPlenty}).ok());
    std::vector<Change> changes;
    const size_t half = limits::kWatchBatchEvents / 2 + 1;
    for (size_t i = 0; i < 4 * half; ++i)
      changes.push_back(created(thing("t" + std::to_string(i), "", 1 + i / half)));
    hub.apply(std::move(changes));
    if (late) {
      ASSERT_TRUE(hub.credit("w", kPlenty).ok());
    }
    hub.hub.work();
    std::vector<uint64_t> ends;
    for (const auto& delivery : hub.hub.take()) ends.push_back(delivery.events->back().revision);
    EXPECT_EQ(ends, (std::vector<uint64_t>{2, 4}));
  }
}

TEST(WatchHub, ParksWhoHasNoCreditAndEndsWhoCameTooLate) {
  Hub hub({.history_changes = 2});
  const WatchRequest request{.selection = on_nodes({"n1"}), .credit = 1};
  ASSERT_TRUE(hub.open("w", request).ok());
  ASSERT_TRUE(hub.open("late", request).ok());
  for (const char* name : {"a", "b"}) hub.put(pod(name, "n1"));
  EXPECT_EQ(hub.lines(), (Lines{"w#1 added a@1", "late#1 added a@1"}));
  EXPECT_EQ(hub.hub.parked(), 2u);
  ASSERT_TRUE(hub.credit("w", 1).ok());
  EXPECT_EQ(hub.lines(), Lines{"w#2 added b@2"});
  for (int i = 0; i < 5; ++i) hub.put(pod("elsewhere", "n2"));
  // Missed nothing, so nothing was forgotten that it would need.
  ASSERT_TRUE(hub.credit("w", 1).ok());
  const auto late = hub.credit("late", 1);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().message, "too old resource version: 1 (5)");
  EXPECT_EQ(late.error().code, 410);
  EXPECT_EQ(hub.hub.size(), 1u);
  hub.put(pod("c", "n1"));
  EXPECT_EQ(hub.lines(), Lines{"w#3 added c@8"});
}

TEST(WatchHub, RefusesToResumeFromWhatIsForgotten) {
  Hub hub({.history_changes = 2});
  for (int i = 0; i < 5; ++i) hub.put(pod("a", std::to_string(i)));
  const auto opened = hub.open("w", {.selection = select(kinds::kPod), .from_revision = 2, .credit = 1});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().message, "too old resource version: 2 (3)");
  EXPECT_TRUE(hub.open("w", {.selection = select(kinds::kPod), .from_revision = 3, .credit = 1}).ok());
  EXPECT_EQ(hub.lines(), Lines{"w#1 modified a@4 modified a@5"});
}

TEST(WatchHub, EndsAStreamWhoseHistoryGoesWhileItWaitsForItsTurn) {
  Hub hub({.history_changes = 1});
  hub.put(pod("a", "1"));
  hub.put(pod("a", "2"));
  ASSERT_TRUE(hub.open("w", {.selection = select(kinds::kPod), .from_revision = 1, .credit = 1}).ok());
  hub.put(pod("a", "3"));
  EXPECT_EQ(hub.lines(), Lines{"w ended: too old resource version: 1 (2)"});
  EXPECT_EQ(hub.hub.size(), 0u);
}

TEST(WatchHub, BookmarksWhereTheShardIs) {
  Hub hub;
  ASSERT_TRUE(hub.open("w", {.selection = on_nodes({"n1"}), .bookmarks = true, .credit = 2}).ok());
  ASSERT_TRUE(hub.open("plain", {.selection = on_nodes({"n1"}), .credit = 2}).ok());
  hub.hub.bookmark();
  EXPECT_EQ(hub.lines(), Lines{});
  hub.put(pod("a", "n2"));
  hub.hub.bookmark();
  hub.hub.bookmark();
  EXPECT_EQ(hub.lines(), Lines{"w#1 bookmark @1"});
  hub.put(pod("a", "n1"));
  hub.hub.bookmark();
  EXPECT_EQ(hub.lines(), (Lines{"w#2 added a@2", "plain#1 added a@2"}));
}

TEST(WatchHub, AStreamIsReplacedClosedAndDropped) {
  Hub hub;
  ASSERT_TRUE(hub.open("w", {.selection = on_nodes({"n1"}), .credit = kPlenty}).ok());
  ASSERT_TRUE(hub.open("w", {.selection = on_nodes({"n2"}), .credit = kPlenty}).ok());
  hub.put(pod("a", "n1"));
  hub.put(pod("b", "n2"));
  EXPECT_EQ(hub.lines(), Lines{"w#1 added b@2"});
  hub.hub.close({"w", 1});
  EXPECT_EQ(hub.credit("w", 1).error().code, 410);
  ASSERT_TRUE(hub.hub.open({"w", 1}, {.selection = on_nodes({"n2"}), .from_revision = 2, .credit = 1}).ok());
  ASSERT_TRUE(hub.hub.open({"w", 2}, {.selection = on_nodes({"n2"}), .from_revision = 1, .credit = 1}).ok());
  ASSERT_TRUE(hub.hub.open({"x", 2}, {.selection = on_nodes({"n2"}), .from_revision = 2, .credit = 1}).ok());
  hub.hub.drop("w");
  hub.put(pod("c", "n2"));
  EXPECT_EQ(hub.lines(), Lines{"x#1 added c@3"});
  EXPECT_EQ(hub.hub.size(), 1u);
}

TEST(WatchHub, NoticesALostBatchByTwoProbes) {
  Hub hub;
  ASSERT_TRUE(hub.open("w", {.selection = select(kinds::kPod), .credit = 5}).ok());
  hub.put(pod("a", ""));
  ASSERT_TRUE(hub.credit("w", 0, 0).ok());  // may be on its way
  ASSERT_TRUE(hub.credit("w", 0, 1).ok());
  ASSERT_TRUE(hub.credit("w", 0, 1).ok());
  hub.put(pod("b", ""));
  ASSERT_TRUE(hub.credit("w", 0, 1).ok());
  EXPECT_EQ(hub.credit("w", 0, 1).error().code, 410);
  EXPECT_EQ(hub.hub.size(), 0u);
}

TEST(WatchHub, TwoOpeningsUnderOneIdAreTwoStreams) {
  Hub hub;
  const WatchRequest request{.selection = select(kinds::kPod), .credit = 5};
  const auto from = [&](uint64_t drawn) {
    WatchRequest out = request;
    out.from_revision = hub.state.revision();
    out.place = sequence_place(drawn);
    return out;
  };
  ASSERT_TRUE(hub.open("w", from(7)).ok());
  hub.put(pod("a", ""));
  const auto first = hub.hub.take();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_TRUE(is_next_in_sequence(first[0].sequence, 0));
  ASSERT_TRUE(hub.open("w", from(8)).ok());  // the request came twice
  hub.put(pod("b", ""));
  hub.put(pod("c", ""));
  const auto second = hub.hub.take();
  ASSERT_EQ(second.size(), 2u);
  EXPECT_TRUE(is_next_in_sequence(second[1].sequence, second[0].sequence));
  EXPECT_FALSE(is_next_in_sequence(second[1].sequence, first[0].sequence));
  ASSERT_TRUE(hub.credit("w", 0, 0).ok()) << "nothing has arrived yet";
  EXPECT_EQ(hub.credit("w", 1, first[0].sequence).error().code, 410);
  EXPECT_EQ(hub.hub.size(), 0u);
}

TEST(WatchHub, WhoStopsInTheMiddleOfAListKeepsNoMoreThanTheHistoryDoes) {
  Hub hub({.history_changes = 3});
  hub.put(pod("a", "n1"));
  hub.put(pod("b", "n1"));
  ASSERT_TRUE(hub.open("w", {.selection = select(kinds::kPod), .initial_events = true}).ok());
  EXPECT_EQ(hub.lines(), Lines{});
  for (int i = 0; i < 3; ++i) hub.put(pod("a", "n" + std::to_string(i)));
  EXPECT_EQ(hub.hub.size(), 1u);
  hub.put(pod("a", "n4"));
  EXPECT_EQ(hub.lines(), Lines{"w ended: too old resource version: 2 (3)"});
  EXPECT_EQ(hub.hub.size(), 0u);
}

}  // namespace
}  // namespace kabuki::store::test

#include "store/shard_state.hpp"

#include "store/engines/memory.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using Names = std::vector<std::string>;

/// A state that changes through a memory engine, which answers at once.
class Shard {
 public:
  explicit Shard(StateOptions options = {}) : state(std::move(options)) {
    auto loaded = engine_->load([](ObjectPtr) {});
    state.loaded(*loaded);
    engine_->start([this](uint64_t, std::vector<Change> changes) { state.apply(&changes); }, [](Error) {});
  }
  uint64_t put(const ObjectPtr& object) {
    const auto current = state.get(object);
    return commit({object->key(), current ? current->revision() : 0, object});
  }
  uint64_t remove(const Key& key) { return commit({key, state.get(key)->revision(), nullptr}); }

  ShardState state;

 private:
  uint64_t commit(Mutation mutation) {
    uint64_t revision = 0;
    engine_->submit({std::move(mutation)}, [&](auto results) { revision = results[0].revision; });
    return revision;
  }
  std::unique_ptr<Engine> engine_ = make_memory_engine(std::make_shared<MemoryMedium>(), {});
};

Names list(Shard& shard, const Selection& selection) {
  return names(shard.state.page(*shard.state.snapshot(), selection, std::nullopt, 0).objects);
}

/// Every page's names.
std::vector<Names> pages(const ShardState& state, const Snapshot& at, const Selection& selection, size_t limit,
                         size_t scan_max = SIZE_MAX) {
  std::vector<Names> out;
  std::optional<Key> after;
  do {
    const Page page = state.page(at, selection, after, limit, scan_max);
    out.push_back(names(page.objects));
    after = page.next;
  } while (after);
  return out;
}

TEST(ShardState, ListsByNamespaceNameFieldAndLabel) {
  Shard shard;
  shard.put(pod("a", "n1", 0, "x", "web"));
  shard.put(pod("b", "n2", 0, "x"));
  shard.put(pod("a", "n1", 0, "xx"));
  shard.put(pod("c", "", 0, "x", "web"));
  shard.put(thing("a", "", 0, "x"));
  shard.put(pod("b", "n1", 0, "a"));
  EXPECT_EQ(list(shard, select(kinds::kPod)), (Names{"b@7", "a@2", "b@3", "c@5", "a@4"}));
  EXPECT_EQ(list(shard, select(kinds::kPod, "x")), (Names{"a@2", "b@3", "c@5"}));
  EXPECT_EQ(list(shard, select(kinds::kPod, "", "a")), (Names{"a@2", "a@4"}));
  EXPECT_EQ(list(shard, select(kinds::kPod, "xx", "a")), Names{"a@4"});
  EXPECT_EQ(list(shard, select(kinds::kPod, "x", "aa")), Names{});
  EXPECT_EQ(list(shard, select(kinds::kNode)), Names{});
  EXPECT_EQ(list(shard, on_nodes({"n1"})), (Names{"b@7", "a@2", "a@4"}));
  EXPECT_EQ(list(shard, on_nodes({"n1", "n2", "n3"})), (Names{"b@7", "a@2", "b@3", "a@4"}));
  EXPECT_EQ(list(shard, on_nodes({""})), Names{"c@5"});
  EXPECT_EQ(list(shard, labelled("app=web")), (Names{"a@2", "c@5"}));
  shard.put(pod("a", "n3", 0, "x"));
  shard.remove({kinds::kPod, "xx", "a"});
  EXPECT_EQ(list(shard, on_nodes({"n1"})), Names{"b@7"});
  EXPECT_EQ(list(shard, on_nodes({"n3", "n2"})), (Names{"a@8", "b@3"}));
  EXPECT_EQ(list(shard, labelled("app=web")), Names{"c@5"});
}

TEST(ShardState, PagesStayAtTheirRevision) {
  Shard shard;
  for (const char* name : {"a", "b", "c", "d", "e"}) shard.put(thing(name, ""));
  const auto snapshot = shard.state.snapshot();
  const auto first = shard.state.page(*snapshot, select(kinds::kConfigMap), std::nullopt, 2);
  EXPECT_EQ(names(first.objects), (Names{"a@2", "b@3"}));
  shard.put(thing("c", "new"));
  shard.remove(thing_key("d"));
  shard.put(thing("bb", ""));
  shard.put(thing("z", ""));
  shard.put(thing("d", "again"));
  EXPECT_EQ(pages(shard.state, *snapshot, select(kinds::kConfigMap), 2),
            (std::vector<Names>{{"a@2", "b@3"}, {"c@4", "d@5"}, {"e@6"}}));
  const auto again = shard.state.snapshot_at(8);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(pages(shard.state, **again, select(kinds::kConfigMap), 10),
            (std::vector<Names>{{"a@2", "b@3", "c@7", "e@6"}}));
  EXPECT_EQ(list(shard, select(kinds::kConfigMap)), (Names{"a@2", "b@3", "bb@9", "c@7", "d@11", "e@6", "z@10"}));
}

TEST(ShardState, AFieldIndexServesOldRevisionsToo) {
  Shard shard;
  shard.put(pod("a", "n1"));
  shard.put(pod("b", "n1"));
  shard.put(pod("c", "n2"));
  const auto snapshot = shard.state.snapshot();
  shard.put(pod("a", "n2"));
  shard.put(pod("c", "n1"));
  shard.remove({kinds::kPod, "default", "b"});
  EXPECT_EQ(pages(shard.state, *snapshot, on_nodes({"n1"}), 0), (std::vector<Names>{{"a@2", "b@3"}}));
  EXPECT_EQ(pages(shard.state, *snapshot, on_nodes({"n2", "n1"}), 1),
            (std::vector<Names>{{"a@2"}, {"b@3"}, {"c@4"}}));
}

TEST(ShardState, ShortScansFindTheSame) {
  Shard shard;
  for (int i = 0; i < 9; ++i) shard.put(pod("p" + std::to_string(i), "", 0, "x", i % 3 == 0 ? "web" : "db"));
  const auto snapshot = shard.state.snapshot();
  EXPECT_EQ(pages(shard.state, *snapshot, labelled("app=web"), 0, 2),
            (std::vector<Names>{{"p0@2"}, {"p3@5"}, {}, {"p6@8"}, {}}));
}

TEST(ShardState, CountsWhatRemains) {
  Shard shard;
  for (const char* name : {"a", "b", "c", "d", "e"}) shard.put(thing(name, ""));
  shard.put(thing("a", "", 0, "other"));
  const auto all = select(kinds::kConfigMap, "default");
  const auto snapshot = shard.state.snapshot();
  EXPECT_EQ(shard.state.remaining(snapshot.get(), all, std::nullopt, thing_key("b"), 2), 3u);
  shard.put(thing("ab", ""));
  EXPECT_EQ(shard.state.remaining(snapshot.get(), all, thing_key("b"), thing_key("d"), 2), 1u);
  EXPECT_EQ(shard.state.remaining(snapshot.get(), all, thing_key("c"), thing_key("d"), 1), std::nullopt);
  EXPECT_EQ(shard.state.remaining(snapshot.get(), select(kinds::kConfigMap), thing_key("b"), thing_key("d"), 2),
            std::nullopt);
  EXPECT_EQ(
      shard.state.remaining(shard.state.snapshot().get(), select(kinds::kConfigMap), std::nullopt, thing_key("b"), 3),
      4u);
}

TEST(ShardState, ForgetsBeyondItsWindowAndSaysSo) {
  Shard shard({.history_changes = 3});
  for (int i = 0; i < 5; ++i) shard.put(thing("a", std::to_string(i)));
  EXPECT_EQ(shard.state.history().compacted(), 3u);
  EXPECT_EQ(shard.state.history().size(), 3u);
  const auto old = shard.state.snapshot_at(2);
  ASSERT_FALSE(old.ok());
  EXPECT_EQ(old.error().code, 410);
  EXPECT_EQ(old.error().reason, "Expired");
  const auto future = shard.state.snapshot_at(7);
  ASSERT_FALSE(future.ok());
  EXPECT_EQ(future.error().code, 504);
  EXPECT_TRUE(shard.state.snapshot_at(3).ok());
  EXPECT_TRUE(shard.state.snapshot_at(6).ok());
}

TEST(ShardState, ASnapshotThatIsHeldOutlivesTheWindow) {
  Shard shard({.history_changes = 1});
  shard.put(thing("a", ""));
  shard.put(thing("b", ""));
  const auto snapshot = shard.state.snapshot();
  for (int i = 0; i < 5; ++i) shard.put(thing("a", std::to_string(i)));
  EXPECT_EQ(pages(shard.state, *snapshot, select(kinds::kConfigMap), 0), (std::vector<Names>{{"a@2", "b@3"}}));
  EXPECT_TRUE(shard.state.snapshot_at(3).ok());
}

TEST(ShardState, KeepsSnapshotsOfPagedLists) {
  Shard shard({.history_changes = 1});
  shard.put(thing("a", ""));
  shard.state.keep(shard.state.snapshot());
  for (size_t i = 0; i < limits::kPagedSnapshots; ++i) {
    shard.put(thing("b", std::to_string(i)));
    EXPECT_TRUE(shard.state.snapshot_at(2).ok());
    shard.state.keep(shard.state.snapshot());
  }
  shard.put(thing("b", ""));
  EXPECT_FALSE(shard.state.snapshot_at(2).ok());
}

TEST(History, BoundsTheBytesThatOnlyItHolds) {
  const auto version = [](uint64_t revision) { return thing("a", std::string(1000, 'x'), revision); };
  History history(1000, 3000);
  history.start_at(10);
  history.push({Change::Type::put, version(11), nullptr});
  for (uint64_t r = 12; r < 20; ++r) history.push({Change::Type::put, version(r), version(r - 1)});
  history.trim();
  EXPECT_EQ(history.size(), 2u);
  EXPECT_EQ(history.compacted(), 17u);
  EXPECT_EQ(history.first_after(17), 0u);
  EXPECT_EQ(history.first_after(18), 1u);
  EXPECT_EQ(history.first_after(19), 2u);
  EXPECT_LE(history.bytes(), 3000u);
}

TEST(History, NeverSplitsChangesThatShareARevision) {
  History history(2, 1u << 20);
  for (const char* name : {"a", "b", "c"}) history.push(created(thing(name, "", 5)));
  history.push(created(thing("d", "", 6)));
  history.trim();
  EXPECT_EQ(history.compacted(), 5u);
  EXPECT_EQ(history.size(), 1u);
}

TEST(ShardState, APagedListIsHeldForSoManyChanges) {
  Shard shard({.history_changes = 1, .snapshot_versions = 3});
  shard.put(pod("a", "n1"));
  const uint64_t revision = shard.put(pod("b", "n1"));
  shard.state.keep(shard.state.snapshot());
  for (const char* name : {"a", "a", "c", "d"}) shard.put(pod(name, "n2"));
  EXPECT_TRUE(shard.state.snapshot_at(revision).ok());
  shard.put(pod("e", "n2"));
  EXPECT_EQ(shard.state.snapshot_at(revision).error().code, 410);
}

}  // namespace
}  // namespace kabuki::store::test

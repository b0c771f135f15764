#include "actors/store_shard/shard_inspection.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/config_map.pb.h"
#include "store/limits.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using Lines = std::vector<std::string>;

struct ShardInspectionTest : ::testing::Test {
  ShardState state{{.history_changes = 1000}};
  ShardInspection inspection{"objects", ShardMap::standard()};
  io::MonoTime now{1};
  uint64_t revision = kFirstRevision;

  void SetUp() override { state.loaded(revision); }

  void apply(Change change) {
    std::vector<Change> changes{std::move(change)};
    state.apply(&changes);
    inspection.changed(changes, state, now);
  }
  void put(const std::string& name, const std::string& body) { apply(created(thing(name, body, ++revision))); }
  void remove(const std::string& name) {
    apply({Change::Type::deleted, Object::at_revision(*state.get(thing_key(name)), ++revision), nullptr});
  }
  void put_namespace(const std::string& name) {
    apply(created(Object::make(kinds::kNamespace, "", name, ++revision, "n")));
  }

  struct Pages {
    Lines lines;
    size_t pages = 0;
    uint64_t revision = 0;
  };
  Result<runtime::MessagePtr> read(uint64_t at, uint64_t bytes, std::optional<Key> after = {}) {
    bus::ReadShard request;
    request.set_revision(at);
    request.set_bytes(bytes);
    if (after) {
      request.mutable_start_after()->set_kind(after->kind);
      request.mutable_start_after()->set_namespace_(after->ns);
      request.mutable_start_after()->set_name(after->name);
    }
    return inspection.read(request, state, now);
  }
  /// Reads all from `at` on; `between` runs after each page.
  Pages read_all(
      uint64_t at, uint64_t bytes, const std::function<void()>& between = [] {}) {
    Pages out;
    std::optional<Key> after;
    for (;;) {
      const auto answer = read(at, bytes, after);
      EXPECT_TRUE(answer.ok());
      const auto* page = (*answer)->as<bus::ReadShardReply>();
      ++out.pages;
      at = out.revision = page->revision();
      for (const auto& object : (*answer)->objects) {
        out.lines.push_back(object->key().text() + "=" + std::string(object->body()));
        after = object->key();
      }
      if (!page->more()) return out;
      between();
    }
  }
};

TEST_F(ShardInspectionTest, ReadsAllKindsInOrderPageByPage) {
  for (const char* name : {"a", "b", "c"}) put(name, std::string(2'000, *name));
  put_namespace("default");
  const auto one = read_all(0, 1 << 20);
  EXPECT_EQ(one.lines, (Lines{"namespaces/default=n", "configmaps/default/a=" + std::string(2'000, 'a'),
                              "configmaps/default/b=" + std::string(2'000, 'b'),
                              "configmaps/default/c=" + std::string(2'000, 'c')}));
  EXPECT_EQ(one.pages, 1u);
  EXPECT_EQ(one.revision, revision);
  EXPECT_EQ(inspection.held(), 0u);
}

TEST_F(ShardInspectionTest, StaysAtItsRevisionWhileWritesGoOn) {
  // More than one page, however small it is asked to be.
  for (size_t i = 0; i < 3 * limits::kReadStep; ++i) put("thing-" + std::to_string(10'000 + i), "old");
  const auto before = read_all(0, 1 << 20).lines;
  int turn = 0;
  const auto pages = read_all(0, 1, [&] {
    ++turn;
    put("thing-10000", "new");
    put("thing-" + std::to_string(10'000 + 3 * limits::kReadStep - turn), "new");
    put("zzz-" + std::to_string(turn), "new");
    if (turn == 1) remove("thing-10700");
  });
  EXPECT_GT(pages.pages, 2u);
  EXPECT_EQ(pages.lines, before);
  EXPECT_EQ(inspection.held(), 0u);
}

TEST_F(ShardInspectionTest, HoldsARevisionThatHistoryForgets) {
  put("a", "old");
  const auto held = read(0, 0);
  ASSERT_TRUE(held.ok());
  EXPECT_TRUE((*held)->objects.empty());
  const uint64_t at = (*held)->as<bus::ReadShardReply>()->revision();
  for (int i = 0; i < 1100; ++i) put("a", "new");
  EXPECT_EQ(read_all(at, 1 << 20).lines, (Lines{"configmaps/default/a=old"}));
  // It is let go with the last page.
  const auto again = read(at, 1 << 20);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, 410);
}

TEST_F(ShardInspectionTest, LetsGoOfWhatNobodyReadsOn) {
  ASSERT_TRUE(read(0, 0).ok());
  EXPECT_EQ(inspection.held(), 1u);
  now = now + limits::kReadHold;
  put("a", "body");
  EXPECT_EQ(inspection.held(), 0u);
  for (size_t i = 0; i < limits::kReadsHeld + 3; ++i) {
    put("a", "body");
    ASSERT_TRUE(read(0, 0).ok());
  }
  EXPECT_EQ(inspection.held(), limits::kReadsHeld);
}

TEST_F(ShardInspectionTest, RefusesARevisionThatIsNotYet) {
  const auto answer = read(revision + 1, 1);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, 504);
}

TEST_F(ShardInspectionTest, CountsByKind) {
  put("a", "12345");
  put("b", "123");
  put("a", "1");
  put_namespace("default");
  remove("b");
  const auto info = inspection.info(state);
  EXPECT_EQ(info.shard(), "objects");
  EXPECT_EQ(info.revision(), revision);
  ASSERT_EQ(info.kinds_size(), 2);
  EXPECT_EQ(info.kinds(0).kind(), kinds::kNamespace);
  EXPECT_EQ(info.kinds(0).objects(), 1u);
  EXPECT_EQ(info.kinds(0).bytes(), 1u);
  EXPECT_EQ(info.kinds(1).kind(), kinds::kConfigMap);
  EXPECT_EQ(info.kinds(1).objects(), 1u);
  EXPECT_EQ(info.kinds(1).bytes(), 1u);
  EXPECT_EQ(info.window_from(), kFirstRevision);
  EXPECT_EQ(info.window_changes(), 5u);
}

TEST_F(ShardInspectionTest, ShowsItselfInMetrics) {
  runtime::Metrics metrics;
  inspection.measure(metrics);
  put("a", "12345");
  const runtime::Metrics::Labels labels{{"shard", "objects"}};
  EXPECT_EQ(metrics.gauge("kabuki_store_bytes", labels).value(), 5);
  EXPECT_EQ(metrics.gauge("kabuki_store_revision", labels).value(), static_cast<int64_t>(revision));
  EXPECT_EQ(metrics.gauge("kabuki_store_window_changes", labels).value(), 1);
}

TEST_F(ShardInspectionTest, TellsTheChangesItRemembers) {
  put("a", "1");
  put("b", "1");
  put("a", "2");
  remove("b");
  const auto lines = [&](const bus::ReadHistory& request) {
    const auto answer = inspection.history(request, state);
    const auto* reply = answer->as<bus::ReadHistoryReply>();
    Lines out;
    for (int i = 0; i < reply->items_size(); ++i) {
      const auto& item = reply->items(i);
      out.push_back(std::to_string(item.revision()) + (item.deleted() ? " deleted " : " put ") +
                    std::string(answer->objects.at(static_cast<size_t>(i))->name()) + " was " +
                    std::to_string(item.previous_revision()));
    }
    if (reply->more()) out.push_back("more");
    return out;
  };
  bus::ReadHistory all;
  EXPECT_EQ(lines(all), (Lines{"2 put a was 0", "3 put b was 0", "4 put a was 2", "5 deleted b was 3"}));
  bus::ReadHistory some;
  some.set_after_revision(2);
  some.set_limit(2);
  EXPECT_EQ(lines(some), (Lines{"3 put b was 0", "4 put a was 2", "more"}));
  bus::ReadHistory one;
  one.mutable_key()->set_kind(kinds::kConfigMap);
  one.mutable_key()->set_namespace_("default");
  one.mutable_key()->set_name("a");
  EXPECT_EQ(lines(one), (Lines{"2 put a was 0", "4 put a was 2"}));
}

}  // namespace
}  // namespace kabuki::store::test

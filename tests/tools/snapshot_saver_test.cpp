#include <gtest/gtest.h>

#include "actors/store_shard/shard_inspection.hpp"
#include "messages/status.hpp"
#include "store/snapshot_reader.hpp"
#include "tests/store/store_fixture.hpp"
#include "tools/snapshot/saver.hpp"

namespace kabuki::tools {
namespace {

using Lines = std::vector<std::string>;
using store::test::created;
using store::test::pod;
using store::test::thing;

class StringFile final : public io::AppendFile {
 public:
  Result<> append(std::string_view more) override {
    bytes += more;
    return {};
  }
  Result<> sync() override {
    synced = true;
    return {};
  }
  Result<> truncate(uint64_t size) override {
    bytes.resize(size);
    return {};
  }
  std::string bytes;
  bool synced = false;
};

/// Four shards that answer as their actors do.
struct SnapshotSaverTest : ::testing::Test {
  struct Shard {
    explicit Shard(const std::string& name) : inspection(name, store::ShardMap::standard()) {
      state.loaded(store::kFirstRevision);
    }
    void put(const ObjectPtr& object) {
      std::vector<store::Change> changes{created(Object::at_revision(*object, state.revision() + 1))};
      state.apply(&changes);
      inspection.changed(changes, state, {});
    }
    store::ShardState state;
    store::ShardInspection inspection;
  };
  store::ShardMap mapping = store::ShardMap::standard();
  std::map<std::string, std::unique_ptr<Shard>> shards;
  StringFile file;
  store::SnapshotWriter writer{file};

  void SetUp() override {
    for (const auto& name : mapping.names()) shards[name] = std::make_unique<Shard>(name);
    ASSERT_TRUE(writer.begin("demo", mapping, 1).ok());
  }
  static std::string shard_of(const SnapshotSaver::Question& question) {
    return question.to.text.substr(question.to.text.find('/') + 1);
  }
  Result<runtime::MessagePtr> answer(const SnapshotSaver::Question& question) {
    Shard& shard = *shards.at(shard_of(question));
    return shard.inspection.read(*question.message->as<bus::ReadShard>(), shard.state, {});
  }
  Lines saved() {
    Lines lines;
    store::SnapshotSink sink;
    sink.shard = [&](const std::string& shard, uint64_t revision) -> Result<> {
      lines.push_back(shard + "@" + std::to_string(revision));
      return {};
    };
    sink.object = [&](const ObjectPtr& object) -> Result<> {
      lines.push_back(object->key().text() + "@" + std::to_string(object->revision()));
      return {};
    };
    store::StringSource source(file.bytes);
    const auto summary = store::read_snapshot("f", source, mapping, sink);
    EXPECT_TRUE(summary.ok()) << summary.error().message;
    return lines;
  }
};

TEST_F(SnapshotSaverTest, HoldsEveryShardBeforeItReadsAnyAndNamespacesLast) {
  SnapshotSaver saver(writer, mapping);
  Lines order;
  while (const auto question = saver.next()) {
    order.push_back((question->message->as<bus::ReadShard>()->bytes() == 0 ? "hold " : "read ") +
                    shard_of(*question));
    ASSERT_TRUE(saver.take(answer(*question)).ok());
  }
  EXPECT_EQ(order.size(), 8u);
  EXPECT_EQ(order[3], "hold objects");
  EXPECT_EQ(Lines(order.begin() + 4, order.end()),
            (Lines{"read events", "read leases", "read objects", "read pods"}));
  EXPECT_TRUE(file.synced);
  EXPECT_EQ(saved(), (Lines{"events@1", "leases@1", "objects@1", "pods@1"}));
}

TEST_F(SnapshotSaverTest, SavesWhatWasThereWhenItBeganWhateverIsWrittenMeanwhile) {
  shards["objects"]->put(thing("a", std::string(3 << 20, 'a')));
  shards["objects"]->put(thing("b", "body"));
  shards["pods"]->put(pod("p", "node-1"));
  SnapshotSaver saver(writer, mapping);
  int turn = 0;
  while (const auto question = saver.next()) {
    ASSERT_TRUE(saver.take(answer(*question)).ok());
    if (++turn < 4) continue;
    shards["objects"]->put(thing("b", "new"));
    shards["objects"]->put(thing("c" + std::to_string(turn), "new"));
    shards["pods"]->put(pod("q" + std::to_string(turn), "node-1"));
  }
  EXPECT_EQ(saved(), (Lines{"events@1", "leases@1", "objects@3", "configmaps/default/a@2", "configmaps/default/b@3",
                            "pods@2", "pods/default/p@2"}));
}

TEST_F(SnapshotSaverTest, EndsWithTheErrorOfAShard) {
  SnapshotSaver saver(writer, mapping);
  const auto failed = saver.take(unavailable("the shard is being started"));
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "the shard is being started");
}

TEST_F(SnapshotSaverTest, RefusesObjectsThatItKeepsElsewhere) {
  shards["pods"]->state.load(thing("a", "body", 1));
  SnapshotSaver saver(writer, mapping);
  Result<> taken;
  while (const auto question = saver.next()) {
    // A shard under another mapping would answer so.
    auto reply = answer(*question);
    if (shard_of(*question) == "pods" && question->message->as<bus::ReadShard>()->bytes() != 0) {
      reply = runtime::make_message(*(*reply)->as<bus::ReadShardReply>(), {thing("a", "body", 1)});
    }
    taken = saver.take(reply);
    if (!taken) break;
  }
  ASSERT_FALSE(taken.ok());
  EXPECT_NE(taken.error().message.find("which this program keeps elsewhere"), std::string::npos);
}

}  // namespace
}  // namespace kabuki::tools

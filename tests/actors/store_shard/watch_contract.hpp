#pragma once

#include <compare>
#include <condition_variable>
#include <map>
#include <set>

#include "actors/store_shard/store_shard_actor.hpp"
#include "runtime/io/random.hpp"
#include "tests/runtime/live_test.hpp"
#include "tests/store/engine_homes.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {

/// One event as a watcher was told of it, or should have been.
struct Told {
  std::string type;
  uint64_t revision = 0;
  std::string name;
  std::string body;
  auto operator<=>(const Told&) const = default;
};
/// Events by revision: those that share one have no order.
using Story = std::map<uint64_t, std::set<Told>>;
/// What is there, by name: revision and body.
using Contents = std::map<std::string, std::pair<uint64_t, std::string>>;

/// A live host with one or two shards "pods" over engines of one kind, somebody who writes and knows what happened,
/// and a watcher that keeps what each of its streams is told.
class WatchContract : public testing::WithParamInterface<std::string>, public runtime::LiveTest {
 protected:
  struct Stream {
    std::vector<std::vector<Told>> batches;
    uint64_t sequence = 0;
    std::optional<int> ended;
  };

  ShardOptions options{.name = "pods"};
  std::unique_ptr<EngineHome> home = make_engine_home(GetParam());
  io::Random random{7};
  bool two_shards = false;

  void begin();
  void SetUp() override {
    if (GetParam() == "etcd") KABUKI_NEEDS_ETCD();
  }
  void TearDown() override {
    if (host) host->stop();
  }

  // Writing. `shard` is "shard" or, where there are two, "other".
  std::vector<bus::CommitReply::Item> commit(const std::vector<Mutation>& batch, const std::string& shard = "shard");
  /// A batch of random writes to six pods, some of them conflicts.
  void write(const std::string& shard = "shard");
  /// The last word, which every selection used here matches; waits until it can be read.
  uint64_t write_end(const std::string& shard = "shard");
  uint64_t newest() const { return history_.empty() ? begin_ : history_.back().revision; }
  uint64_t begin_revision() const { return begin_; }
  std::vector<uint64_t> revisions() const;
  Story story(const std::string& app, uint64_t after) const;
  Contents contents(const std::string& app, uint64_t at) const;

  // Reading.
  Result<runtime::MessagePtr> list(bus::ListObjects request, const std::string& app,
                                   const std::string& shard = "shard");
  Contents listed(uint64_t revision, uint64_t limit, const std::string& app, const std::string& shard = "shard");
  uint64_t shard_revision(const std::string& shard = "shard");

  // Watching.
  Result<uint64_t> open(uint64_t stream, bus::OpenWatch request, const std::string& app,
                        const std::string& shard = "shard");
  Result<runtime::MessagePtr> credit(uint64_t stream, uint64_t batches, const std::string& shard = "shard");
  void close(uint64_t stream, const std::string& shard = "shard");
  /// Waits until the stream was told of this revision, and returns it.
  Stream told(uint64_t stream, uint64_t revision);
  Stream told_batches(uint64_t stream, size_t batches);
  /// The events of a stream without bookmarks; fails when they are not in order, unique and atomic.
  static Story story_of(const Stream& stream);

 private:
  struct Version {
    std::string app;
    std::string body;
  };
  struct Change {
    uint64_t revision = 0;
    std::string name;
    std::optional<Version> before, after;
  };
  static void select_app(const std::string& app, bus::Selection* selection);

  std::vector<Change> history_;
  std::map<std::string, std::pair<uint64_t, Version>> now_;
  uint64_t begin_ = 0;
  uint64_t writes_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, Stream> streams_;
};

}  // namespace kabuki::store::test

#pragma once

#include <condition_variable>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/store/etcd_cluster.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {

using Results = std::vector<MutationResult>;
using Texts = std::vector<std::string>;

inline const ShardIdentity kEtcdIdentity{"objects", "objects=*"};

/// An engine among several of one shard, loaded and started, and all that it fed. Thread-safe.
class EtcdHost {
 public:
  explicit EtcdHost(EtcdOptions options) : engine_(make_etcd_engine(std::move(options))) {
    auto loaded = engine_->load([&](ObjectPtr object) {
      current_[object->key()] = object->revision();
      objects.push_back(std::move(object));
    });
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message);
    if (!loaded) return;
    revision = reached_ = *loaded;
    engine_->start([&](uint64_t to, std::vector<Change> changes) { fed(to, std::move(changes)); },
                   [&](Error error) {
                     const std::lock_guard lock(mutex_);
                     failure_ = std::move(error);
                     moved_.notify_all();
                   });
  }
  ~EtcdHost() { engine_->stop(); }

  Results commit(std::vector<Mutation> batch) {
    struct Call {
      std::mutex mutex;
      std::condition_variable answered;
      std::optional<Results> results;
    };
    const auto call = std::make_shared<Call>();
    engine_->submit(std::move(batch), [call](Results results) {
      const std::lock_guard lock(call->mutex);
      call->results = std::move(results);
      call->answered.notify_one();
    });
    std::unique_lock lock(call->mutex);
    call->answered.wait(lock, [&] { return call->results.has_value(); });
    return *call->results;
  }
  Result<uint64_t> barrier() {
    struct Call {
      std::mutex mutex;
      std::condition_variable answered;
      std::optional<Result<uint64_t>> result;
    };
    const auto call = std::make_shared<Call>();
    engine_->barrier([call](Result<uint64_t> result) {
      const std::lock_guard lock(call->mutex);
      call->result = std::move(result);
      call->answered.notify_one();
    });
    std::unique_lock lock(call->mutex);
    call->answered.wait(lock, [&] { return call->result.has_value(); });
    return *call->result;
  }
  /// Waits until the feed has reached what a fresh read must have seen; the feed as it is then.
  Texts fresh() {
    const auto revision = barrier();
    EXPECT_TRUE(revision.ok()) << (revision.ok() ? "" : revision.error().message);
    if (revision) wait_for(*revision);
    return feed();
  }
  void wait_for(uint64_t to) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return reached_ >= to || failure_; });
  }
  Error wait_for_failure() {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return failure_.has_value(); });
    return *failure_;
  }
  /// "put default/a@3=body was null"
  Texts feed() {
    const std::lock_guard lock(mutex_);
    return feed_;
  }
  uint64_t revision_of(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto it = current_.find(key);
    return it == current_.end() ? 0 : it->second;
  }
  void stop() { engine_->stop(); }
  Engine& engine() { return *engine_; }

  std::vector<ObjectPtr> objects;  // as loaded
  uint64_t revision = 0;           // as loaded

 private:
  void fed(uint64_t to, std::vector<Change> changes) {
    const std::lock_guard lock(mutex_);
    for (const auto& change : changes) {
      EXPECT_GE(change.object->revision(), reached_);
      reached_ = change.object->revision();
      const bool put = change.type == Change::Type::put;
      feed_.push_back((put ? "put " : "deleted ") + text(change.object) + " was " + text(change.previous));
      uint64_t& known = current_[change.object->key()];
      EXPECT_EQ(change.previous ? change.previous->revision() : 0, known);
      known = put ? change.object->revision() : 0;
    }
    EXPECT_EQ(to, reached_);
    moved_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable moved_;
  uint64_t reached_ = 0;
  Texts feed_;
  std::map<Key, uint64_t> current_;
  std::optional<Error> failure_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace kabuki::store::test

#pragma once

#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <vector>

#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"
#include "store/engines/memory.hpp"
#include "store/engines/memory_shared.hpp"
#include "store/engines/rocksdb.hpp"
#include "tests/store/etcd_cluster.hpp"

namespace kabuki::store::test {

/// A place where engines of one kind keep shards. What one put there the next one finds.
class EngineHome {
 public:
  virtual ~EngineHome() = default;
  virtual std::unique_ptr<Engine> engine(ShardIdentity identity) = 0;
  /// Whether several may be open at a time; where not, a change's revision is the one before plus 1.
  virtual bool shared() const { return false; }
  /// Whether a barrier brings a shard to the revisions of others, too.
  virtual bool one_order() const { return false; }
};

class MemoryHome : public EngineHome {
 public:
  std::unique_ptr<Engine> engine(ShardIdentity identity) override {
    return make_memory_engine(medium_, {.identity = std::move(identity)});
  }

 private:
  std::shared_ptr<MemoryMedium> medium_ = std::make_shared<MemoryMedium>();
};

class RocksdbHome : public EngineHome {
 public:
  RocksdbHome() {
    char name[] = "/tmp/kabuki-store-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~RocksdbHome() override { std::filesystem::remove_all(directory_); }
  std::unique_ptr<Engine> engine(ShardIdentity identity) override {
    return make_rocksdb_engine({.directory = directory_ + "/shard", .identity = std::move(identity)});
  }

 private:
  std::string directory_;
};

/// Without timers, or with and then with threads and delays.
class SharedMemoryHome : public EngineHome {
 public:
  explicit SharedMemoryHome(bool timed) {
    if (!timed) return;
    timers_ = std::make_unique<io::LiveTimers>(clock_);
    medium_->set_faults({.request_max = std::chrono::microseconds(300), .feed_max = std::chrono::milliseconds(2)});
  }
  std::unique_ptr<Engine> engine(ShardIdentity identity) override {
    return make_shared_memory_engine(
        medium_, {.identity = std::move(identity), .host = "h", .timers = timers_.get(), .seed = ++engines_});
  }
  bool shared() const override { return true; }
  bool one_order() const override { return true; }

 private:
  io::LiveClock clock_;
  std::shared_ptr<SharedMedium> medium_ = std::make_shared<SharedMedium>();
  std::unique_ptr<io::LiveTimers> timers_;
  uint64_t engines_ = 0;
};

/// A prefix of its own in the one etcd cluster of the test program.
class EtcdHome : public EngineHome {
 public:
  /// etcd ends with the thread that has started it, so that is the test's own.
  EtcdHome() {
    if (EtcdCluster::installed()) cluster();
  }
  std::unique_ptr<Engine> engine(ShardIdentity identity) override {
    const std::string prefix = "/home-" + std::to_string(number_) + "/" + identity.shard + "/";
    return make_etcd_engine(cluster().options(prefix, std::move(identity)));
  }
  bool shared() const override { return true; }

 private:
  static EtcdCluster& cluster() {
    static EtcdCluster cluster(1);
    return cluster;
  }
  static inline int homes_ = 0;
  const int number_ = ++homes_;
};

/// What the suites of engines are run on.
inline std::vector<std::string> exclusive_engines() { return {"memory", "rocksdb"}; }
inline std::vector<std::string> shared_engines() { return {"memory_shared", "memory_shared_late", "etcd"}; }
inline std::vector<std::string> all_engines() {
  auto all = exclusive_engines();
  for (auto& shared : shared_engines()) all.push_back(std::move(shared));
  return all;
}

inline std::unique_ptr<EngineHome> make_engine_home(const std::string& kind) {
  if (kind == "memory") return std::make_unique<MemoryHome>();
  if (kind == "rocksdb") return std::make_unique<RocksdbHome>();
  if (kind == "etcd") return std::make_unique<EtcdHome>();
  return std::make_unique<SharedMemoryHome>(kind == "memory_shared_late");
}

}  // namespace kabuki::store::test

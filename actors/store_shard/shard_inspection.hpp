#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "messages/bus/store.pb.h"
#include "runtime/io/time.hpp"
#include "runtime/message.hpp"
#include "runtime/metrics.hpp"
#include "store/shard_state.hpp"
#include "store/shards.hpp"

namespace kabuki::store {

/// Looks into a shard for backups and people: InspectShard, ReadShard and ReadHistory. Counts what the shard holds as
/// it changes, and holds the revisions that somebody is reading at.
class ShardInspection {
 public:
  ShardInspection(std::string shard, ShardMap mapping);

  /// Begins to keep the gauges of this shard: bytes, revision, window.
  void measure(runtime::Metrics& metrics);
  /// Each object that a start finds, then each change once the state has applied it.
  void loaded(const Object& object);
  void changed(const std::vector<Change>& changes, const ShardState& state, io::MonoTime now);

  /// Everything but watches and waiting writes, which the state does not know.
  bus::ShardInfo info(const ShardState& state) const;
  /// A page, at most limits::kScanPerStep objects of it. Errors: Expired, ResourceVersionTooLarge by the revision.
  Result<runtime::MessagePtr> read(const bus::ReadShard& request, ShardState& state, io::MonoTime now);
  runtime::MessagePtr history(const bus::ReadHistory& request, const ShardState& state) const;

  /// How many revisions are held.
  size_t held() const { return held_.size(); }

 private:
  struct Count {
    uint64_t objects = 0;
    uint64_t bytes = 0;
  };
  struct Held {
    SnapshotPtr at;
    io::MonoTime until;
  };

  void count(const Object& object, int64_t sign);
  void hold(const SnapshotPtr& at, io::MonoTime now);
  void let_go(uint64_t revision);
  void show(const ShardState& state);

  const std::string shard_;
  const ShardMap mapping_;
  std::map<KindId, Count> counts_;
  int64_t bytes_ = 0;
  std::deque<Held> held_;  // the one that ends first first

  runtime::Gauge* bytes_gauge_ = nullptr;
  runtime::Gauge* revision_gauge_ = nullptr;
  runtime::Gauge* window_gauge_ = nullptr;
  runtime::Gauge* window_bytes_gauge_ = nullptr;
};

}  // namespace kabuki::store

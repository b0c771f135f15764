#pragma once

#include <cstdint>
#include <functional>

#include "messages/result.hpp"
#include "store/engines/etcd.hpp"
#include "store/engines/etcd_api/kv.pb.h"
#include "store/engines/etcd_replica.hpp"

namespace kabuki::store::etcd {

struct Loaded {
  Replica replica;
  /// The visible revision that the shard is at.
  uint64_t revision = 0;
  /// Of etcd itself.
  uint64_t cluster = 0;
  /// The index of the url that answered last.
  size_t url = 0;
};

/// Reads the shard at one revision and makes it where the prefix is empty. Blocks. Tries the members one after the
/// other. Error: Unavailable when none answered for the options' `load_timeout`; else why the data or the client is
/// refused.
Result<Loaded> load(const EtcdOptions& options, const std::function<void(ObjectPtr)>& sink);

/// The shard's visible revision, by its head.
uint64_t revision_at_head(const mvccpb::KeyValue& head, uint64_t base);

}  // namespace kabuki::store::etcd

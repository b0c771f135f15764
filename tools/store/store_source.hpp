#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "messages/bus/store.pb.h"
#include "messages/object.hpp"
#include "messages/result.hpp"
#include "store/shards.hpp"
#include "tools/cluster_files.hpp"
#include "tools/engines.hpp"

namespace kabuki::tools {

/// A cluster's store as `kabuki store` looks at it: of the running cluster, or of its directory while nothing runs
/// from there.
class StoreSource {
 public:
  virtual ~StoreSource() = default;
  virtual bool running() const = 0;
  /// Which shard keeps what, as the data have it.
  virtual const store::ShardMap& shards() const = 0;
  virtual Result<bus::ShardInfo> info(const std::string& shard) = 0;
  /// Every object of a shard in key order, at one revision, which is returned.
  virtual Result<uint64_t> read(const std::string& shard, const std::function<void(const ObjectPtr&)>& sink) = 0;
  /// Null where there is none.
  virtual Result<ObjectPtr> get(const std::string& shard, const Key& key) = 0;
  /// What a running shard lists of a selection at this revision. Error: BadRequest where nothing runs.
  virtual Result<std::vector<ObjectPtr>> list(const std::string& shard, const bus::Selection& selection,
                                              uint64_t revision) = 0;
  struct History {
    bus::ReadHistoryReply changes;
    std::vector<ObjectPtr> objects;
  };
  virtual Result<History> history(const std::string& shard, const bus::ReadHistory& request) = 0;
};

/// The store in etcd that `choice` names, whoever else uses it. Error: as of `engines`; NotFound where no cluster of
/// that name is there.
Result<std::unique_ptr<StoreSource>> open_etcd_store(EngineChoice choice);

/// The cluster `name`, or that of the directory `data` when given: its running host where there is one, else its
/// directory. `offline` insists on the latter. Error: names the process that holds the directory.
Result<std::unique_ptr<StoreSource>> open_store(const std::string& name, const std::string& data, bool offline);

/// Which shard keeps what in a running cluster, by what its host says. Error: as of `ShardMap::parse`.
Result<store::ShardMap> mapping_of(const HostState& host);

}  // namespace kabuki::tools

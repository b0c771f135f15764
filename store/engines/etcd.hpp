#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "messages/result.hpp"
#include "runtime/io/clock.hpp"
#include "runtime/io/time.hpp"
#include "store/engine.hpp"
#include "store/shards.hpp"

namespace kabuki::store {

struct EtcdOptions {
  /// The members of one etcd cluster: `http://ADDRESS:PORT` or `https://ADDRESS:PORT`. The first that answers is used
  /// until it does not.
  std::vector<std::string> urls;
  /// What all keys begin with, as `/kabuki/pods/`. Every process that keeps this shard has the same.
  std::string prefix;
  ShardIdentity identity;

  /// Of https: who signed the members' certificates (PEM; "" takes the system's), and this client's certificate and
  /// key (PEM) where the members ask for them.
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
  /// "" connects without a password.
  std::string user;
  std::string password;

  /// Where the prefix is new in this etcd: all revisions lie above this one. What a restore passes, so that time
  /// never goes back. Ignored where the prefix has data.
  uint64_t first_revision = 0;
  /// The shard has been kept here before: where nothing is there it is lost, which must not look like an empty one.
  bool must_exist = false;

  /// How long a submission or a barrier waits for a quorum.
  io::Duration commit_timeout = std::chrono::seconds(5);
  /// How long one request may take before another member is tried; of a page of a load, ten times that.
  io::Duration attempt_timeout = std::chrono::seconds(2);
  /// How long a load tries to reach a quorum.
  io::Duration load_timeout = std::chrono::seconds(10);
  /// How often the connection and the watch are proved to be alive.
  io::Duration probe_interval = std::chrono::seconds(1);
  /// etcd forgets versions that are older than one to two of these; 0 leaves that to others. Must be the same on
  /// all engines of an etcd cluster, and is the longest that one can be cut off without loading anew.
  io::Duration compact_interval = std::chrono::minutes(5);
  /// Both must outlive the engine. Not simulated ones: an etcd cluster lives in real time.
  io::Clock* clock = nullptr;
  io::Timers* timers = nullptr;
};

/// Error: BadRequest where there is none or one is not `http(s)://ADDRESS:PORT`.
Result<> check_etcd_urls(const std::vector<std::string>& urls);

/// An engine over an etcd cluster, which orders the writes of all engines with the same prefix. Revisions are etcd's
/// own (plus what a restore added): they grow by more than one, and changes that were committed together share one.
/// Answers come in the order of the submissions. Callbacks come from a thread of the engine; `stop` must not be
/// called from one. A lost connection or quorum does not end the engine: submissions wait for `commit_timeout`, and
/// are unknown then. It fails when etcd has forgotten what the feed would go on from, or holds other data than
/// before. Destroying it without `stop` stops it.
std::unique_ptr<Engine> make_etcd_engine(EtcdOptions options);

/// Puts `value` under `key`, outside every prefix, where nothing is there yet; what is there then. Of `options`
/// neither prefix nor identity counts. Blocks. Error: Unavailable when no member answered for `load_timeout`.
Result<std::string> put_once(const EtcdOptions& options, const std::string& key, const std::string& value);

/// The mapping (ShardMap::text()) under which the cluster of `/CLUSTER/SHARD/` is kept: that of its first shard; ""
/// where it has none. Of `options` neither prefix nor identity counts. Blocks. Error: as of `put_once`.
Result<std::string> stored_mapping(const EtcdOptions& options, const std::string& cluster);

/// Makes room in an etcd that takes no writes any more because it is over its quota: forgets the history up to now,
/// has every member of `options.urls` give its free space back, and clears the alarm. Blocks, some seconds for each
/// gigabyte. In words, what was done. Error: names the member that could not.
Result<std::string> make_room(const EtcdOptions& options);

}  // namespace kabuki::store

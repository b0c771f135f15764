#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "messages/result.hpp"
#include "runtime/io/clock.hpp"
#include "store/engine.hpp"
#include "store/shards.hpp"

namespace CLI {
class App;
}

namespace kabuki::tools {

/// Opens the engine of a shard, by the shard's name.
using ShardEngines = std::function<std::unique_ptr<store::Engine>(const std::string& shard)>;

/// Where shards are kept.
struct EngineChoice {
  /// rocksdb (below `directory`, one database per shard), memory (gone with the process, but not with a shard's
  /// actor) or etcd (for several control-plane hosts; each has the same choice).
  std::string kind = "rocksdb";
  std::string directory;
  /// Every shard has been there before: one that is not is lost. One that was open in this process must be there
  /// anyway.
  bool must_exist = false;
  /// Of rocksdb: nodes' heartbeats (leases in kube-node-lease) are acknowledged before they are durable.
  bool lazy_leases = false;

  /// Of etcd. `cluster` sets clusters in one etcd apart: keys begin with /CLUSTER/SHARD/.
  std::string cluster = "kabuki";
  std::vector<std::string> etcd_urls;
  std::string etcd_ca_file;
  std::string etcd_certificate_file;
  std::string etcd_key_file;
  std::string etcd_user;
  std::string etcd_password_file;  // its first line
  /// Of etcd: where a cluster that is new there begins, when it is restored.
  uint64_t first_revision = 0;
  /// Of etcd; must outlive the engines.
  io::Clock* clock = nullptr;
  io::Timers* timers = nullptr;
};

/// Adds --etcd URL,URL and --etcd-ca, --etcd-cert, --etcd-key, --etcd-user and --etcd-password-file to a subcommand.
/// `choice` must outlive `app`. The kind is set to etcd by `engines` where there are URLs.
void add_etcd_options(CLI::App* app, EngineChoice* choice);

/// Why lazy_leases go with no other kind.
Error lazy_leases_are_rocksdbs();

/// Error: BadRequest that says what to change, where the choice is incomplete or a file cannot be read.
Result<ShardEngines> engines(EngineChoice choice, const store::ShardMap& shards);

/// Without etcd.
ShardEngines engines(const std::string& kind, const std::string& directory, const store::ShardMap& shards,
                     bool lazy_leases = false, bool must_exist = false);

/// Which of them were opened by this process; from any thread.
class OpenedShards {
 public:
  /// Whether the shard was there before.
  bool add(const std::string& shard);

 private:
  std::mutex mutex_;
  std::set<std::string> names_;
};

}  // namespace kabuki::tools

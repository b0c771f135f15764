#include "tools/engines.hpp"

#include <CLI/App.hpp>
#include <map>

#include "messages/status.hpp"
#include "store/engines/memory.hpp"
#include "store/engines/rocksdb.hpp"
#include "tools/etcd_engines.hpp"

namespace kabuki::tools {

void add_etcd_options(CLI::App* app, EngineChoice* choice) {
  app->add_option("--etcd", choice->etcd_urls, "Keep objects in this etcd cluster: http(s)://ADDRESS:PORT,...")
      ->delimiter(',');
  app->add_option("--etcd-ca", choice->etcd_ca_file, "Who signed the certificates of etcd's members (PEM)");
  app->add_option("--etcd-cert", choice->etcd_certificate_file, "This client's certificate for etcd (PEM)");
  app->add_option("--etcd-key", choice->etcd_key_file, "The key of --etcd-cert (PEM)");
  app->add_option("--etcd-user", choice->etcd_user, "The user to be in etcd");
  app->add_option("--etcd-password-file", choice->etcd_password_file, "A file with the password of --etcd-user");
}

Error lazy_leases_are_rocksdbs() {
  return bad_request("--lazy-leases is for --store rocksdb: etcd makes every change durable, and memory none");
}

bool OpenedShards::add(const std::string& shard) {
  const std::lock_guard lock(mutex_);
  return !names_.insert(shard).second;
}

ShardEngines engines(const std::string& kind, const std::string& directory, const store::ShardMap& shards,
                     bool lazy_leases, bool must_exist) {
  if (kind == "rocksdb") {
    const auto opened = std::make_shared<OpenedShards>();
    return [directory, shards, lazy_leases, must_exist, opened](const std::string& shard) {
      // Leases of other namespaces say who leads, which a crash must not forget.
      const bool lazy = lazy_leases && shard == shards.shard_of(kinds::kLease);
      return store::make_rocksdb_engine({.directory = directory + "/" + shard,
                                         .identity = shards.identity(shard),
                                         .must_exist = opened->add(shard) || must_exist,
                                         .lazy_namespace = lazy ? "kube-node-lease" : ""});
    };
  }
  auto media = std::make_shared<std::map<std::string, std::shared_ptr<store::MemoryMedium>>>();
  for (const std::string& shard : shards.names()) (*media)[shard] = std::make_shared<store::MemoryMedium>();
  return [media, shards](const std::string& shard) {
    return store::make_memory_engine(media->at(shard), {.identity = shards.identity(shard)});
  };
}

Result<ShardEngines> engines(EngineChoice choice, const store::ShardMap& shards) {
  if (choice.lazy_leases && (choice.kind != "rocksdb" || !choice.etcd_urls.empty())) {
    return lazy_leases_are_rocksdbs();
  }
  if (choice.kind == "etcd" || !choice.etcd_urls.empty()) return etcd_engines(choice, shards);
  if (choice.kind != "rocksdb" && choice.kind != "memory") {
    return bad_request("\"" + choice.kind + "\" is no kind of store; take rocksdb, memory or etcd");
  }
  return engines(choice.kind, choice.directory, shards, choice.lazy_leases, choice.must_exist);
}

}  // namespace kabuki::tools

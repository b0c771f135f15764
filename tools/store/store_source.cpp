#include "tools/store/store_source.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "messages/bus/objects.pb.h"
#include "messages/status.hpp"
#include "tools/control_client.hpp"
#include "tools/etcd_engines.hpp"
#include "tools/store/shard_layout.hpp"

namespace kabuki::tools {
namespace {

constexpr uint64_t kPageBytes = 2u << 20;
constexpr std::chrono::seconds kTimeout{30};

Error other_form() { return internal_error("the store shard gave an answer of another form"); }

void set_key(const Key& key, bus::Key* out) {
  out->set_kind(key.kind);
  out->set_namespace_(key.ns);
  out->set_name(key.name);
}

class RunningStore final : public StoreSource {
 public:
  RunningStore(ControlClient client, store::ShardMap shards)
      : client_(std::move(client)), shards_(std::move(shards)) {}
  bool running() const override { return true; }
  const store::ShardMap& shards() const override { return shards_; }

  Result<bus::ShardInfo> info(const std::string& shard) override {
    auto answer = ask(shard, bus::InspectShard());
    if (!answer) return answer.error();
    const auto* info = (*answer)->as<bus::ShardInfo>();
    return info ? Result<bus::ShardInfo>(*info) : other_form();
  }

  Result<uint64_t> read(const std::string& shard, const std::function<void(const ObjectPtr&)>& sink) override {
    bus::ReadShard request;
    request.set_bytes(kPageBytes);
    for (;;) {
      auto answer = ask(shard, request);
      if (!answer) return answer.error();
      const auto* page = (*answer)->as<bus::ReadShardReply>();
      if (!page) return other_form();
      const auto& objects = (*answer)->objects;
      for (const ObjectPtr& object : objects) sink(object);
      if (!page->more()) return page->revision();
      request.set_revision(page->revision());
      if (!objects.empty()) set_key(objects.back()->key(), request.mutable_start_after());
    }
  }

  Result<ObjectPtr> get(const std::string& shard, const Key& key) override {
    bus::GetObjects request;
    set_key(key, request.add_keys());
    auto answer = ask(shard, std::move(request));
    if (!answer) return answer.error();
    const auto* reply = (*answer)->as<bus::GetObjectsReply>();
    if (!reply || reply->items_size() != 1) return other_form();
    return reply->items(0).found() ? (*answer)->objects.at(reply->items(0).object()) : ObjectPtr();
  }

  Result<std::vector<ObjectPtr>> list(const std::string& shard, const bus::Selection& selection,
                                      uint64_t revision) override {
    bus::ListObjects request;
    *request.mutable_selection() = selection;
    request.set_revision(revision);
    request.set_match(bus::ListObjects::EXACT);
    auto answer = ask(shard, std::move(request));
    if (!answer) return answer.error();
    return (*answer)->objects;
  }

  Result<History> history(const std::string& shard, const bus::ReadHistory& request) override {
    auto answer = ask(shard, request);
    if (!answer) return answer.error();
    const auto* reply = (*answer)->as<bus::ReadHistoryReply>();
    if (!reply) return other_form();
    return History{*reply, (*answer)->objects};
  }

 private:
  template <class T>
  Result<runtime::MessagePtr> ask(const std::string& shard, T request) {
    return client_.ask(runtime::role(std::string(runtime::roles::kShardPrefix) + shard),
                       runtime::make_message(std::move(request)), kTimeout);
  }

  const ControlClient client_;
  const store::ShardMap shards_;
};

class StoredStore final : public StoreSource {
 public:
  /// `lock` is held as long as this lives.
  StoredStore(ShardEngines engines, store::ShardMap shards, std::optional<DirectoryLock> lock)
      : engines_(std::move(engines)), shards_(std::move(shards)), lock_(std::move(lock)) {}
  bool running() const override { return false; }
  const store::ShardMap& shards() const override { return shards_; }

  Result<bus::ShardInfo> info(const std::string& shard) override {
    std::map<KindId, bus::ShardInfo::KindCount> kinds;
    auto revision = read(shard, [&](const ObjectPtr& object) {
      auto& count = kinds[object->kind()];
      count.set_kind(object->kind());
      count.set_objects(count.objects() + 1);
      count.set_bytes(count.bytes() + object->body().size());
    });
    if (!revision) return revision.error();
    bus::ShardInfo info;
    info.set_shard(shard);
    info.set_mapping(shards_.text());
    info.set_revision(*revision);
    info.set_window_from(*revision);
    for (const auto& [kind, count] : kinds) *info.add_kinds() = count;
    return info;
  }

  Result<uint64_t> read(const std::string& shard, const std::function<void(const ObjectPtr&)>& sink) override {
    const auto engine = engines_(shard);
    auto revision = engine->load([&](const ObjectPtr& object) { sink(object); });
    engine->stop();
    return revision;
  }

  Result<ObjectPtr> get(const std::string& shard, const Key& key) override {
    ObjectPtr found;
    auto revision = read(shard, [&](const ObjectPtr& object) {
      if (object->key() == key) found = object;
    });
    if (!revision) return revision.error();
    return found;
  }

  Result<std::vector<ObjectPtr>> list(const std::string&, const bus::Selection&, uint64_t) override {
    return bad_request("only a running shard has indexes");
  }

  Result<History> history(const std::string&, const bus::ReadHistory&) override {
    return bad_request("the changes that a shard remembers are in its memory: start the cluster to see them");
  }

 private:
  const ShardEngines engines_;
  const store::ShardMap shards_;
  const std::optional<DirectoryLock> lock_;
};

}  // namespace

Result<store::ShardMap> mapping_of(const HostState& host) {
  return host.mapping.empty() ? store::ShardMap::standard() : store::ShardMap::parse(host.mapping);
}

Result<std::unique_ptr<StoreSource>> open_store(const std::string& name, const std::string& data, bool offline) {
  const ClusterFiles files{data.empty() ? default_data_dir(name) : data};
  if (!std::filesystem::exists(files.root)) {
    return bad_request("there is no directory " + files.root +
                       ": name the cluster with --name, or its directory with --data");
  }
  if (!offline && DirectoryLock::is_held(files.lock())) {
    auto client = ControlClient::open(name, data);
    if (!client) return client.error();
    auto shards = mapping_of(client->host());
    if (!shards) return shards.error();
    return std::unique_ptr<StoreSource>(std::make_unique<RunningStore>(std::move(*client), std::move(*shards)));
  }
  auto lock = DirectoryLock::take(files.lock());
  if (!lock) {
    Error error = lock.error();
    error.message +=
        ": the cluster runs; leave --offline out, or stop it with `kabuki down --data " + files.root + "`";
    return error;
  }
  auto layout = read_layout(files);
  if (!layout) return layout.error();
  if (!*layout && !std::filesystem::exists(files.store())) {
    return Error{.code = 404,
                 .reason = "NotFound",
                 .message = files.root +
                            " holds no shards: name the directory of the cluster's first host with --data, "
                            "or where its etcd is with --etcd"};
  }
  const store::ShardMap shards = *layout ? (*layout)->mapping : store::ShardMap::standard();
  if (*layout && (*layout)->engine == "etcd") {
    return bad_request(files.root + " is of a cluster that keeps its objects in etcd: name it with --etcd");
  }
  // An engine would make one that is missing, and an empty shard would look sound.
  for (const std::string& shard : shards.names()) {
    const std::string directory = files.store() + "/" + shard;
    if (std::filesystem::exists(directory)) continue;
    return Error{.code = 404,
                 .reason = "NotFound",
                 .message = directory +
                            " is not there: the cluster keeps its objects elsewhere, or has lost this shard; then " +
                            how_to_replace(files, shard)};
  }
  return std::unique_ptr<StoreSource>(std::make_unique<StoredStore>(
      engines("rocksdb", files.store(), shards, false, true), shards, std::move(*lock)));
}

Result<std::unique_ptr<StoreSource>> open_etcd_store(EngineChoice choice) {
  auto shards = mapping_in_etcd(choice);
  if (!shards) return shards.error();
  if (!*shards) {
    return Error{.code = 404,
                 .reason = "NotFound",
                 .message = "there is no cluster \"" + choice.cluster + "\" in this etcd: name it with --name"};
  }
  choice.must_exist = true;
  auto made = engines(choice, **shards);
  if (!made) return made.error();
  return std::unique_ptr<StoreSource>(std::make_unique<StoredStore>(std::move(*made), **shards, std::nullopt));
}

}  // namespace kabuki::tools

#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/store_shard/commit_queue.hpp"
#include "actors/store_shard/list_job.hpp"
#include "actors/store_shard/shard_inspection.hpp"
#include "messages/bus/objects.pb.h"
#include "runtime/actor.hpp"
#include "runtime/bounded_mailbox.hpp"
#include "runtime/metrics.hpp"
#include "store/engine.hpp"
#include "store/limits.hpp"
#include "store/shard_state.hpp"
#include "store/shards.hpp"
#include "store/watch_hub.hpp"

namespace kabuki::store {

/// How much a shard lets wait; more is refused by 429 with Retry-After 1.
struct ShardBounds {
  size_t asks = limits::kWaitingAsks;  // in the mailbox
  size_t ask_bytes = limits::kWaitingBytes;
  size_t mutations = limits::kQueuedMutations;  // before the engine
  size_t mutation_bytes = limits::kQueuedBytes;
  size_t lists = limits::kListJobs;
  size_t streams = limits::kWatchStreams;
};

struct ShardOptions {
  /// One of `mapping`'s names. The actor takes the role `shard/<name>` when it has loaded.
  std::string name;
  ShardMap mapping = ShardMap::standard();
  StateOptions state = {};
  io::Duration bookmark_interval = limits::kBookmarkInterval;
  ShardBounds bounds = {};
};

/// Opens the engine that keeps the shard's data; a new one at every start of the actor.
using EngineFactory = std::function<std::unique_ptr<Engine>()>;

/// Makes shards: GetObjects, ListObjects, Commit, OpenWatch, WatchCredit and CloseWatch of one set of resources. What
/// it answers and tells is durable. It fails, to be started anew from what is durable, when its engine does.
std::function<std::unique_ptr<runtime::Actor>()> store_shard(ShardOptions options, EngineFactory engine);

class StoreShardActor : public runtime::Actor, public runtime::BoundedMailbox {
 public:
  StoreShardActor(ShardOptions options, EngineFactory make_engine);
  ~StoreShardActor() override;

 protected:
  void started() override;
  void received(runtime::Inbound& in) override;
  void stopping() override;
  std::string health() const override;
  runtime::MailboxBounds mailbox_bounds() const override;

 private:
  void get(const bus::GetObjects& request, runtime::Inbound& in);
  void list(const bus::ListObjects& request, runtime::Inbound& in);
  void commit(const bus::Commit& request, runtime::Inbound& in);
  void open_watch(const bus::OpenWatch& request, runtime::Inbound& in);
  void credit(const bus::WatchCredit& request, runtime::Inbound& in);
  void close_watch(const bus::CloseWatch& request, runtime::Inbound& in);
  /// Whether it was one of the inspection's verbs.
  bool inspect(runtime::Inbound& in);

  void fed(std::vector<Change> changes);
  void answered(const std::vector<MutationResult>& results);
  void engine_failed(const Error& error);

  void submit();
  /// Goes on with lists and watches that are under way, a step at a time, and sends what came of it.
  void work();
  void deliver();
  void forget_watcher_unless_used(const std::string& address);
  void bookmark_later();
  /// Null when this shard keeps the kind.
  std::optional<Error> misplaced(uint32_t kind) const;

  const ShardOptions options_;
  const EngineFactory make_engine_;
  ShardState state_;
  WatchHub hub_;
  ShardInspection inspection_;
  CommitQueue commits_;
  std::deque<ListJob> lists_;  // the first few are under way
  std::map<std::string, MonitorId> watchers_;
  bool work_posted_ = false;
  std::unique_ptr<Engine> engine_;

  runtime::Counter* committed_ = nullptr;
  runtime::Counter* conflicts_ = nullptr;
  runtime::Counter* events_ = nullptr;
  runtime::Gauge* objects_ = nullptr;
};

}  // namespace kabuki::store

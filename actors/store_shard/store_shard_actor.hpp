#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "actors/store_shard/commit_answers.hpp"
#include "actors/store_shard/commit_queue.hpp"
#include "actors/store_shard/fresh_reads.hpp"
#include "actors/store_shard/list_job.hpp"
#include "actors/store_shard/shard_inspection.hpp"
#include "actors/store_shard/shard_metrics.hpp"
#include "actors/store_shard/store_reach.hpp"
#include "messages/bus/objects.pb.h"
#include "runtime/actor.hpp"
#include "runtime/bounded_mailbox.hpp"
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
  size_t reads = limits::kWaitingReads;  // until the shard has seen enough
};

struct ShardOptions {
  /// One of `mapping`'s names. The actor takes the role `shard/<name>` when it has loaded.
  std::string name;
  ShardMap mapping = ShardMap::standard();
  StateOptions state = {};
  io::Duration bookmark_interval = limits::kBookmarkInterval;
  /// How long a read waits until the shard has seen all that was acknowledged before it.
  io::Duration read_timeout = limits::kReadTimeout;
  /// ... and until it has seen the revision that is asked for.
  io::Duration revision_timeout = limits::kRevisionTimeout;
  ShardBounds bounds = {};
  /// Commits are taken from actors of its own host alone: the API servers, which decide who may write what.
  bool local_writers = false;
  /// A shard that cannot be opened when its process starts fails, so that who started that learns why. One that could
  /// be, or may_be_closed, stays closed instead: it refuses what it is asked by 503 and tries again, and the other
  /// shards go on serving.
  bool may_be_closed = false;
  /// What somebody is to do about a shard that cannot be opened and will not pass by itself; "" for nothing.
  std::string when_closed = {};
};

/// Opens the engine that keeps the shard's data; a new one at every start of the actor.
using EngineFactory = std::function<std::unique_ptr<Engine>()>;

/// Makes shards: GetObjects, ListObjects, Commit, OpenWatch, WatchCredit and CloseWatch of one set of resources. What
/// it answers and tells is durable. It fails, to be started anew from what is durable, when its engine does. All that
/// one call made know whether the shard was open before.
std::function<std::unique_ptr<runtime::Actor>()> store_shard(ShardOptions options, EngineFactory engine);

class StoreShardActor : public runtime::Actor, public runtime::BoundedMailbox {
 public:
  /// `was_open`: whether the shard has been open in this process, which the actor says when it is.
  StoreShardActor(ShardOptions options, EngineFactory make_engine, std::shared_ptr<std::atomic<bool>> was_open);
  ~StoreShardActor() override;

 protected:
  void started() override;
  void received(runtime::Inbound& in) override;
  void stopping() override;
  std::string health() const override;
  runtime::MailboxBounds mailbox_bounds() const override;

 private:
  void cannot_open(Error why);
  void try_again_later();
  void say_whether_open(bool open);
  /// Serves what is asked of the state: now, or when it has seen enough.
  void read(runtime::Inbound& in);
  void serve(runtime::Inbound& in);
  void serve_reads();
  void watch_reads(io::MonoTime deadline);
  /// The answer, where the engine knew it at once.
  std::optional<Result<uint64_t>> ask_barrier();
  void barrier_answered(const Result<uint64_t>& revision);
  void ask_again_later();
  /// Where others write too: asks now and then, so that it notices when it is cut off though nobody reads.
  void probe_store_later();
  /// Stops serving, or begins again, by whether the store is reached.
  void follow_reach();
  Error cut_off() const;

  void get(const bus::GetObjects& request, runtime::Inbound& in);
  void list(const bus::ListObjects& request, runtime::Inbound& in);
  void commit(const bus::Commit& request, runtime::Inbound& in);
  void open_watch(const bus::OpenWatch& request, runtime::Inbound& in);
  void credit(const bus::WatchCredit& request, runtime::Inbound& in);
  void close_watch(const bus::CloseWatch& request, runtime::Inbound& in);
  /// Whether it was one of the inspection's verbs.
  bool inspect(runtime::Inbound& in);

  void fed(uint64_t revision, std::vector<Change> changes);
  void alarm_if_refused(const std::vector<MutationResult>& results);
  void end_alarm_later();
  void look_for_stall_later();
  /// Answers commits whose turn has come.
  void answer_commits();
  void engine_failed(const Error& error);

  void submit();
  /// Goes on with lists and watches that are under way, a step at a time, and sends what came of it.
  void work();
  void deliver();
  void forget_watcher_unless_used(const std::string& address);
  void bookmark_later();
  void age_later();
  /// Null when this shard keeps the kind.
  std::optional<Error> misplaced(uint32_t kind) const;

  const ShardOptions options_;
  const EngineFactory make_engine_;
  const std::shared_ptr<std::atomic<bool>> was_open_;
  std::optional<Error> closed_;  // why nothing is served
  ShardState state_;
  WatchHub hub_;
  ShardInspection inspection_;
  CommitQueue commits_;
  std::deque<ListJob> lists_;  // the first few are under way
  std::map<std::string, MonitorId> watchers_;
  bool work_posted_ = false;
  uint64_t submitted_ = 0;
  CommitAnswers answers_;
  std::optional<TimerId> answers_late_;
  FreshReads reads_;
  std::optional<io::MonoTime> next_late_;
  io::MonoTime barrier_asked_;
  bool asking_again_ = false;
  StoreReach reach_;
  bool is_cut_off_ = false;
  /// Which thread is asking for a barrier at this moment; an answer on it comes from inside the call.
  std::atomic<std::thread::id> asking_;
  std::optional<Result<uint64_t>> at_once_;
  std::optional<ShardMetrics> metrics_;
  std::map<uint64_t, io::MonoTime> with_engine_;  // submissions by number: since when
  bool looking_for_stall_ = false;
  bool stalled_ = false;
  bool full_ = false;  // changes were refused just now because there is no room
  io::MonoTime refused_at_;
  std::optional<io::MonoTime> said_full_at_;
  runtime::Mailbox box_;  // for the engine's threads
  std::unique_ptr<Engine> engine_;
};

}  // namespace kabuki::store

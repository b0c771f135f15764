#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/result.hpp"
#include "store/shard_state.hpp"
#include "store/watch_index.hpp"

namespace kabuki::store {

/// A stream is named by who reads it and a number of the reader's own.
struct WatcherId {
  std::string address;
  uint64_t stream = 0;
  auto operator<=>(const WatcherId&) const = default;
};

struct WatchRequest {
  Selection selection;
  /// Events after this revision. With initial events: these are no older than it.
  uint64_t from_revision = 0;
  /// First all current objects as added, then a bookmark with initial_end.
  bool initial_events = false;
  bool bookmarks = false;
  /// Batches that may be sent before more credit comes.
  uint64_t credit = 0;
  /// Where the numbers of its batches begin (messages/watch_sequence.hpp); drawn for each opening.
  uint64_t place = 0;
};

/// What is to be sent: a batch of events, or the end of the stream. Watchers that select alike share the events.
struct Delivery {
  WatcherId to;
  uint64_t sequence = 0;
  std::shared_ptr<const std::vector<Event>> events;
  std::optional<Error> ended;
};

/// One stream. Live ones get events as they happen; the others read on from a snapshot or from history.
struct Watcher {
  enum class Phase { initial, behind, live };
  WatcherId id;
  WatchGroup* group = nullptr;
  Phase phase = Phase::behind;
  bool bookmarks = false;
  bool queued = false;
  uint64_t credit = 0;
  uint64_t place = 0;
  uint64_t sequence = 0;
  uint64_t told = 0;                   // the highest revision it knows to be complete
  uint64_t position = 0;               // behind: what comes next are the changes after this
  SnapshotPtr snapshot;                // initial: what is being listed
  std::optional<Key> listed;           // initial: up to here
  std::optional<uint64_t> probe_seen;  // what the last probe had seen ...
  uint64_t probe_sequence = 0;         // ... and what had been sent then
};

/// Who watches what, and what each is to be told. A watcher pays only for its own events; one without credit is
/// parked, holds nothing and reads on from history later, or is ended (410) when that was forgotten; one that misses
/// nothing is never ended. Pure; not thread-safe. Deliveries of a stream are in order; `state` outlives the hub.
class WatchHub {
 public:
  explicit WatchHub(ShardState* state) : state_(*state), index_(&state->indexes()) {}

  /// Starts a stream, in place of one with the same id; returns the shard's revision. Error: Expired when
  /// `from_revision` is before the history, ResourceVersionTooLarge when it is after now.
  Result<uint64_t> open(const WatcherId& id, const WatchRequest& request);
  /// Error: Expired when the stream is not there (any more), or when two probes (0 batches) in a row say that a batch
  /// sent before the first one never arrived, or when what was seen is another opening's; the stream is over then.
  Result<> credit(const WatcherId& id, uint64_t batches, uint64_t seen);
  void close(const WatcherId& id);
  /// Closes every stream of this address.
  void drop(const std::string& address);
  /// Ends every stream; each may go on elsewhere from where it is.
  void end_all(const Error& why);

  /// To be called with what ShardState::apply was just called with.
  void apply(const std::vector<Change>& changes);
  /// Tells live watchers that asked for bookmarks where the shard is, if they do not know.
  void bookmark();
  /// Moves those that are not live on, looking at about `scan_max` objects or changes; true when there is more to do.
  bool work(size_t scan_max = limits::kScanPerStep);
  /// What is to be sent since the last call, in order.
  std::vector<Delivery> take();

  size_t size() const { return watchers_.size(); }
  /// Whether this address has a stream.
  bool watches(const std::string& address) const;
  /// How many wait for credit with something to be told.
  size_t parked() const;
  /// How often a change was compared with what a group of streams selects, so far.
  uint64_t judged() const { return index_.judged(); }

 private:
  void send(Watcher& watcher, std::shared_ptr<const std::vector<Event>> events);
  void finish(Watcher& watcher, Error why);
  void erase(Watcher& watcher);
  void queue(Watcher& watcher);
  void flush(WatchGroup& group);
  size_t list(Watcher& watcher, size_t scan_max);
  size_t catch_up(Watcher& watcher, size_t scan_max);
  void end_outdated();
  Error too_old(uint64_t revision) const;
  /// Whether who knows everything up to this revision knows everything.
  bool misses_nothing(uint64_t revision) const;

  ShardState& state_;
  WatchIndex index_;
  std::map<WatcherId, std::unique_ptr<Watcher>> watchers_;
  std::deque<WatcherId> work_;
  std::set<WatcherId> initial_;  // those that hold a snapshot
  std::vector<Delivery> deliveries_;
};

}  // namespace kabuki::store

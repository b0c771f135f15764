#pragma once

#include <absl/container/btree_map.h>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/history.hpp"
#include "store/limits.hpp"
#include "store/object_table.hpp"
#include "store/selection.hpp"

namespace kabuki::store {

/// The shard as it was at one revision: what has changed since, as it was then. Kept up to date by the state it came
/// from for as long as somebody holds it, so reading at it never fails.
class Snapshot {
 public:
  explicit Snapshot(uint64_t revision) : revision_(revision) {}
  uint64_t revision() const { return revision_; }

 private:
  friend class ShardState;
  const uint64_t revision_;
  /// By key: the version at revision_, null where there was none. The map's key is any version of the object.
  absl::btree_map<ObjectPtr, ObjectPtr, ByKey> older_;
  /// By namespace asked for and last key of a page: how many objects come after it.
  std::map<std::pair<std::string, Key>, uint64_t> remaining_;
};
using SnapshotPtr = std::shared_ptr<Snapshot>;

/// A part of a list.
struct Page {
  std::vector<ObjectPtr> objects;
  /// Where the next part starts; none when this was the last.
  std::optional<Key> next;
  /// How many objects were looked at.
  size_t scanned = 0;
};

struct StateOptions {
  size_t history_changes = limits::kHistoryChanges;
  size_t history_bytes = limits::kHistoryBytes;
  /// Changes older than this are forgotten; 0: never because of their age.
  io::Duration history_age = limits::kHistoryAge;
  std::vector<Index> indexes = standard_indexes();
  size_t snapshot_versions = limits::kSnapshotVersions;
};

/// What a shard holds in memory: current objects and a window of history. Moved by confirmed changes alone. Pure:
/// no actor, no clock; not thread-safe.
class ShardState {
 public:
  explicit ShardState(StateOptions options = {});

  /// First what the engine found, then the revision it is at.
  void load(const ObjectPtr& object) { table_.put(object); }
  void loaded(uint64_t revision);
  /// Applies confirmed changes, in the engine's order. Fills in `previous` of each.
  void apply(std::vector<Change>* changes);
  /// There is nothing else to apply up to this revision.
  void advance(uint64_t revision);
  /// Forgets changes that were there when this was called `history_age` before `now` or earlier. So the calls'
  /// distance is how exact the age is. Returns how many it forgot.
  size_t age(io::MonoTime now);

  uint64_t revision() const { return revision_; }
  const History& history() const { return history_; }
  size_t size() const { return table_.size(); }
  const std::vector<Index>& indexes() const { return table_.indexes(); }
  const StateOptions& options() const { return options_; }

  /// Null where there is none.
  ObjectPtr get(const KeyView& key) const { return table_.find(key); }

  /// The shard as it is now.
  SnapshotPtr snapshot();
  /// The shard at `revision`. Error: Expired when that is before the history, ResourceVersionTooLarge when after now.
  Result<SnapshotPtr> snapshot_at(uint64_t revision);
  /// Holds a snapshot for a reader who comes back for the next page; the one longest unused makes room.
  void keep(const SnapshotPtr& snapshot);

  /// Up to `limit` (0: any number of) matching objects after `start_after`, looking at about `scan_max` objects at
  /// most; `next` may be set though nothing more matches.
  Page page(const Snapshot& at, const Selection& selection, const std::optional<Key>& start_after, size_t limit,
            size_t scan_max = SIZE_MAX) const;
  /// How many objects come after a page of `returned` objects that started after `start_after` and ended with
  /// `last`; none where that is not known. Only for plain selections, in the order of the pages.
  std::optional<uint64_t> remaining(Snapshot* at, const Selection& selection, const std::optional<Key>& start_after,
                                    const Key& last, size_t returned) const;

 private:
  const StateOptions options_;
  ObjectTable table_;
  History history_;
  uint64_t revision_ = 0;
  std::deque<std::pair<io::MonoTime, uint64_t>> ages_;  // where the shard was when
  std::vector<std::weak_ptr<Snapshot>> live_;
  std::deque<SnapshotPtr> kept_;  // least recently used first
};

}  // namespace kabuki::store

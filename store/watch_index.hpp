#pragma once

#include <absl/container/flat_hash_map.h>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/engine.hpp"
#include "store/object_table.hpp"
#include "store/selection.hpp"

namespace kabuki::store {

/// What a watcher is told. A bookmark has no object.
struct Event {
  enum class Type { added, modified, deleted, bookmark };
  Type type = Type::added;
  uint64_t revision = 0;
  ObjectPtr object;
  bool initial_end = false;
  bool operator==(const Event&) const = default;
};

/// What `change` means to who selects by `selection`: an object that comes into the selection is added, one that
/// leaves it is deleted, in its last version that matched but at the revision of the change. None where neither
/// version matches.
std::optional<Event> event_for(const Change& change, const Selection& selection);

struct Watcher;

/// Watchers that select alike.
struct WatchGroup {
  Selection selection;
  std::vector<Watcher*> live;  // those that get events as they happen, in the order in which they caught up
  size_t members = 0;
  std::vector<Event> pending;  // of the changes being applied
  uint64_t seen = 0;           // number of the last change that was judged for this group
};

/// Finds the groups that a change may concern: by name, else by an index, else by namespace, else by kind. So
/// a watcher of one node's pods costs other pods nothing.
class WatchIndex {
 public:
  explicit WatchIndex(const std::vector<Index>* indexes) : indexes_(indexes) {}

  /// The group of this selection, made when it is not there.
  WatchGroup* group(const Selection& selection);
  /// Forgets a group without members.
  void remove(WatchGroup* group);
  /// Calls with each group that may be concerned, once, in an order that depends only on the calls before.
  void visit(const Change& change, const std::function<void(WatchGroup&)>& call);
  size_t groups() const { return groups_.size(); }
  /// How many groups were called with so far: the work that changes have made.
  uint64_t judged() const { return judged_; }

 private:
  std::vector<std::string> slots(const Selection& selection) const;
  void visit_slot(const std::string& slot, const std::function<void(WatchGroup&)>& call);

  const std::vector<Index>* const indexes_;
  std::map<std::string, std::unique_ptr<WatchGroup>> groups_;           // by Selection::text()
  absl::flat_hash_map<std::string, std::vector<WatchGroup*>> by_slot_;  // only looked up in
  uint64_t changes_ = 0;
  uint64_t judged_ = 0;
};

}  // namespace kabuki::store

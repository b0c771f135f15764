#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/bus/objects.pb.h"
#include "messages/object.hpp"
#include "runtime/object_set.hpp"
#include "runtime/selection.hpp"

namespace kabuki::runtime {

/// What one event did to one object of a view. Null `before`: it came in; null `after`: it went away.
struct Change {
  ObjectPtr before;
  ObjectPtr after;
  uint64_t revision = 0;
  bool operator==(const Change&) const = default;
};

/// The objects of a view, with an index by one selectable field and a window of past changes. Pure state: a list is
/// collected beside the objects and applied as a difference when it is complete, so what is here is always one
/// state that the store has been in.
class ViewState {
 public:
  /// `index_field` may be empty; else it is selectable in `kind`, a string.
  ViewState(KindId kind, const std::string& index_field);

  /// Applies an event: the changes in the order of their revisions; none while a list comes in.
  std::vector<Change> apply(bus::WatchEvents::Type type, const ObjectPtr& object, uint64_t revision);
  void begin_list();
  /// The list is complete at `revision`: what differs from before. Objects that are gone went away at `revision`; one
  /// that is there with another uid went away and came back.
  std::vector<Change> end_list(uint64_t revision);
  void bookmark(uint64_t revision);

  /// Whether a list has been completed ever.
  bool complete() const { return complete_; }
  uint64_t revision() const { return revision_; }
  const ObjectSet& objects() const { return objects_; }
  /// The objects whose indexed field is `value`.
  const ObjectSet& objects_with(const std::string& value) const;
  /// The indexed field of `object`, "" without an index.
  std::string indexed(const Object& object) const;
  bool has_index() const { return !numbers_.empty(); }
  const std::string& index_field() const { return index_field_; }

  /// Changes after `revision`, oldest first; none when the window does not reach back that far.
  std::optional<std::vector<Change>> changes_after(uint64_t revision) const;

 private:
  Change put(const ObjectPtr& object, uint64_t revision);
  std::optional<Change> remove(ByName::Name name, uint64_t revision);
  void remember(const Change& change);
  void index_out(const ObjectPtr& object);
  void index_in(const ObjectPtr& object);

  const std::string index_field_;
  std::vector<int> numbers_;
  ObjectSet objects_;
  std::map<std::string, ObjectSet> by_value_;
  std::optional<ObjectSet> incoming_;
  bool complete_ = false;
  uint64_t revision_ = 0;
  std::deque<Change> window_;
  uint64_t window_start_ = 0;  // changes after this revision are in the window
};

}  // namespace kabuki::runtime

#pragma once

#include <absl/container/flat_hash_map.h>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/indexes.hpp"
#include "store/key_order.hpp"
#include "store/selection.hpp"

namespace kabuki::store {

/// Walks through objects in list order, across several ordered sets at once, each object once.
class ObjectCursor {
 public:
  using Iterator = ObjectSet::const_iterator;
  /// The set's objects in [from, to).
  void add(Iterator from, Iterator to);

  /// Null at the end.
  const ObjectPtr* peek() const { return sources_.empty() ? nullptr : &*sources_.front().first; }
  void next();

 private:
  std::vector<std::pair<Iterator, Iterator>> sources_;  // a heap when there is more than one
};

/// The current version of every object, in list order, found by key, kind, namespace and by indexes. An object
/// costs a pointer, and one more for each value of an index, beside its own bytes.
class ObjectTable {
 public:
  explicit ObjectTable(std::vector<Index> indexes) : indexes_(std::move(indexes)) {}

  /// Null where there is none.
  ObjectPtr find(const KeyView& key) const;
  /// Returns the version that was there.
  ObjectPtr put(const ObjectPtr& object);
  ObjectPtr erase(const KeyView& key);

  size_t size() const { return objects_.size(); }
  /// Objects of a kind in a namespace; in all of them when `ns` is empty.
  uint64_t count(KindId kind, const std::string& ns) const;
  /// A superset, as small as the indexes allow, of the objects that match and come after `start_after`. Valid until
  /// the next change.
  ObjectCursor candidates(const Selection& selection, const std::optional<Key>& start_after) const;

  const std::vector<Index>& indexes() const { return indexes_; }

 private:
  void add_counts(const Object& object, int64_t change);
  std::string index_key(size_t index, std::string_view value) const;

  const std::vector<Index> indexes_;
  ObjectSet objects_;
  absl::flat_hash_map<std::string, ObjectSet> by_index_;  // only looked up in
  std::map<std::pair<KindId, std::string>, uint64_t> counts_;
};

/// First key of a selection's range after `start_after`, and the first behind the range. `storage` holds the bytes.
struct KeyRange {
  KeyView from;
  KeyView to;
  std::string storage;
};
KeyRange range_of(const Selection& selection, const std::optional<Key>& start_after);

}  // namespace kabuki::store

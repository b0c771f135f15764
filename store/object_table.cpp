#include "store/object_table.hpp"

#include <algorithm>

namespace kabuki::store {

namespace {

// A heap whose front is the least key.
constexpr auto kLater = [](const auto& a, const auto& b) { return KeyView(*b.first) < KeyView(*a.first); };

}  // namespace

void ObjectCursor::add(Iterator from, Iterator to) {
  if (from == to) return;
  sources_.emplace_back(from, to);
  std::push_heap(sources_.begin(), sources_.end(), kLater);
}

void ObjectCursor::next() {
  if (sources_.size() == 1) {
    if (++sources_.front().first == sources_.front().second) sources_.clear();
    return;
  }
  // What is found by several values stands in several sets.
  const Object* const object = sources_.front().first->get();
  while (!sources_.empty() && sources_.front().first->get() == object) {
    std::pop_heap(sources_.begin(), sources_.end(), kLater);
    auto& least = sources_.back();
    if (++least.first == least.second) {
      sources_.pop_back();
    } else {
      std::push_heap(sources_.begin(), sources_.end(), kLater);
    }
  }
}

KeyRange range_of(const Selection& selection, const std::optional<Key>& start_after) {
  KeyRange range;
  const bool one = !selection.ns.empty() && !selection.name.empty();
  range.from = KeyView(selection.kind, selection.ns, one ? std::string_view(selection.name) : std::string_view());
  // The least string after s is s with a NUL behind it.
  if (one) {
    range.storage = selection.name + '\0';
    range.to = KeyView(selection.kind, selection.ns, range.storage);
  } else if (!selection.ns.empty()) {
    range.storage = selection.ns + '\0';
    range.to = KeyView(selection.kind, range.storage, {});
  } else {
    range.to = KeyView(static_cast<KindId>(selection.kind + 1), {}, {});
  }
  if (start_after && range.from <= KeyView(*start_after)) range.from = KeyView(*start_after);
  return range;
}

ObjectPtr ObjectTable::find(const KeyView& key) const {
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : *it;
}

ObjectPtr ObjectTable::put(const ObjectPtr& object) {
  ObjectPtr previous = erase(object);
  objects_.insert(object);
  for (size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].kind != object->kind()) continue;
    for (const auto value : indexes_[i].values(*object)) by_index_[index_key(i, value)].insert(object);
  }
  add_counts(*object, 1);
  return previous;
}

ObjectPtr ObjectTable::erase(const KeyView& key) {
  const auto it = objects_.find(key);
  if (it == objects_.end()) return nullptr;
  ObjectPtr previous = *it;
  objects_.erase(it);
  for (size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].kind != previous->kind()) continue;
    for (const auto value : indexes_[i].values(*previous)) {
      const auto set = by_index_.find(index_key(i, value));
      // An object may name a value twice.
      if (set == by_index_.end()) continue;
      set->second.erase(KeyView(previous));
      if (set->second.empty()) by_index_.erase(set);
    }
  }
  add_counts(*previous, -1);
  return previous;
}

uint64_t ObjectTable::count(KindId kind, const std::string& ns) const {
  const auto it = counts_.find({kind, ns});
  return it == counts_.end() ? 0 : it->second;
}

void ObjectTable::add_counts(const Object& object, int64_t change) {
  const auto add = [&](std::string ns) {
    const auto it = counts_.try_emplace({object.kind(), std::move(ns)}, 0).first;
    it->second += change;
    if (it->second == 0) counts_.erase(it);
  };
  add({});
  if (!object.ns().empty()) add(std::string(object.ns()));
}

std::string ObjectTable::index_key(size_t index, std::string_view value) const {
  return static_cast<char>(index) + std::string(value);
}

ObjectCursor ObjectTable::candidates(const Selection& selection, const std::optional<Key>& start_after) const {
  const KeyRange range = range_of(selection, start_after);
  ObjectCursor cursor;
  const auto add = [&](const ObjectSet& set) {
    const bool after = start_after && range.from == KeyView(*start_after);
    const auto from = after ? set.upper_bound(range.from) : set.lower_bound(range.from);
    const auto to = set.lower_bound(range.to);
    if (range.from < range.to) cursor.add(from, to);
  };
  // Of several indexes, the one that leads to the fewest.
  std::vector<const ObjectSet*> least;
  size_t least_objects = SIZE_MAX;
  for (size_t i = 0; i < indexes_.size(); ++i) {
    const auto* values = indexes_[i].wanted(selection);
    if (!values) continue;
    std::vector<const ObjectSet*> sets;
    size_t objects = 0;
    for (const auto& value : *values) {
      const auto it = by_index_.find(index_key(i, value));
      if (it == by_index_.end()) continue;
      sets.push_back(&it->second);
      objects += it->second.size();
    }
    if (objects >= least_objects) continue;
    least = std::move(sets);
    least_objects = objects;
  }
  if (least_objects == SIZE_MAX) add(objects_);
  for (const auto* set : least) add(*set);
  return cursor;
}

}  // namespace kabuki::store

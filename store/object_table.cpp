#include "store/object_table.hpp"

#include <algorithm>

#include "messages/field_scan.hpp"
#include "messages/kinds.hpp"

namespace kabuki::store {

std::string IndexedField::value(const Object& object) const { return scan_text(object.body(), numbers); }

std::vector<IndexedField> standard_indexes() {
  const Kind& pod = kind_of(kinds::kPod);
  std::vector<IndexedField> out;
  for (const auto& field : pod.selectable) {
    if (field.path == "spec.nodeName") out.push_back({pod.id, field.path, field.numbers});
  }
  assert(!out.empty());
  return out;
}

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
  std::pop_heap(sources_.begin(), sources_.end(), kLater);
  auto& least = sources_.back();
  if (++least.first == least.second) {
    sources_.pop_back();
  } else {
    std::push_heap(sources_.begin(), sources_.end(), kLater);
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

const FieldSelector::Requirement* indexed_requirement(const std::vector<IndexedField>& indexes,
                                                      const Selection& selection, size_t* index) {
  for (*index = 0; *index < indexes.size(); ++*index) {
    if (indexes[*index].kind != selection.kind) continue;
    for (const auto& requirement : selection.fields.requirements()) {
      if (!requirement.negated && requirement.field == indexes[*index].field) return &requirement;
    }
  }
  return nullptr;
}

ObjectPtr ObjectTable::find(const KeyView& key) const {
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : *it;
}

ObjectPtr ObjectTable::put(const ObjectPtr& object) {
  ObjectPtr previous = erase(object);
  objects_.insert(object);
  for (size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].kind == object->kind()) by_field_[index_key(i, indexes_[i].value(*object))].insert(object);
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
    const auto set = by_field_.find(index_key(i, indexes_[i].value(*previous)));
    set->second.erase(KeyView(previous));
    if (set->second.empty()) by_field_.erase(set);
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
  size_t index = 0;
  const auto* requirement = indexed_requirement(indexes_, selection, &index);
  if (!requirement) {
    add(objects_);
    return cursor;
  }
  for (const auto& value : requirement->values) {
    const auto it = by_field_.find(index_key(index, value));
    if (it != by_field_.end()) add(it->second);
  }
  return cursor;
}

}  // namespace kabuki::store

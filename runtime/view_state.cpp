#include "runtime/view_state.hpp"

#include <algorithm>
#include <cassert>

#include "messages/field_scan.hpp"

namespace kabuki::runtime {
namespace {

// Enough to resume after a short loss of contact; older watchers list again.
constexpr size_t kWindow = 4096;

}  // namespace

ViewState::ViewState(KindId kind, const std::string& index_field) : index_field_(index_field) {
  if (index_field.empty()) return;
  for (const auto& field : kind_of(kind).selectable) {
    if (field.path == index_field) numbers_ = field.numbers;
  }
  assert(!numbers_.empty() && "the kind offers no such field");
}

std::string ViewState::indexed(const Object& object) const {
  return has_index() ? std::string(scan_bytes(object.body(), numbers_)) : std::string();
}

const ObjectSet& ViewState::objects_with(const std::string& value) const {
  static const ObjectSet kNone;
  auto it = by_value_.find(value);
  return it == by_value_.end() ? kNone : it->second;
}

void ViewState::index_in(const ObjectPtr& object) {
  if (has_index()) replace_in(&by_value_[indexed(*object)], object);
}

void ViewState::index_out(const ObjectPtr& object) {
  if (!has_index()) return;
  auto it = by_value_.find(indexed(*object));
  if (it == by_value_.end()) return;
  take_from(&it->second, ByName::of(object));
  if (it->second.empty()) by_value_.erase(it);
}

void ViewState::remember(const Change& change) {
  window_.push_back(change);
  if (window_.size() <= kWindow) return;
  // Changes of one revision leave together, so that the window never resumes in the middle of one.
  window_start_ = window_.front().revision;
  while (!window_.empty() && window_.front().revision <= window_start_) window_.pop_front();
}

Change ViewState::put(const ObjectPtr& object, uint64_t revision) {
  Change change{replace_in(&objects_, object), object, revision};
  if (change.before) index_out(change.before);
  index_in(object);
  return change;
}

std::optional<Change> ViewState::remove(ByName::Name name, uint64_t revision) {
  auto before = take_from(&objects_, name);
  if (!before) return std::nullopt;
  index_out(before);
  return Change{std::move(before), nullptr, revision};
}

std::vector<Change> ViewState::apply(bus::WatchEvents::Type type, const ObjectPtr& object, uint64_t revision) {
  if (incoming_) {
    if (type == bus::WatchEvents::DELETED) {
      take_from(&*incoming_, ByName::of(object));
    } else {
      replace_in(&*incoming_, object);
    }
    return {};
  }
  revision_ = std::max(revision_, revision);
  std::vector<Change> changes;
  if (type == bus::WatchEvents::DELETED) {
    if (auto change = remove(ByName::of(object), revision)) changes.push_back(std::move(*change));
  } else {
    changes.push_back(put(object, revision));
  }
  for (const auto& change : changes) remember(change);
  return changes;
}

void ViewState::begin_list() { incoming_.emplace(); }

std::vector<Change> ViewState::end_list(uint64_t revision) {
  if (!incoming_) return {};
  auto incoming = std::move(*incoming_);
  incoming_.reset();
  std::vector<Change> changes;
  std::vector<ObjectPtr> gone;
  for (const auto& object : objects_) {
    auto it = incoming.find(object);
    if (it == incoming.end() || (*it)->uid() != object->uid()) gone.push_back(object);
  }
  std::vector<ObjectPtr> came;
  for (const auto& object : incoming) {
    auto it = objects_.find(object);
    if (it == objects_.end() || (*it)->revision() != object->revision()) came.push_back(object);
  }
  // What went away did so at some revision up to now; where another took its place, before that one came.
  for (const auto& object : gone) {
    auto it = incoming.find(object);
    auto at = it == incoming.end() ? revision : (*it)->revision();
    if (auto change = remove(ByName::of(object), at)) changes.push_back(std::move(*change));
  }
  for (const auto& object : came) changes.push_back(put(object, object->revision()));
  std::ranges::stable_sort(changes, {}, &Change::revision);
  bool went_back = revision < revision_;
  if (!complete_ || went_back) {
    // No history before the first list, and none that is still true after the store was set back.
    window_.clear();
    window_start_ = revision;
  } else {
    for (const auto& change : changes) remember(change);
  }
  revision_ = revision;
  complete_ = true;
  return changes;
}

void ViewState::bookmark(uint64_t revision) {
  if (!incoming_) revision_ = std::max(revision_, revision);
}

std::optional<std::vector<Change>> ViewState::changes_after(uint64_t revision) const {
  if (revision < window_start_) return std::nullopt;
  auto begin = std::ranges::upper_bound(window_, revision, {}, &Change::revision);
  return std::vector<Change>(begin, window_.end());
}

}  // namespace kabuki::runtime

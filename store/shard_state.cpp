#include "store/shard_state.hpp"

#include <algorithm>

#include "messages/status.hpp"
#include "store/planted_fault.hpp"

namespace kabuki::store {

ShardState::ShardState(StateOptions options)
    : options_(std::move(options)),
      table_(options_.indexes),
      history_(options_.history_changes, options_.history_bytes) {}

void ShardState::loaded(uint64_t revision) {
  revision_ = revision;
  history_.start_at(revision);
}

void ShardState::apply(std::vector<Change>* changes) {
  std::erase_if(live_, [](const auto& snapshot) { return snapshot.expired(); });
  std::vector<SnapshotPtr> snapshots;
  for (const auto& snapshot : live_) snapshots.push_back(snapshot.lock());
  for (auto& change : *changes) {
    assert(change.object->revision() >= revision_ && "the feed is in revision order");
    const bool put = change.type == Change::Type::put;
    change.previous = put ? table_.put(change.object) : table_.erase(change.object);
    for (const auto& snapshot : snapshots) snapshot->older_.try_emplace(change.object, change.previous);
    revision_ = change.object->revision();
    history_.push(change);
  }
  history_.trim();
  // What is held for paged lists would grow with every change for ever.
  std::erase_if(kept_, [&](const auto& snapshot) { return snapshot->older_.size() > options_.snapshot_versions; });
}

void ShardState::advance(uint64_t revision) { revision_ = std::max(revision_, revision); }

size_t ShardState::age(io::MonoTime now) {
  if (options_.history_age == io::Duration::zero()) return 0;
  const size_t before = history_.size();
  while (!ages_.empty() && ages_.front().first + options_.history_age <= now) {
    history_.forget(ages_.front().second);
    ages_.pop_front();
  }
  std::erase_if(kept_, [&](const auto& snapshot) { return snapshot->revision() < history_.compacted(); });
  ages_.emplace_back(now, revision_);
  return before - history_.size();
}

SnapshotPtr ShardState::snapshot() {
  auto found = snapshot_at(revision_);
  return *found;
}

Result<SnapshotPtr> ShardState::snapshot_at(uint64_t revision) {
  std::erase_if(live_, [](const auto& snapshot) { return snapshot.expired(); });
  for (const auto& live : live_) {
    auto snapshot = live.lock();
    if (snapshot && snapshot->revision() == revision) return snapshot;
  }
  if (revision > revision_) return too_large_resource_version(revision, revision_);
  if (revision < history_.compacted()) return expired("The resourceVersion for the provided list is too old.");
  auto snapshot = std::make_shared<Snapshot>(revision);
  for (size_t i = history_.first_after(revision); i < history_.size(); ++i) {
    snapshot->older_.try_emplace(history_[i].object, history_[i].previous);
  }
  live_.push_back(snapshot);
  return snapshot;
}

void ShardState::keep(const SnapshotPtr& snapshot) {
  std::erase(kept_, snapshot);
  kept_.push_back(snapshot);
  if (kept_.size() > limits::kPagedSnapshots) kept_.pop_front();
}

Page ShardState::page(const Snapshot& at, const Selection& selection, const std::optional<Key>& start_after,
                      size_t limit, size_t scan_max) const {
  Page page;
  const KeyRange range = range_of(selection, start_after);
  if (range.to <= range.from) return page;
  ObjectCursor now = table_.candidates(selection, start_after);
  const auto then_end = at.older_.lower_bound(range.to);
  auto then = planted(PlantedFault::torn_list) ? then_end : at.older_.lower_bound(range.from);
  if (then != then_end && start_after && KeyView(then->first) == KeyView(*start_after)) ++then;
  while (true) {
    const ObjectPtr* current = now.peek();
    if (!current && then == then_end) return page;
    // What changed since stands in `older_` alone, even where it is still among the candidates.
    const bool use_then = then != then_end && (!current || KeyView(then->first) <= KeyView(*current));
    const ObjectPtr& object = use_then ? then->second : *current;
    const KeyView key = use_then ? KeyView(then->first) : KeyView(*current);
    if (object && selection.matches(*object)) page.objects.push_back(object);
    const bool full = limit != 0 && page.objects.size() == limit;
    if (++page.scanned >= scan_max || full) page.next = Key{key.kind, std::string(key.ns), std::string(key.name)};
    if (current && (!use_then || KeyView(*current) == key)) now.next();
    if (use_then) ++then;
    if (!page.next) continue;
    if (!now.peek() && then == then_end) page.next.reset();
    return page;
  }
}

std::optional<uint64_t> ShardState::remaining(Snapshot* at, const Selection& selection,
                                              const std::optional<Key>& start_after, const Key& last,
                                              size_t returned) const {
  assert(selection.plain());
  std::optional<uint64_t> before;
  if (!start_after) {
    if (at->older_.empty()) before = table_.count(selection.kind, selection.ns);
  } else if (const auto it = at->remaining_.find({selection.ns, *start_after}); it != at->remaining_.end()) {
    before = it->second;
  }
  if (!before) return std::nullopt;
  assert(*before >= returned);
  const uint64_t after = *before - returned;
  if (at->remaining_.size() < limits::kRememberedPages) at->remaining_[{selection.ns, last}] = after;
  return after;
}

}  // namespace kabuki::store

#include "store/watch_hub.hpp"

#include <algorithm>

#include "messages/status.hpp"
#include "messages/watch_sequence.hpp"
#include "store/planted_fault.hpp"

namespace kabuki::store {

namespace {

/// Cuts events into batches. Changes that share a revision stay together, so that no resume point splits them.
class BatchCutter {
 public:
  /// Whether the batch is to be closed before an event of this revision is added.
  bool full_before(uint64_t revision) const {
    return (count_ >= limits::kWatchBatchEvents || bytes_ >= limits::kWatchBatchBytes) && revision != last_;
  }
  void add(const Event& event) {
    ++count_;
    bytes_ += event.object ? event.object->size() : 0;
    last_ = event.revision;
  }

 private:
  size_t count_ = 0;
  size_t bytes_ = 0;
  uint64_t last_ = 0;
};

std::vector<std::shared_ptr<const std::vector<Event>>> cut(std::vector<Event> events) {
  std::vector<std::shared_ptr<const std::vector<Event>>> out;
  std::vector<Event> batch;
  BatchCutter cutter;
  for (auto& event : events) {
    if (cutter.full_before(event.revision)) {
      out.push_back(std::make_shared<const std::vector<Event>>(std::exchange(batch, {})));
      cutter = {};
    }
    cutter.add(event);
    batch.push_back(std::move(event));
  }
  if (!batch.empty()) out.push_back(std::make_shared<const std::vector<Event>>(std::move(batch)));
  return out;
}

}  // namespace

Error WatchHub::too_old(uint64_t revision) const {
  return expired("too old resource version: " + std::to_string(revision) + " (" +
                 std::to_string(state_.history().compacted()) + ")");
}

bool WatchHub::misses_nothing(uint64_t revision) const {
  const History& history = state_.history();
  return history.first_after(revision) == history.size();
}

Result<uint64_t> WatchHub::open(const WatcherId& id, const WatchRequest& request) {
  close(id);
  const uint64_t now = state_.revision();
  if (request.from_revision > now) return too_large_resource_version(request.from_revision, now);
  uint64_t from = request.from_revision;
  if (!request.initial_events && from < state_.history().compacted()) return too_old(from);
  if (planted(PlantedFault::told_twice) && from > state_.history().compacted()) --from;
  if (planted(PlantedFault::late_resume) && from < now) ++from;

  auto watcher = std::make_unique<Watcher>();
  watcher->id = id;
  watcher->group = index_.group(request.selection);
  ++watcher->group->members;
  watcher->bookmarks = request.bookmarks;
  watcher->credit = request.credit;
  watcher->place = watcher->sequence = request.place;
  watcher->position = from;
  watcher->told = from;
  if (request.initial_events) {
    watcher->phase = Watcher::Phase::initial;
    watcher->snapshot = state_.snapshot();
    initial_.insert(id);
    watcher->told = 0;
  } else if (misses_nothing(from)) {
    watcher->phase = Watcher::Phase::live;
    watcher->group->live.push_back(watcher.get());
  }
  queue(*watcher);
  watchers_[id] = std::move(watcher);
  return now;
}

Result<> WatchHub::credit(const WatcherId& id, uint64_t batches, uint64_t seen) {
  const auto it = watchers_.find(id);
  if (it == watchers_.end()) return expired("there is no watch stream " + std::to_string(id.stream));
  Watcher& watcher = *it->second;
  const bool probe = batches == 0;
  const bool of_another = !is_of_sequence(seen, watcher.place);
  const bool lost = probe && watcher.probe_seen == seen && std::max(seen, watcher.place) < watcher.probe_sequence;
  if (of_another || lost) {
    erase(watcher);
    return expired("the watch stream lost a batch after " + std::to_string(seen));
  }
  watcher.probe_seen = probe ? std::optional(seen) : std::nullopt;
  watcher.probe_sequence = watcher.sequence;
  if (watcher.phase == Watcher::Phase::behind && watcher.position < state_.history().compacted()) {
    const Error error = too_old(watcher.position);
    erase(watcher);
    return error;
  }
  watcher.credit += batches;
  queue(watcher);
  return {};
}

void WatchHub::close(const WatcherId& id) {
  if (const auto it = watchers_.find(id); it != watchers_.end()) erase(*it->second);
}

void WatchHub::drop(const std::string& address) {
  for (auto it = watchers_.lower_bound({address, 0}); it != watchers_.end() && it->first.address == address;) {
    erase(*(it++)->second);
  }
}

void WatchHub::end_all(const Error& why) {
  while (!watchers_.empty()) finish(*watchers_.begin()->second, why);
}

bool WatchHub::watches(const std::string& address) const {
  const auto it = watchers_.lower_bound({address, 0});
  return it != watchers_.end() && it->first.address == address;
}

void WatchHub::erase(Watcher& watcher) {
  WatchGroup* group = watcher.group;
  std::erase(group->live, &watcher);
  if (--group->members == 0) index_.remove(group);
  if (watcher.queued) std::erase(work_, watcher.id);
  initial_.erase(watcher.id);
  watchers_.erase(watchers_.find(watcher.id));
}

void WatchHub::finish(Watcher& watcher, Error why) {
  deliveries_.push_back({watcher.id, watcher.sequence, nullptr, std::move(why)});
  erase(watcher);
}

void WatchHub::queue(Watcher& watcher) {
  if (watcher.queued || watcher.phase == Watcher::Phase::live || watcher.credit == 0) return;
  watcher.queued = true;
  work_.push_back(watcher.id);
}

void WatchHub::send(Watcher& watcher, std::shared_ptr<const std::vector<Event>> events) {
  assert(watcher.credit > 0 && !events->empty());
  --watcher.credit;
  deliveries_.push_back({watcher.id, ++watcher.sequence, std::move(events), std::nullopt});
}

void WatchHub::apply(const std::vector<Change>& changes) {
  std::vector<WatchGroup*> touched;
  for (const auto& change : changes) {
    index_.visit(change, [&](WatchGroup& group) {
      if (group.live.empty()) return;
      auto event = event_for(change, group.selection);
      if (!event) return;
      if (planted(PlantedFault::watch_gap) && event->revision % 7 == 0) return;
      if (planted(PlantedFault::lost_deletion) && event->type == Event::Type::deleted) return;
      if (group.pending.empty()) touched.push_back(&group);
      group.pending.push_back(std::move(*event));
    });
  }
  for (WatchGroup* group : touched) flush(*group);
  end_outdated();
}

// Who stops reading in the middle of a list would keep old versions for ever; what follows the list is forgotten
// anyway.
void WatchHub::end_outdated() {
  for (auto it = initial_.begin(); it != initial_.end();) {
    Watcher& watcher = *watchers_.at(*it++);
    const uint64_t revision = watcher.snapshot->revision();
    if (revision < state_.history().compacted()) finish(watcher, too_old(revision));
  }
}

void WatchHub::flush(WatchGroup& group) {
  if (planted(PlantedFault::reordered_events)) std::reverse(group.pending.begin(), group.pending.end());
  const auto batches = cut(std::exchange(group.pending, {}));
  std::erase_if(group.live, [&](Watcher* watcher) {
    for (const auto& batch : batches) {
      if (watcher->credit == 0) {
        watcher->phase = Watcher::Phase::behind;
        watcher->position = batch->front().revision - 1;
        return true;
      }
      send(*watcher, batch);
      watcher->told = batch->back().revision;
    }
    return false;
  });
}

void WatchHub::bookmark() {
  const uint64_t now = state_.revision() + (planted(PlantedFault::early_bookmark) ? 1 : 0);
  for (const auto& [id, watcher] : watchers_) {
    const bool live = watcher->phase == Watcher::Phase::live;
    if (!live || !watcher->bookmarks || watcher->credit == 0 || watcher->told >= now) continue;
    send(*watcher, std::make_shared<const std::vector<Event>>(1, Event{Event::Type::bookmark, now, nullptr}));
    watcher->told = now;
  }
}

bool WatchHub::work(size_t scan_max) {
  while (!work_.empty() && scan_max > 0) {
    Watcher& watcher = *watchers_.at(work_.front());
    work_.pop_front();
    watcher.queued = false;
    const WatcherId id = watcher.id;
    const size_t scanned =
        watcher.phase == Watcher::Phase::initial ? list(watcher, scan_max) : catch_up(watcher, scan_max);
    if (const auto it = watchers_.find(id); it != watchers_.end()) queue(*it->second);
    scan_max -= std::min(scan_max, std::max<size_t>(scanned, 1));
  }
  return !work_.empty();
}

size_t WatchHub::list(Watcher& watcher, size_t scan_max) {
  Page page =
      state_.page(*watcher.snapshot, watcher.group->selection, watcher.listed, limits::kWatchBatchEvents, scan_max);
  std::vector<Event> events;
  events.reserve(page.objects.size() + 1);
  size_t bytes = 0;
  watcher.listed = std::move(page.next);
  for (auto& object : page.objects) {
    if (bytes >= limits::kWatchBatchBytes) {
      watcher.listed = events.back().object->key();
      break;
    }
    bytes += object->size();
    const uint64_t revision = object->revision();
    events.push_back({Event::Type::added, revision, std::move(object)});
  }
  if (!watcher.listed) {
    const uint64_t revision = watcher.snapshot->revision();
    events.push_back({Event::Type::bookmark, revision, nullptr, true});
    watcher.phase = Watcher::Phase::behind;
    watcher.position = watcher.told = revision;
    watcher.snapshot.reset();
    initial_.erase(watcher.id);
  }
  if (!events.empty()) send(watcher, std::make_shared<const std::vector<Event>>(std::move(events)));
  // Nothing may be missed by a watcher that waits for credit though there is nothing to tell it.
  if (watcher.phase == Watcher::Phase::behind && misses_nothing(watcher.position)) {
    watcher.phase = Watcher::Phase::live;
    watcher.group->live.push_back(&watcher);
  }
  return page.scanned;
}

size_t WatchHub::catch_up(Watcher& watcher, size_t scan_max) {
  const History& history = state_.history();
  if (watcher.position < history.compacted()) {
    finish(watcher, too_old(watcher.position));
    return 1;
  }
  std::vector<Event> events;
  BatchCutter cutter;
  const size_t first = history.first_after(watcher.position);
  size_t at = first;
  for (; at < history.size(); ++at) {
    const uint64_t revision = history[at].object->revision();
    if (cutter.full_before(revision)) break;
    if (at - first >= scan_max && revision != watcher.position) break;
    if (auto event = event_for(history[at], watcher.group->selection)) {
      cutter.add(*event);
      events.push_back(std::move(*event));
    }
    watcher.position = revision;
  }
  if (!events.empty()) {
    send(watcher, std::make_shared<const std::vector<Event>>(std::move(events)));
    watcher.told = watcher.position;
  }
  if (at == history.size()) {
    watcher.phase = Watcher::Phase::live;
    watcher.group->live.push_back(&watcher);
  }
  return at - first;
}

std::vector<Delivery> WatchHub::take() { return std::exchange(deliveries_, {}); }

size_t WatchHub::parked() const {
  return static_cast<size_t>(std::count_if(watchers_.begin(), watchers_.end(), [](const auto& entry) {
    return entry.second->phase != Watcher::Phase::live && entry.second->credit == 0;
  }));
}

}  // namespace kabuki::store

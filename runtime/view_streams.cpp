#include "runtime/view_streams.hpp"

#include <algorithm>

#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "messages/watch_sequence.hpp"

namespace kabuki::runtime {
namespace {

using bus::WatchEvents;

constexpr std::string_view kBehind = "the watcher is too far behind; list again";
constexpr std::string_view kUnknown = "there is no such stream; open it again";

}  // namespace

struct ViewStreams::Stream {
  Id id;
  Selection selection;
  bool bookmarks = false;
  uint64_t after = 0;  // nothing up to this revision is sent
  uint64_t place = 0;  // before its first batch
  uint64_t sequence = 0;
  uint64_t credit = 0;
  uint64_t told = 0;  // revision that the watcher has been told of
  uint64_t sent_at_probe = 0;
  bool listing = false;  // initial events are not complete
  ObjectPtr cursor;      // the last one listed
  std::deque<Event> pending;
  bool touched = false;
  bool owes_bookmark = false;  // once nothing is pending
};

ViewStreams::ViewStreams(const ViewState& state, Send send, Dropped dropped, StreamLimits limits)
    : state_(state), send_(std::move(send)), dropped_(std::move(dropped)), limits_(limits) {}

ViewStreams::~ViewStreams() = default;

Result<> ViewStreams::open(const bus::OpenWatch& request, Selection selection, uint64_t place) {
  Id id{request.watcher(), request.stream()};
  std::vector<Change> missed;
  if (!request.initial_events()) {
    if (request.from_revision() > state_.revision()) {
      return too_large_resource_version(request.from_revision(), state_.revision());
    }
    auto changes = state_.changes_after(request.from_revision());
    if (!changes) return expired("too old resource version: " + std::to_string(request.from_revision()));
    missed = std::move(*changes);
  }
  close(id);
  auto stream = std::make_unique<Stream>();
  stream->id = id;
  stream->selection = std::move(selection);
  stream->place = stream->sequence = stream->sent_at_probe = place;
  stream->bookmarks = request.bookmarks();
  stream->credit = request.credit();
  stream->listing = request.initial_events();
  if (!stream->listing) stream->told = request.from_revision();
  auto* raw = stream.get();
  streams_[id] = std::move(stream);
  index(raw, true);
  for (const auto& change : missed) queue(raw, change);
  touch(raw);
  return {};
}

void ViewStreams::index(Stream* stream, bool in) {
  auto set = [&](auto& map) {
    if (in) {
      map[stream->id] = stream;
    } else {
      map.erase(stream->id);
    }
  };
  auto set_below = [&](auto& maps, const std::string& key) {
    auto& map = maps[key];
    set(map);
    if (map.empty()) maps.erase(key);
  };
  if (!stream->selection.name().empty()) return set_below(by_name_, stream->selection.name());
  const auto* values = state_.has_index() ? stream->selection.values_of(state_.index_field()) : nullptr;
  if (!values) return set(unindexed_);
  for (const auto& value : *values) set_below(by_value_, value);
}

bool ViewStreams::close(const Id& id) {
  auto it = streams_.find(id);
  if (it == streams_.end()) return false;
  index(it->second.get(), false);
  streams_.erase(it);
  return true;
}

void ViewStreams::close_all_of(const std::string& watcher) {
  std::vector<Id> ids;
  for (auto it = streams_.lower_bound({watcher, 0}); it != streams_.end() && it->first.first == watcher; ++it) {
    ids.push_back(it->first);
  }
  for (const auto& id : ids) {
    close(id);
    dropped_(id);
  }
}

bool ViewStreams::watches(const std::string& watcher) const {
  auto it = streams_.lower_bound({watcher, 0});
  return it != streams_.end() && it->first.first == watcher;
}

Result<> ViewStreams::credit(const bus::WatchCredit& credit) {
  auto it = streams_.find({credit.watcher(), credit.stream()});
  if (it == streams_.end()) return expired(kUnknown);
  auto* stream = it->second.get();
  if (credit.batches() == 0) {
    // What had been sent by the time of the probe before must have arrived by now.
    const uint64_t seen = std::max(credit.seen(), stream->place);
    if (!is_of_sequence(credit.seen(), stream->place) || seen < stream->sent_at_probe) {
      auto id = stream->id;
      close(id);
      dropped_(id);
      return expired(kUnknown);
    }
    stream->sent_at_probe = stream->sequence;
    if (stream->bookmarks && !stream->listing && stream->pending.empty() && stream->credit > 0 &&
        state_.revision() > stream->told) {
      send_batch(stream, {}, true, false);
    }
  }
  stream->credit += credit.batches();
  flush(stream);
  return {};
}

void ViewStreams::touch(Stream* stream) {
  if (std::exchange(stream->touched, true)) return;
  touched_.push_back(stream->id);
}

void ViewStreams::take(const std::vector<Change>& changes) {
  std::map<Id, Stream*> once;  // those that more than one value leads to
  for (const auto& change : changes) {
    const auto& any = change.after ? change.after : change.before;
    for (auto& [id, stream] : unindexed_) offer(stream, change);
    if (auto it = by_name_.find(any->name()); it != by_name_.end()) {
      for (auto& [id, stream] : it->second) offer(stream, change);
    }
    if (by_value_.empty()) continue;
    once.clear();
    for (const auto& object : {change.before, change.after}) {
      if (!object) continue;
      auto it = by_value_.find(state_.indexed(*object));
      if (it != by_value_.end()) once.insert(it->second.begin(), it->second.end());
    }
    for (auto& [id, stream] : once) offer(stream, change);
  }
}

void ViewStreams::take_list(const std::vector<Change>& changes) {
  take(changes);
  for (const auto& id : touched_) {
    if (auto it = streams_.find(id); it != streams_.end()) it->second->owes_bookmark = it->second->bookmarks;
  }
}

void ViewStreams::offer(Stream* stream, const Change& change) {
  const auto& any = change.after ? change.after : change.before;
  // What the list has not come to yet will be listed as it is then.
  if (stream->listing && (!stream->cursor || ByName()(stream->cursor, any))) return;
  queue(stream, change);
}

void ViewStreams::queue(Stream* stream, const Change& change) {
  bool before = change.before && stream->selection.matches(*change.before);
  bool after = change.after && stream->selection.matches(*change.after);
  if (!before && !after) return;
  auto type = !before ? WatchEvents::ADDED : after ? WatchEvents::MODIFIED : WatchEvents::DELETED;
  auto object = after ? change.after : Object::at_revision(*change.before, change.revision);
  stream->pending.push_back({type, std::move(object), change.revision});
  touch(stream);
}

void ViewStreams::flush() {
  for (const auto& id : std::exchange(touched_, {})) {
    auto it = streams_.find(id);
    if (it == streams_.end()) continue;
    it->second->touched = false;
    flush(it->second.get());
  }
}

void ViewStreams::flush(Stream* stream) {
  while (stream->credit > 0 && (stream->listing || !stream->pending.empty())) {
    std::vector<Event> batch;
    while (!stream->pending.empty() && batch.size() < limits_.batch_events) {
      batch.push_back(std::move(stream->pending.front()));
      stream->pending.pop_front();
    }
    // Changes of one revision stay together: a watcher resumes after whole revisions.
    while (!stream->pending.empty() && stream->pending.front().revision == batch.back().revision) {
      batch.push_back(std::move(stream->pending.front()));
      stream->pending.pop_front();
    }
    bool was_listing = stream->listing;
    if (stream->listing && batch.size() < limits_.batch_events) fill_from_list(stream, &batch);
    bool done = was_listing && !stream->listing;
    bool reached = stream->owes_bookmark && stream->pending.empty() && !stream->listing;
    if (reached) stream->owes_bookmark = false;
    send_batch(stream, batch, done || reached, done);
  }
  if (stream->pending.size() > limits_.pending_events) end(stream, expired(kBehind));
}

void ViewStreams::fill_from_list(Stream* stream, std::vector<Event>* batch) {
  const auto& selection = stream->selection;
  const auto* values = state_.has_index() ? selection.values_of(state_.index_field()) : nullptr;
  const auto& objects = values && values->size() == 1 ? state_.objects_with(values->front()) : state_.objects();
  auto add = [&](const ObjectPtr& object) {
    if (selection.matches(*object)) batch->push_back({WatchEvents::ADDED, object, object->revision()});
  };
  bool one = !selection.name().empty() && (!selection.ns().empty() || !kind_of(selection.kind()).namespaced);
  if (one) {
    auto it = objects.find(ByName::Name{selection.ns(), selection.name()});
    if (it != objects.end()) add(*it);
    stream->listing = false;
    return;
  }
  auto it = stream->cursor ? objects.upper_bound(stream->cursor) : objects.begin();
  for (; it != objects.end() && batch->size() < limits_.batch_events; ++it) {
    add(*it);
    stream->cursor = *it;
  }
  stream->listing = it != objects.end();
}

void ViewStreams::send_batch(Stream* stream, const std::vector<Event>& events, bool bookmark, bool initial_end) {
  WatchEvents verb;
  verb.set_stream(stream->id.second);
  verb.set_sequence(++stream->sequence);
  std::vector<ObjectPtr> objects;
  objects.reserve(events.size());
  for (const auto& event : events) {
    auto* out = verb.add_events();
    out->set_type(event.type);
    out->set_revision(event.revision);
    objects.push_back(event.object);
    if (!stream->listing) stream->told = std::max(stream->told, event.revision);
  }
  if (bookmark) {
    auto* out = verb.add_events();
    out->set_type(WatchEvents::BOOKMARK);
    out->set_revision(state_.revision());
    out->set_initial_end(initial_end);
    stream->told = state_.revision();
  }
  --stream->credit;
  send_({stream->id.first}, make_message(std::move(verb), std::move(objects)));
}

void ViewStreams::end_all(const Error& error) {
  while (!streams_.empty()) end(streams_.begin()->second.get(), error);
}

void ViewStreams::end(Stream* stream, const Error& error) {
  bus::WatchEnded ended;
  ended.set_stream(stream->id.second);
  error_to_failure(error, ended.mutable_failure());
  auto id = stream->id;
  close(id);
  dropped_(id);
  send_({id.first}, make_message(std::move(ended)));
}

}  // namespace kabuki::runtime

#include "runtime/view_actor.hpp"

#include <cassert>

#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "messages/watch_sequence.hpp"

namespace kabuki::runtime {
namespace {

constexpr io::Duration kCatchUp = std::chrono::seconds(2);

Selection parsed(const bus::Selection& selection) {
  auto result = Selection::parse(selection);
  assert(result.ok() && "a view's own selection is part of the program");
  return std::move(*result);
}

WatchOptions upstream(const ViewSpec& spec) {
  WatchOptions options;
  options.source = spec.source;
  options.selection = spec.selection;
  return options;
}

}  // namespace

ViewActor::ViewActor(ViewSpec spec, Address parent)
    : spec_(std::move(spec)),
      parent_(std::move(parent)),
      selection_(parsed(spec_.selection)),
      state_(selection_.kind(), spec_.index_field),
      streams_(
          state_, [this](const Address& watcher, MessagePtr message) { tell(watcher, std::move(message)); },
          [this](const ViewStreams::Id& id) { dropped(id); }),
      watch_(*this, upstream(spec_),
             {.on_event =
                  [this](WatchClient::Type type, const ObjectPtr& object, uint64_t revision) {
                    if (!watch_.synced() && !listing_) begin_list();
                    streams_.take(state_.apply(type, object, revision));
                  },
              .on_synced = [this] { list_ended(); },
              .on_reset = [this] { begin_list(); },
              .on_batch =
                  [this] {
                    if (watch_.synced()) state_.bookmark(watch_.revision());
                    streams_.flush();
                  }}) {}

void ViewActor::started() { watch_.open(); }

void ViewActor::begin_list() {
  listing_ = true;
  state_.begin_list();
}

void ViewActor::list_ended() {
  if (!listing_) begin_list();  // an empty list
  listing_ = false;
  bool went_back = state_.complete() && watch_.revision() < state_.revision();
  auto changes = state_.end_list(watch_.revision());
  if (went_back) {
    streams_.end_all(expired("the store was set back; list again"));
  } else {
    streams_.take_list(changes);
  }
  for (auto& in : std::exchange(waiting_, {})) open_watch(*in.as<bus::OpenWatch>(), in);
}

void ViewActor::received(Inbound& in) {
  if (watch_.received(in) || WatchClient::is_stream_message(in)) return;
  if (const auto* open = in.as<bus::OpenWatch>()) {
    if (state_.complete()) return open_watch(*open, in);
    waiting_.push_back(std::move(in));
  } else if (const auto* credit = in.as<bus::WatchCredit>()) {
    auto granted = streams_.credit(*credit);
    granted.ok() ? in.reply.send(make_message(bus::Empty())) : in.reply.fail(granted.error());
  } else if (const auto* close = in.as<bus::CloseWatch>()) {
    close_watch(*close);
    in.reply.send(make_message(bus::Empty()));
  } else if (const auto* list_request = in.as<bus::ListObjects>()) {
    list(*list_request, in);
  } else if (const auto* get_request = in.as<bus::GetObjects>()) {
    get(*get_request, in);
  } else {
    in.reply.fail(bad_request("a view does not understand " + in.message->body->GetTypeName()));
  }
}

void ViewActor::open_watch(const bus::OpenWatch& request, Inbound& in, bool last_try) {
  auto selection = Selection::parse(request.selection());
  if (!selection) return in.reply.fail(selection.error());
  if (!selection_.contains(*selection)) return in.reply.fail(bad_request("this view does not hold all of that"));
  bool ahead = !request.initial_events() && request.from_revision() > state_.revision();
  if (ahead && !last_try) {
    // A watcher that comes from another source knows more than this view for a moment, or for good if the store was
    // set back meanwhile.
    auto kept = std::make_shared<Inbound>(std::move(in));
    after(kCatchUp, [this, kept] { open_watch(*kept->as<bus::OpenWatch>(), *kept, true); });
    return;
  }
  auto opened = streams_.open(request, std::move(*selection), sequence_place(random().next()));
  if (!opened) return in.reply.fail(opened.error());
  bus::WatchOpened reply;
  reply.set_revision(state_.revision());
  in.reply.send(make_message(std::move(reply)));
  watch_watcher(request.watcher());
  streams_.flush();
}

void ViewActor::watch_watcher(const std::string& watcher) {
  if (watchers_.contains(watcher)) return;
  watchers_[watcher] = monitor({watcher}, [this, watcher](const ExitReason&) {
    watchers_.erase(watcher);
    streams_.close_all_of(watcher);
  });
}

void ViewActor::close_watch(const bus::CloseWatch& request) {
  std::erase_if(waiting_, [&](const Inbound& in) {
    const auto* open = in.as<bus::OpenWatch>();
    return open->watcher() == request.watcher() && open->stream() == request.stream();
  });
  streams_.close({request.watcher(), request.stream()});
  if (streams_.watches(request.watcher())) return;
  if (auto it = watchers_.find(request.watcher()); it != watchers_.end()) {
    demonitor(it->second);
    watchers_.erase(it);
  }
}

void ViewActor::dropped(const ViewStreams::Id& id) {
  bus::CloseWatch close;
  close.set_watcher(id.first);
  close.set_stream(id.second);
  tell(parent_, make_message(std::move(close)));
}

void ViewActor::list(const bus::ListObjects& request, Inbound& in) {
  auto selection = Selection::parse(request.selection());
  if (!selection) return in.reply.fail(selection.error());
  bool fresh = request.match() == bus::ListObjects::EXACT ? request.revision() == state_.revision()
                                                          : request.revision() <= state_.revision();
  if (!state_.complete() || !fresh || !selection_.contains(*selection)) return forward(spec_.source, std::move(in));
  bus::ListObjectsReply reply;
  std::vector<ObjectPtr> objects;
  const auto* values = state_.has_index() ? selection->values_of(state_.index_field()) : nullptr;
  const auto& all = values && values->size() == 1 ? state_.objects_with(values->front()) : state_.objects();
  ByName::Name after{request.start_after().namespace_(), request.start_after().name()};
  for (auto it = request.continued() ? all.upper_bound(after) : all.begin(); it != all.end(); ++it) {
    if (!selection->matches(**it)) continue;
    if (request.limit() != 0 && objects.size() == request.limit()) {
      reply.set_more(true);
      break;
    }
    objects.push_back(*it);
  }
  reply.set_revision(state_.revision());
  in.reply.send(make_message(std::move(reply), std::move(objects)));
}

void ViewActor::get(const bus::GetObjects& request, Inbound& in) {
  bus::GetObjectsReply reply;
  std::vector<ObjectPtr> objects;
  bool known = state_.complete();
  for (const auto& key : request.keys()) {
    auto* item = reply.add_items();
    auto it = state_.objects().find(ByName::Name{key.namespace_(), key.name()});
    bool found = key.kind() == selection_.kind() && it != state_.objects().end();
    // Only a view of all objects knows that there is none.
    known = known && key.kind() == selection_.kind() && (found || selection_.everything());
    if (!found) continue;
    item->set_found(true);
    item->set_object(static_cast<uint32_t>(objects.size()));
    objects.push_back(*it);
  }
  if (!known) return forward(spec_.source, std::move(in));
  reply.set_revision(state_.revision());
  in.reply.send(make_message(std::move(reply), std::move(objects)));
}

std::string ViewActor::health() const {
  auto trouble = watch_.health();
  auto holds = std::to_string(state_.objects().size()) + " objects at revision " + std::to_string(state_.revision()) +
               " for " + std::to_string(streams_.size()) + " watchers";
  return trouble.empty() ? holds : holds + "; " + trouble;
}

}  // namespace kabuki::runtime

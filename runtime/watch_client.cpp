#include "runtime/watch_client.hpp"

#include <algorithm>

#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "messages/watch_sequence.hpp"
#include "runtime/log.hpp"

namespace kabuki::runtime {
namespace {

constexpr int kGone = 410;
constexpr uint64_t kMaxDoublings = 10;

/// Whether the stream cannot be resumed: history is gone, or (after a restore) has not got that far.
bool must_list(const Error& error) {
  return error.code == kGone || std::ranges::any_of(error.causes, [](const Cause& cause) {
           return cause.reason == "ResourceVersionTooLarge";
         });
}

}  // namespace

WatchClient::WatchClient(Actor& owner, WatchOptions options, Handlers handlers)
    : actor_(owner), options_(std::move(options)), handlers_(std::move(handlers)) {}

void WatchClient::open() {
  if (open_) return;
  open_ = true;
  needs_list_ = options_.initial_events;
  if (!options_.initial_events) {
    revision_ = options_.from_revision;
    synced_ = true;
  }
  start_stream();
}

void WatchClient::close() {
  if (!open_) return;
  open_ = false;
  drop_stream();
  synced_ = false;
  waiting_.clear();
}

bool WatchClient::is_stream_message(const Inbound& in) {
  return in.as<bus::WatchEvents>() || in.as<bus::WatchEnded>();
}

void WatchClient::start_stream() {
  ++opens_;
  // Random, so that batches of a past stream (or a past life of the owner) are never taken for this one's.
  stream_ = actor_.random().next() | 1;
  sequence_ = 0;
  outstanding_ = options_.credit;
  heard_ = true;
  listing_ = needs_list_;
  list_began_ = false;
  bus::OpenWatch request;
  *request.mutable_selection() = options_.selection;
  request.set_stream(stream_);
  request.set_initial_events(listing_);
  if (!listing_) request.set_from_revision(revision_);
  request.set_bookmarks(true);
  request.set_credit(options_.credit);
  request.set_watcher(actor_.name());
  auto stream = stream_;
  monitor_ = actor_.monitor(options_.source, [this, stream](const ExitReason& reason) {
    monitor_.reset();
    if (stream == stream_) reopen(false, "its source ended: " + reason.what);
  });
  actor_.ask(options_.source, make_message(std::move(request)), options_.ask_timeout,
             [this, stream](const Result<MessagePtr>& result) { opened(stream, result); });
  arm_probe();
}

void WatchClient::opened(uint64_t stream, const Result<MessagePtr>& result) {
  if (stream != stream_ || result.ok()) return;
  failed(result.error(), "opening");
}

void WatchClient::failed(const Error& error, const std::string& doing) {
  reopen(must_list(error), doing + ": " + error.message);
}

void WatchClient::drop_stream() {
  if (stream_ != 0) {
    bus::CloseWatch close;
    close.set_stream(stream_);
    close.set_watcher(actor_.name());
    actor_.tell(options_.source, make_message(std::move(close)));
  }
  stream_ = 0;
  if (probe_timer_) actor_.cancel(*std::exchange(probe_timer_, std::nullopt));
  if (open_timer_) actor_.cancel(*std::exchange(open_timer_, std::nullopt));
  if (monitor_) actor_.demonitor(*std::exchange(monitor_, std::nullopt));
}

void WatchClient::reopen(bool list, const std::string& why) {
  drop_stream();
  // Stays true until a list is complete: half a list cannot be resumed.
  if (list) needs_list_ = true;
  trouble_ = why;
  auto pause =
      std::min(options_.backoff_max, options_.backoff_min * (int64_t{1} << std::min(failures_, kMaxDoublings)));
  ++failures_;
  // Half of it at random: many watchers lose one source at the same time.
  pause = pause / 2 + io::Duration(actor_.random().between(0, pause.count() / 2));
  if (log_enabled(Level::debug)) {
    log(Level::debug, actor_.name(), "watch is opened again",
        {{"kind", options_.selection.kind()}, {"why", why}, {"list", needs_list_}, {"revision", revision_}});
  }
  open_timer_ = actor_.after(pause, [this] {
    open_timer_.reset();
    start_stream();
  });
}

bool WatchClient::received(Inbound& in) {
  if (const auto* batch = in.as<bus::WatchEvents>()) {
    if (stream_ == 0 || batch->stream() != stream_) return false;
    take_batch(*batch, *in.message);
    return true;
  }
  if (const auto* ended = in.as<bus::WatchEnded>()) {
    if (stream_ == 0 || ended->stream() != stream_) return false;
    stream_ = 0;  // there is nothing to close
    failed(failure_to_error(ended->failure()), "ended");
    return true;
  }
  return false;
}

void WatchClient::take_batch(const bus::WatchEvents& batch, const Message& message) {
  if (!is_next_in_sequence(batch.sequence(), sequence_)) {
    reopen(false, "a batch was lost");
    return;
  }
  sequence_ = batch.sequence();
  heard_ = true;
  failures_ = 0;
  trouble_.clear();
  if (outstanding_ > 0) --outstanding_;
  if (listing_ && !list_began_) begin_list();
  auto stream = stream_;
  uint64_t reached = revision_;
  size_t next_object = 0;
  for (const auto& event : batch.events()) {
    if (event.type() == bus::WatchEvents::BOOKMARK) {
      if (event.initial_end() && listing_) {
        end_list(event.revision());
        reached = revision_;
      }
      reached = std::max(reached, event.revision());
    } else if (next_object < message.objects.size()) {
      take_event(event.type(), message.objects[next_object++], event.revision());
      reached = std::max(reached, event.revision());
    }
    // A handler may close the watch or open it anew.
    if (stream != stream_) return;
  }
  // Within a list the objects' own revisions say nothing of what has been seen.
  if (!listing_) revision_ = reached;
  if (handlers_.on_batch) handlers_.on_batch();
  if (stream != stream_) return;
  run_reached(false);
  if (stream == stream_) grant();
}

void WatchClient::take_event(Type type, const ObjectPtr& object, uint64_t revision) {
  if (!options_.remember) {
    if (handlers_.on_event) handlers_.on_event(type, object, revision);
    return;
  }
  ObjectPtr before;
  if (type == bus::WatchEvents::DELETED) {
    before = take_from(&known_, ByName::of(object));
    auto stale = take_from(&old_, ByName::of(object));
    if (!before && !stale) return;
  } else {
    before = replace_in(&known_, object);
    if (!before) before = take_from(&old_, ByName::of(object));
    if (before && before->revision() == object->revision()) return;
    type = before ? bus::WatchEvents::MODIFIED : bus::WatchEvents::ADDED;
  }
  if (handlers_.on_event) handlers_.on_event(type, object, revision);
}

void WatchClient::begin_list() {
  list_began_ = true;
  synced_ = false;
  if (options_.remember) {
    // A list that was cut short leaves what it had not reached yet in old_.
    for (const auto& object : known_) replace_in(&old_, object);
    known_.clear();
  } else if (had_list_ && handlers_.on_reset) {
    handlers_.on_reset();
  }
  had_list_ = true;
}

void WatchClient::end_list(uint64_t revision) {
  bool went_back = revision < revision_;
  for (const auto& object : std::exchange(old_, {})) {
    if (handlers_.on_event) handlers_.on_event(bus::WatchEvents::DELETED, object, revision);
  }
  listing_ = false;
  needs_list_ = false;
  synced_ = true;
  revision_ = revision;
  if (handlers_.on_synced) handlers_.on_synced();
  if (went_back) run_reached(true);
}

void WatchClient::grant() {
  if (outstanding_ > options_.credit / 2) return;
  auto batches = options_.credit - outstanding_;
  outstanding_ += batches;
  send_credit(batches);
}

void WatchClient::send_credit(uint64_t batches) {
  bus::WatchCredit credit;
  credit.set_stream(stream_);
  credit.set_batches(batches);
  credit.set_watcher(actor_.name());
  credit.set_seen(sequence_);
  actor_.ask(options_.source, make_message(std::move(credit)), options_.ask_timeout,
             [this, stream = stream_](const Result<MessagePtr>& result) {
               if (stream != stream_ || result.ok()) return;
               // A source that does not know the stream can often resume it.
               reopen(false, "not confirmed: " + result.error().message);
             });
}

void WatchClient::arm_probe() {
  probe_timer_ = actor_.after(options_.probe, [this] {
    probe_timer_.reset();
    if (!std::exchange(heard_, false)) send_credit(0);
    arm_probe();
  });
}

void WatchClient::when_reached(uint64_t revision, std::function<void()> run) {
  if (synced_ && revision_ >= revision) return run();
  waiting_.emplace(revision, std::move(run));
}

void WatchClient::run_reached(bool all) {
  if (!synced_) return;
  auto end = all ? waiting_.end() : waiting_.upper_bound(revision_);
  std::vector<std::function<void()>> ready;
  for (auto it = waiting_.begin(); it != end; ++it) ready.push_back(std::move(it->second));
  waiting_.erase(waiting_.begin(), end);
  for (auto& run : ready) run();
}

std::string WatchClient::health() const {
  if (!trouble_.empty()) return "watch " + trouble_;
  return synced_ ? "" : "listing";
}

}  // namespace kabuki::runtime

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "messages/bus/objects.pb.h"
#include "messages/object.hpp"
#include "runtime/actor_tools.hpp"
#include "runtime/object_set.hpp"

namespace kabuki::runtime {

struct WatchOptions {
  Address source = role(roles::kApiServer);  // or a host's views: `host-3/views`
  bus::Selection selection;
  /// First every current object. False: only what happens after `from_revision`.
  bool initial_events = true;
  uint64_t from_revision = 0;
  /// Keeps a pointer to the last version of every object, so that after a new list the owner is told only of what
  /// differs (with DELETED for what is gone) and never reset.
  bool remember = false;
  uint64_t credit = 16;                          // batches under way
  io::Duration probe = std::chrono::seconds(5);  // of quiet, then the stream is checked
  io::Duration ask_timeout = std::chrono::seconds(10);
  io::Duration backoff_min = std::chrono::milliseconds(50);
  io::Duration backoff_max = std::chrono::seconds(5);
};

/// A watch as an actor consumes it: a member of the actor. It opens the stream, checks its sequence, grants credit,
/// notices when it is lost (gap, end, silence, death of its source) and opens it again from the last revision, or
/// with a new list where that has expired. Handlers are called inside the actor, in the order of the stream.
class WatchClient {
 public:
  using Type = bus::WatchEvents::Type;
  struct Handlers {
    /// ADDED, MODIFIED or DELETED. `revision` is the event's. While a list comes in (synced() is false) objects come
    /// in key order, mixed with later changes of those that have come.
    std::function<void(Type type, const ObjectPtr& object, uint64_t revision)> on_event;
    /// The list is complete.
    std::function<void()> on_synced;
    /// A new list begins, and what will not be in it is gone. Never called with `remember` nor before the first list.
    std::function<void()> on_reset;
    /// After the events of one batch.
    std::function<void()> on_batch;
  };

  WatchClient(Actor& owner, WatchOptions options, Handlers handlers);
  WatchClient(const WatchClient&) = delete;
  WatchClient& operator=(const WatchClient&) = delete;

  /// Starts; called from the owner's started() or later. Does nothing when open.
  void open();
  /// Ends the stream; nothing is called any more until open(), which lists anew.
  void close();
  /// The owner hands every message to its watch clients first: true when it was for this one.
  bool received(Inbound& in);
  /// Whether a message is part of a stream of somebody's: what no client takes belongs to a past stream, to be
  /// ignored.
  static bool is_stream_message(const Inbound& in);

  /// Whether the list has come in completely.
  bool synced() const { return synced_; }
  /// Everything up to here has been handed to the owner. 0 before the first list.
  uint64_t revision() const { return revision_; }
  /// Calls `run` once synced and at `revision` or later; at once when that is so already. For the write barrier: act
  /// on a view only when it has reached one's own writes. A new list that ends at an earlier revision (the store was
  /// restored) calls all that wait.
  void when_reached(uint64_t revision, std::function<void()> run);
  /// Times the stream was opened: 1 when nothing went wrong.
  uint64_t opens() const { return opens_; }
  /// One line for Actor::health: "" when live.
  std::string health() const;

 private:
  void start_stream();
  void opened(uint64_t stream, const Result<MessagePtr>& result);
  void take_batch(const bus::WatchEvents& batch, const Message& message);
  void take_event(Type type, const ObjectPtr& object, uint64_t revision);
  void begin_list();
  void end_list(uint64_t revision);
  void grant();
  void send_credit(uint64_t batches);
  void arm_probe();
  /// Ends the stream and opens another after a pause that grows with each failure in a row.
  void reopen(bool list, const std::string& why);
  void failed(const Error& error, const std::string& doing);
  void drop_stream();
  void run_reached(bool all);

  ActorTools actor_;
  const WatchOptions options_;
  const Handlers handlers_;

  bool open_ = false;
  uint64_t stream_ = 0;    // 0: none at the moment
  uint64_t sequence_ = 0;  // of the last batch; 0: none yet
  uint64_t outstanding_ = 0;
  bool heard_ = false;      // since the last probe
  bool needs_list_ = true;  // the next stream begins with one
  bool listing_ = false;
  bool list_began_ = false;
  bool had_list_ = false;
  bool synced_ = false;
  uint64_t revision_ = 0;
  uint64_t opens_ = 0;
  uint64_t failures_ = 0;  // in a row
  std::string trouble_;
  std::optional<ActorTools::TimerId> probe_timer_;
  std::optional<ActorTools::TimerId> open_timer_;
  std::optional<ActorTools::MonitorId> monitor_;
  std::multimap<uint64_t, std::function<void()>> waiting_;
  ObjectSet known_;  // with `remember`
  ObjectSet old_;    // of the list before, until the new one is complete
};

}  // namespace kabuki::runtime

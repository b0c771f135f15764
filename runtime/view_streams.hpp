#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "messages/bus/objects.pb.h"
#include "runtime/address.hpp"
#include "runtime/message.hpp"
#include "runtime/selection.hpp"
#include "runtime/view_state.hpp"

namespace kabuki::runtime {

struct StreamLimits {
  size_t batch_events = 512;
  size_t pending_events = 20'000;  // a watcher further behind is ended with 410 and lists again
};

/// The streams that a view feeds: one per (watcher, stream), each with its own selection, credit and sequence. A
/// watcher without credit is left where it is and given more later from what waits for it, or from the objects as
/// they are then. Watchers that select one value of the view's indexed field, or one name, cost nothing for other
/// events.
class ViewStreams {
 public:
  using Send = std::function<void(const Address& watcher, MessagePtr message)>;
  using Id = std::pair<std::string, uint64_t>;  // watcher, stream
  /// The view dropped a stream by itself.
  using Dropped = std::function<void(const Id& id)>;

  ViewStreams(const ViewState& state, Send send, Dropped dropped, StreamLimits limits = {});
  ~ViewStreams();

  /// Begins a stream, replacing one of the same id; its batches are numbered from a place drawn for it
  /// (messages/watch_sequence.hpp). Errors: 410 Expired when its revision is before
  /// the window, Timeout (504, too large resource version) when the state has not reached it.
  Result<> open(const bus::OpenWatch& request, Selection selection, uint64_t place = 0);
  /// Error: 410 Expired when there is no such stream, or when it is found to have lost a batch.
  Result<> credit(const bus::WatchCredit& credit);
  bool close(const Id& id);
  void close_all_of(const std::string& watcher);
  /// Ends every stream with `error`: the view's history is no longer true.
  void end_all(const Error& error);
  bool watches(const std::string& watcher) const;
  size_t size() const { return streams_.size(); }

  /// Changes that the state has just gone through. Sent with flush.
  void take(const std::vector<Change>& changes);
  /// The same of a new list's: only together, up to the list's own revision, are they a state that has been.
  void take_list(const std::vector<Change>& changes);
  void flush();

 private:
  struct Stream;
  struct Event {
    bus::WatchEvents::Type type;
    ObjectPtr object;
    uint64_t revision;
  };
  using Streams = std::map<Id, std::unique_ptr<Stream>>;

  void index(Stream* stream, bool in);
  void offer(Stream* stream, const Change& change);
  void queue(Stream* stream, const Change& change);
  void flush(Stream* stream);
  void fill_from_list(Stream* stream, std::vector<Event>* batch);
  void send_batch(Stream* stream, const std::vector<Event>& events, bool bookmark, bool initial_end);
  void end(Stream* stream, const Error& error);
  void touch(Stream* stream);

  const ViewState& state_;
  const Send send_;
  const Dropped dropped_;
  const StreamLimits limits_;
  Streams streams_;
  std::map<Id, Stream*> unindexed_;
  std::map<std::string, std::map<Id, Stream*>> by_value_;
  std::map<std::string, std::map<Id, Stream*>, std::less<>> by_name_;
  std::vector<Id> touched_;
};

}  // namespace kabuki::runtime

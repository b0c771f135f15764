#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "actors/write.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::actors {

/// Something a component did or could not do, about one object: becomes a core/v1 Event.
struct EventNote {
  Key about;
  std::string uid;              // of `about`
  std::string type = "Normal";  // or "Warning"
  std::string reason;
  std::string message;
  bool operator==(const EventNote&) const = default;
};

/// Turns notes into writes as client-go's recorder does: the first of its kind creates an Event, a repetition of the
/// same note counts it up by a patch, and an object that is talked about too much (more than 25 notes, then one
/// every 5 minutes) is silenced. Pure but for its memory, which is bounded. Not thread-safe.
class EventRecorder {
 public:
  /// `component` is the events' source, `host` where it runs ("" for the control plane).
  explicit EventRecorder(std::string component, std::string host = {}) : component_(component), host_(host) {}

  void record(const EventNote& note, io::WallTime now);
  /// The writes that are due, at most `limit`; they are forgotten here, and a failed one is not repeated.
  std::vector<Write> take(size_t limit);
  /// Tells that the counting patch of this event found no event any more: the next repetition creates one.
  void forget(const Key& event);
  size_t waiting() const { return pending_.size(); }
  uint64_t silenced() const { return silenced_; }

 private:
  using Similar = std::tuple<std::string, std::string, std::string>;  // uid, reason, message
  struct Seen {
    Key event;
    int32_t count = 0;
    std::list<Similar>::iterator age;
  };
  struct Budget {
    double tokens = 0;
    io::WallTime at;
    std::list<std::string>::iterator age;
  };

  bool within_budget(const std::string& uid, io::WallTime now);

  std::string component_;
  std::string host_;
  std::map<Similar, Seen> seen_;
  std::list<Similar> seen_by_age_;
  std::map<std::string, Budget> budgets_;
  std::list<std::string> budgets_by_age_;
  std::deque<Write> pending_;
  std::map<Key, size_t> pending_patches_;  // position in pending_: a later count replaces an earlier one
  uint64_t sequence_ = 0;
  uint64_t silenced_ = 0;
};

/// The Event that says `note` once, at `now`; its name is the object's and a hexadecimal number of the time.
Write event_write(const EventNote& note, const std::string& component, const std::string& host, io::WallTime now,
                  uint64_t sequence);

}  // namespace kabuki::actors

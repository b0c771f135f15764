#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "messages/bus/objects.pb.h"
#include "messages/object.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// Makes repetitions of one event count it up instead of creating another: the same reason and message about the same
/// part of the same object. Remembers the last 4096 different events. Pure but for that memory; not thread-safe.
class EventAggregator {
 public:
  /// The write that counts the former event up, when `event` (a core/v1 Event about to be created) repeats one; none
  /// when it is the first of its kind, which is remembered.
  std::optional<bus::WriteObjects::Write> repeats(const Object& event, io::WallTime now);
  /// The event is not there any more: the next repetition creates one.
  void forget(const Key& event);

 private:
  struct Seen {
    Key event;
    int32_t count = 1;
  };
  std::unordered_map<uint64_t, Seen> seen_;  // by what is said about whom
  std::deque<uint64_t> by_age_;
};

}  // namespace kabuki::kubelet

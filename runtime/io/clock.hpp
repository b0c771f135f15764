#pragma once

#include <cstdint>
#include <functional>

#include "runtime/io/time.hpp"

namespace kabuki::io {

/// Tells the time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual MonoTime mono() const = 0;
};

/// Calls back later. `run` is called once, on a thread of the implementation's own (simulated: on the one thread,
/// between steps), never from inside `after`; equal times run in the order of their calls. Thread-safe.
class Timers {
 public:
  using Id = uint64_t;  // never 0
  virtual ~Timers() = default;
  virtual Id after(Duration delay, std::function<void()> run) = 0;
  /// Forgets a timer that has not run; otherwise does nothing.
  virtual void cancel(Id id) = 0;
};

}  // namespace kabuki::io

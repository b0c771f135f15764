#include "runtime/io/live_clock.hpp"

#include <time.h>

namespace kabuki::io {
namespace {

int64_t read(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

WallTime LiveClock::wall() const { return {read(CLOCK_REALTIME)}; }
MonoTime LiveClock::mono() const { return {read(CLOCK_MONOTONIC)}; }

}  // namespace kabuki::io

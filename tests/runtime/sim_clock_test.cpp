#include "runtime/sim/sim_clock.hpp"

#include <gtest/gtest.h>

#include "runtime/io/random.hpp"

namespace kabuki::runtime::sim {
namespace {

TEST(SimClock, WhoWaitsForAMomentOfItHasReachedIt) {
  io::Random random(1);
  for (int i = 0; i < 1000; ++i) {
    int64_t now = random.between(0, 1'000'000'000);
    SimClock clock(&now, {}, {.drift_ppm = random.between(-500, 500)});
    const io::Duration delay(random.between(1, i % 2 ? 10 : 5'000'000'000));
    const io::MonoTime moment = clock.mono() + delay;
    now += clock.in_world(delay).count();
    EXPECT_GE(clock.mono(), moment) << delay.count() << " ns";
  }
}

}  // namespace
}  // namespace kabuki::runtime::sim

#include "actors/store_shard/store_reach.hpp"

#include <gtest/gtest.h>

namespace kabuki::store {
namespace {

using namespace std::chrono_literals;

io::MonoTime at(io::Duration since) { return io::MonoTime{1'000'000'000} + since; }

TEST(StoreReach, IsCutOffWhenEveryBarrierHasFailedForAWhile) {
  struct {
    const char* what;
    std::vector<std::pair<io::Duration, bool>> barriers;  // when each was asked for, and whether it told
    io::Duration now;
    bool cut_off;
  } cases[] = {
      {"nothing was asked", {}, 100s, false},
      {"all told", {{0s, true}, {50s, true}}, 100s, false},
      {"one has just failed", {{0s, false}}, limits::kCutOff - 1ns, false},
      {"one failed and took its time to", {{0s, false}}, limits::kCutOff, true},
      {"several have failed", {{0s, true}, {1s, false}, {2s, false}, {6s, false}}, 6s, true},
      {"it was the first of them that was long ago", {{0s, false}, {4s, false}}, 4s, true},
      {"one in between has told", {{0s, false}, {3s, true}, {4s, false}}, 7s, false},
      {"it is back", {{0s, false}, {9s, false}, {10s, true}}, 20s, false},
  };
  for (const auto& c : cases) {
    StoreReach reach;
    for (const auto& [asked, told] : c.barriers) reach.answered(told, at(asked));
    EXPECT_EQ(reach.is_cut_off(at(c.now)), c.cut_off) << c.what;
  }
}

}  // namespace
}  // namespace kabuki::store

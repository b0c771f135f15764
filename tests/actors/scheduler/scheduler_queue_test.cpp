#include <gtest/gtest.h>

#include "actors/scheduler/queue.hpp"

namespace kabuki::scheduler {
namespace {

constexpr io::MonoTime at(int64_t seconds) { return {seconds * 1'000'000'000}; }

std::vector<PodId> pop_all(SchedulingQueue& queue) {
  std::vector<PodId> out;
  while (auto pod = queue.pop()) out.push_back(*pod);
  return out;
}

TEST(SchedulingQueue, GivesHigherPrioritiesFirstAndThenTheOldest) {
  SchedulingQueue queue;
  queue.add(1, 0);
  queue.add(2, 100);
  queue.add(3, 0);
  queue.add(4, 100);
  queue.add(1, 0);
  EXPECT_EQ(pop_all(queue), (std::vector<PodId>{2, 4, 1, 3}));
}

TEST(SchedulingQueue, ForgetsRemovedPods) {
  SchedulingQueue queue;
  queue.add(1, 0);
  queue.add(2, 0);
  queue.remove(1);
  queue.add(1, 0);
  EXPECT_EQ(pop_all(queue), (std::vector<PodId>{2, 1}));
  EXPECT_EQ(queue.active(), 0u);
}

TEST(SchedulingQueue, AnUnschedulablePodWaitsForAChangeOfTheCluster) {
  SchedulingQueue queue;
  queue.add(1, 0);
  queue.pop();
  queue.unschedulable(1, at(0));
  EXPECT_EQ(queue.advance(at(299)), at(300));
  EXPECT_EQ(queue.pop(), std::nullopt);
  queue.cluster_changed(at(299));
  EXPECT_EQ(queue.pop(), 1u);
}

TEST(SchedulingQueue, AChangeWhileThePodWasTriedIsNotLost) {
  SchedulingQueue queue;
  queue.add(1, 0);
  queue.pop();
  queue.cluster_changed(at(0));
  queue.unschedulable(1, at(0));
  EXPECT_EQ(queue.advance(at(0)), at(1));
  queue.advance(at(1));
  EXPECT_EQ(queue.pop(), 1u);
}

TEST(SchedulingQueue, AChangeDoesNotCutTheBackoffShort) {
  SchedulingQueue queue;
  queue.add(1, 0);
  queue.pop();
  queue.unschedulable(1, at(10));
  queue.cluster_changed(at(10));
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_EQ(queue.advance(at(10)), at(11));
}

TEST(SchedulingQueue, IsTriedAgainAfterFiveMinutesAnyway) {
  SchedulingQueue queue;
  queue.add(1, 0);
  queue.pop();
  queue.unschedulable(1, at(0));
  EXPECT_EQ(queue.advance(at(300)), std::nullopt);
  EXPECT_EQ(queue.pop(), 1u);
}

TEST(SchedulingQueue, BackoffDoublesUpToTenSeconds) {
  SchedulingQueue queue;
  queue.add(1, 0);
  io::MonoTime now = at(0);
  std::vector<int64_t> waits;
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(queue.pop(), 1u);
    queue.retry(1, now);
    const auto due = queue.advance(now);
    waits.push_back((*due - now).count() / 1'000'000'000);
    now = *due;
    queue.advance(now);
  }
  EXPECT_EQ(waits, (std::vector<int64_t>{1, 2, 4, 8, 10, 10}));
}

}  // namespace
}  // namespace kabuki::scheduler

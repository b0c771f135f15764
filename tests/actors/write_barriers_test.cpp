#include "actors/write_barriers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messages/status.hpp"

namespace kabuki::actors {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct WriteBarriersTest : ::testing::Test {
  std::vector<WriteBarriers::Done> rounds;  // asked of what is beyond, in order
  std::vector<std::string> answers;
  WriteBarriers barriers{[this](WriteBarriers::Done done) { rounds.push_back(std::move(done)); }};

  void add(const std::string& who) {
    barriers.add(runtime::Reply([this, who](const Result<runtime::MessagePtr>& answer) {
      answers.push_back(who + (answer ? "" : ": " + answer.error().message));
    }));
  }
};

TEST_F(WriteBarriersTest, WaitForWhatIsBeyondAlsoWhenNothingIsUnderWayHere) {
  add("a");
  EXPECT_THAT(answers, IsEmpty());
  ASSERT_EQ(rounds.size(), 1u);
  rounds[0]({});
  EXPECT_THAT(answers, ElementsAre("a"));
}

TEST_F(WriteBarriersTest, WaitFirstForEveryRequestThatWasTakenBefore) {
  const uint64_t first = barriers.begin();
  const uint64_t second = barriers.begin();
  add("a");
  const uint64_t later = barriers.begin();
  barriers.end(second);
  EXPECT_THAT(rounds, IsEmpty());
  barriers.end(first);
  ASSERT_EQ(rounds.size(), 1u);
  rounds[0]({});
  EXPECT_THAT(answers, ElementsAre("a"));
  barriers.end(later);
  EXPECT_EQ(rounds.size(), 1u);
}

TEST_F(WriteBarriersTest, ThatComeDuringARoundGoWithTheNext) {
  add("a");
  add("b");
  add("c");
  ASSERT_EQ(rounds.size(), 1u);
  rounds[0]({});
  EXPECT_THAT(answers, ElementsAre("a"));
  ASSERT_EQ(rounds.size(), 2u);
  rounds[1]({});
  EXPECT_THAT(answers, ElementsAre("a", "b", "c"));
  EXPECT_EQ(rounds.size(), 2u);
}

TEST_F(WriteBarriersTest, FailWhenWhatIsBeyondIsNotKnown) {
  add("a");
  add("b");
  ASSERT_EQ(rounds.size(), 1u);
  rounds[0](unavailable("gone"));
  EXPECT_THAT(answers, ElementsAre("a: gone"));
  ASSERT_EQ(rounds.size(), 2u);
  rounds[1]({});
  EXPECT_THAT(answers, ElementsAre("a: gone", "b"));
}

}  // namespace
}  // namespace kabuki::actors

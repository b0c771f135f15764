#include "actors/store_shard/fresh_reads.hpp"

#include <gtest/gtest.h>

#include "actors/store_shard/commit_answers.hpp"
#include "messages/status.hpp"

namespace kabuki::store::test {
namespace {

using Names = std::vector<std::string>;

runtime::Inbound read(const std::string& name) {
  runtime::Inbound in;
  in.rest = name;
  return in;
}
Names names(const std::vector<runtime::Inbound>& reads) {
  Names out;
  for (const auto& in : reads) out.push_back(in.rest);
  return out;
}
constexpr io::MonoTime at(int64_t ns) { return {ns}; }

TEST(FreshReads, OneBarrierServesAllThatCameBeforeItWasAsked) {
  FreshReads reads;
  EXPECT_FALSE(reads.ask());
  reads.add(read("a"), at(100), std::nullopt, false, false);
  reads.add(read("b"), at(100), std::nullopt, false, false);
  EXPECT_TRUE(reads.ask());
  EXPECT_FALSE(reads.ask());
  reads.add(read("late"), at(100), std::nullopt, false, false);
  EXPECT_EQ(names(reads.take(1000)), Names{});
  reads.answered(7);
  EXPECT_EQ(names(reads.take(6)), Names{});
  EXPECT_EQ(names(reads.take(7)), (Names{"a", "b"}));
  EXPECT_TRUE(reads.unasked());
  EXPECT_TRUE(reads.ask());
  reads.answered(9);
  EXPECT_EQ(names(reads.take(9)), Names{"late"});
  EXPECT_EQ(reads.size(), 0u);
  EXPECT_FALSE(reads.ask());
}

TEST(FreshReads, WhoCameWhenABarrierWasUnderWayNeedsTheNext) {
  FreshReads reads;
  reads.asked();
  reads.add(read("first"), at(100), std::nullopt, false, true);
  reads.add(read("second"), at(100), std::nullopt, false, false);
  reads.answered(3);
  EXPECT_EQ(names(reads.take(100)), Names{"first"});
  EXPECT_TRUE(reads.ask());
}

TEST(FreshReads, AFailedBarrierIsAskedAgainAndExplainsWhoIsLate) {
  FreshReads reads;
  reads.add(read("a"), at(10), std::nullopt, false, false);
  EXPECT_TRUE(reads.ask());
  reads.answered(unavailable("no leader"));
  EXPECT_EQ(names(reads.take(100)), Names{});
  EXPECT_TRUE(reads.ask());
  reads.answered(unavailable("still none"));
  EXPECT_EQ(reads.take_late(at(9), 1).size(), 0u);
  const auto late = reads.take_late(at(10), 1);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].why, unavailable("still none"));
  EXPECT_EQ(reads.size(), 0u);
}

TEST(FreshReads, ARevisionThatIsAheadIsWaitedForUntilTheDeadline) {
  FreshReads reads;
  reads.add(read("slow"), at(50), std::nullopt, false, true);
  reads.add(read("5"), at(30), 5, true, false);
  reads.add(read("9"), at(30), 9, true, false);
  EXPECT_EQ(reads.next_deadline(), at(30));
  EXPECT_EQ(names(reads.take(5)), Names{"5"});
  const auto late = reads.take_late(at(30), 5);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].why, too_large_resource_version(9, 5));
  EXPECT_EQ(reads.next_deadline(), at(50));
  EXPECT_EQ(reads.take_late(at(50), 5)[0].why.code, 504);
  EXPECT_EQ(reads.next_deadline(), std::nullopt);
}

TEST(FreshReads, ForgetsWhoIsGone) {
  FreshReads reads;
  for (const char* name : {"a", "b", "c"}) reads.add(read(name), at(10), 1, true, false);
  reads.drop([](const runtime::Inbound& in) { return in.rest == "b"; });
  EXPECT_EQ(names(reads.take(1)), (Names{"a", "c"}));
}

TEST(CommitAnswers, ComeInTheOrderOfTheirSubmissions) {
  using Results = std::vector<MutationResult>;
  CommitAnswers answers;
  const Results second{{Outcome::committed, 9}}, first{{Outcome::unknown, 0}};
  answers.answered(1, second);
  EXPECT_EQ(answers.next(100), std::nullopt);
  EXPECT_TRUE(answers.held());
  answers.answered(0, first);
  EXPECT_EQ(answers.next(100), first);
  EXPECT_EQ(answers.next(100), second);
  EXPECT_EQ(answers.next(100), std::nullopt);
  EXPECT_FALSE(answers.held());
}

TEST(CommitAnswers, WaitForTheVersionThatAConflictIsAbout) {
  using Results = std::vector<MutationResult>;
  CommitAnswers answers;
  const Results conflict{{Outcome::committed, 4}, {Outcome::conflict, 6}, {Outcome::conflict, 0}};
  answers.answered(0, conflict);
  EXPECT_EQ(answers.next(5), std::nullopt);
  EXPECT_EQ(answers.next(6), conflict);
}

}  // namespace
}  // namespace kabuki::store::test

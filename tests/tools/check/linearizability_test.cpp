#include "tools/check/linearizability.hpp"

#include <gtest/gtest.h>

#include "runtime/io/random.hpp"

namespace kabuki::tools {
namespace {

using Answer = Operation::Answer;

Operation read(uint64_t version, int64_t begin, int64_t end, std::string key = "a") {
  return {.kind = Operation::Kind::read, .key = std::move(key), .version = version, .begin = begin, .end = end};
}

Operation write(uint64_t expected, uint64_t version, int64_t begin, int64_t end, Answer answer = Answer::ok) {
  return {.kind = Operation::Kind::write,
          .key = "a",
          .expected = expected,
          .version = version,
          .answer = answer,
          .begin = begin,
          .end = answer == Answer::unknown ? Operation::kNever : end};
}

Operation revised(Operation operation, uint64_t revision) {
  operation.revision = revision;
  return operation;
}

Linearizable verdict(const std::vector<Operation>& history) { return check_linearizable(history).verdict; }

TEST(Linearizability, AcceptsWhatOneOrderExplains) {
  EXPECT_EQ(verdict({}), Linearizable::yes);
  EXPECT_EQ(verdict({read(0, 0, 1), write(0, 7, 2, 3), read(7, 4, 5), write(7, 0, 6, 7), read(0, 8, 9)}),
            Linearizable::yes);
  // Beside a write, a reader may see either version, but the second reader no older one than the first.
  EXPECT_EQ(verdict({write(0, 7, 0, 10), read(0, 1, 2), read(7, 3, 4)}), Linearizable::yes);
  EXPECT_EQ(verdict({write(0, 7, 0, 10), read(7, 1, 2), read(0, 3, 4)}), Linearizable::no);
}

TEST(Linearizability, RefusesAStaleRead) {
  EXPECT_EQ(verdict({write(0, 7, 0, 1), read(0, 2, 3)}), Linearizable::no);
  EXPECT_EQ(verdict({write(0, 7, 0, 1), write(7, 8, 2, 3), read(7, 4, 5)}), Linearizable::no);
}

TEST(Linearizability, RefusesALostUpdate) {
  EXPECT_EQ(verdict({write(0, 7, 0, 1), write(7, 8, 2, 5), write(7, 9, 3, 6)}), Linearizable::no);
  EXPECT_EQ(verdict({write(0, 7, 0, 1), write(7, 8, 2, 5), write(7, 9, 3, 6, Answer::conflict)}), Linearizable::yes);
}

TEST(Linearizability, RefusesAConflictWithoutACause) {
  EXPECT_EQ(verdict({write(0, 7, 0, 1), write(7, 8, 2, 3, Answer::conflict)}), Linearizable::no);
}

TEST(Linearizability, LetsAnUnknownWriteHappenLateOrNever) {
  const auto lost = write(7, 8, 2, 3, Answer::unknown);
  EXPECT_EQ(verdict({write(0, 7, 0, 1), lost, read(7, 10, 11)}), Linearizable::yes);
  EXPECT_EQ(verdict({write(0, 7, 0, 1), lost, read(7, 10, 11), read(8, 12, 13)}), Linearizable::yes);
  EXPECT_EQ(verdict({write(0, 7, 0, 1), lost, read(8, 10, 11), read(7, 12, 13)}), Linearizable::no);
  // Not before it was sent.
  EXPECT_EQ(verdict({write(0, 7, 0, 1), read(8, 1, 1), lost}), Linearizable::no);
}

TEST(Linearizability, SaysWhichKeyAndWhatRanBesideIt) {
  auto other = write(0, 1, 0, 1);
  other.key = "b";
  const auto report = check_linearizable({other, write(0, 7, 0, 1), write(7, 8, 2, 9), read(0, 3, 4)});
  EXPECT_EQ(report.verdict, Linearizable::no);
  EXPECT_EQ(report.detail, "key a: no order explains [3, 4] read 0; beside it [2, 9] write 7 -> 8: ok");
}

/// Concurrent compare-and-swaps that one register served, with some answers lost.
std::vector<Operation> honest(io::Random random, int clients, int rounds) {
  std::vector<Operation> history;
  uint64_t state = 0, next = 1;
  for (int round = 0; round < rounds; ++round) {
    const int64_t start = round * 10;
    for (int client = 0; client < clients; ++client) {
      const auto begin = start + static_cast<int64_t>(random.below(3)),
                 end = start + 5 + static_cast<int64_t>(random.below(9));
      if (random.chance(0.4)) {
        history.push_back(read(state, begin, end));
        continue;
      }
      const uint64_t version = next++;
      auto operation = write(random.chance(0.7) ? state : version + 1'000'000, version, begin, end);
      const bool happened = operation.expected == state;
      if (happened) state = operation.version;
      if (random.chance(0.2)) {
        operation.answer = Answer::unknown;
        operation.end = Operation::kNever;
      } else if (!happened) {
        operation.answer = Answer::conflict;
      }
      history.push_back(operation);
    }
  }
  return history;
}

TEST(Linearizability, AcceptsEveryHonestHistoryAndFindsOneWrongRead) {
  const io::Random seeds(5);
  int found = 0;
  for (int seed = 0; seed < 100; ++seed) {
    auto history = honest(seeds.split(std::to_string(seed)), 4, 30);
    EXPECT_EQ(verdict(history), Linearizable::yes) << seed;
    // The version before an acknowledged one, read after it.
    for (size_t i = 0; i < history.size(); ++i) {
      const auto& operation = history[i];
      if (operation.kind != Operation::Kind::write || operation.answer != Answer::ok || operation.begin < 100)
        continue;
      history.push_back(read(operation.expected, operation.end + 1, operation.end + 2));
      EXPECT_EQ(verdict(history), Linearizable::no) << seed;
      ++found;
      break;
    }
  }
  EXPECT_GT(found, 90);
}

TEST(Linearizability, RunningOutOfTimeIsNotPassing) {
  const auto history = honest(io::Random(1), 8, 50);
  const auto report = check_linearizable(history, 20);
  EXPECT_EQ(report.verdict, Linearizable::ran_out_of_time);
  EXPECT_EQ(report.detail, "key a: no answer after 20 steps");
}

TEST(Revisions, AreNeverUsedTwiceAndFollowTime) {
  EXPECT_TRUE(
      check_revisions({revised(write(0, 7, 0, 1), 2), revised(write(7, 8, 2, 3), 3), revised(read(8, 4, 5), 3)})
          .empty());
  EXPECT_EQ(check_revisions({revised(write(0, 7, 0, 1), 2), revised(read(7, 2, 3), 3)}),
            std::vector<std::string>{"version 7 has the revisions 2 and 3"});
  EXPECT_EQ(check_revisions({revised(write(0, 7, 0, 5), 2), revised(read(8, 0, 5), 2)}),
            std::vector<std::string>{"revision 2 is that of [0, 5] write 0 -> 7: ok on a and of [0, 5] read 8 on a"});
  EXPECT_EQ(check_revisions({revised(write(0, 7, 0, 1), 5), revised(write(7, 8, 2, 3), 4)}),
            std::vector<std::string>{
                "revision 4 was given to [2, 3] write 7 -> 8: ok on a after 5 to [0, 1] write 0 -> 7: ok on a"});
}

}  // namespace
}  // namespace kabuki::tools

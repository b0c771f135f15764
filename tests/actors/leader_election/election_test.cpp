#include "actors/leader_election/election.hpp"

#include <gtest/gtest.h>

namespace kabuki::leader_election {
namespace {

using namespace std::chrono_literals;
using io::MonoTime;
using io::WallTime;

const WallTime kWall{1'767'225'600'000'000'000};
MonoTime at(io::Duration since) { return MonoTime{1'000'000'000} + since; }

LeaseRecord held_by(const std::string& holder, uint32_t term, WallTime renewed = kWall) {
  return {.holder = holder, .duration = 15s, .acquired = kWall, .renewed = renewed, .term = term};
}

struct Candidate {
  Election election{"host-1", {}};
  /// Takes a free Lease at 0 s under the term after `before`.
  void win(uint32_t before = 6) {
    election.seen(held_by("", before), 40, at(0s));
    auto write = election.due(at(0s), kWall);
    ASSERT_TRUE(write);
    election.written(*write, 41, at(0s));
  }
};

TEST(Election, WritesNothingBeforeTheLeaseWasRead) {
  Candidate c;
  EXPECT_EQ(c.election.due(at(0s), kWall), std::nullopt);
  EXPECT_TRUE(c.election.must_read());
}

TEST(Election, MakesALeaseThatIsNotThere) {
  Candidate c;
  c.election.seen({}, 0, at(0s));
  EXPECT_EQ(c.election.due(at(0s), kWall), (Election::Write{held_by("host-1", 0), 0}));
}

TEST(Election, ATermBeganWithTheWriteThatTookOver) {
  Candidate c;
  c.win();
  EXPECT_EQ(c.election.began(), 41u);
  auto renewal = c.election.due(at(2s), kWall + 2s);
  ASSERT_TRUE(renewal);
  c.election.written(*renewal, 57, at(2s));
  EXPECT_EQ(c.election.began(), 41u) << "it goes on";
  c.election.seen(held_by("", 8), 80, at(30s));
  auto again = c.election.due(at(30s), kWall + 30s);
  ASSERT_TRUE(again);
  c.election.written(*again, 81, at(30s));
  EXPECT_EQ(c.election.began(), 81u);
}

TEST(Election, TakesOverWhatIsFreeUnderANewTerm) {
  struct {
    const char* what;
    LeaseRecord record;
    io::Duration later;
    bool taken;
  } cases[] = {
      {"given up", held_by("", 6), 0s, true},
      {"of a former life", held_by("host-1", 6), 0s, true},
      {"held", held_by("host-2", 6), 0s, false},
      {"held for almost its duration", held_by("host-2", 6), 14999ms, false},
      {"not renewed for its duration", held_by("host-2", 6), 15s, true},
      {"says it ended long ago", held_by("host-2", 6, WallTime{0}), 14s, false},
      {"says it was renewed in the future", held_by("host-2", 6, kWall + 1h), 15s, true},
  };
  for (const auto& c : cases) {
    Candidate candidate;
    candidate.election.seen(c.record, 40, at(0s));
    const WallTime wall = kWall + c.later;
    const auto write = candidate.election.due(at(c.later), wall);
    EXPECT_EQ(write.has_value(), c.taken) << c.what;
    if (!write) continue;
    LeaseRecord taken = held_by("host-1", 7, wall);
    taken.acquired = wall;
    EXPECT_EQ(*write, (Election::Write{taken, 40})) << c.what;
  }
}

TEST(Election, EachChangeThatIsSeenCountsAnew) {
  Candidate c;
  c.election.seen(held_by("host-2", 6), 40, at(0s));
  c.election.seen(held_by("host-2", 6), 40, at(10s));
  c.election.seen(held_by("host-2", 6), 41, at(14s));
  EXPECT_FALSE(c.election.due(at(28s), kWall));
  EXPECT_TRUE(c.election.due(at(29s), kWall));
}

TEST(Election, LeadsFromTheWriteUntilTheDeadlineAfterItWasSent) {
  Candidate c;
  c.win();
  EXPECT_EQ(c.election.term(), 7u);
  EXPECT_TRUE(c.election.leads(at(9999ms)));
  EXPECT_FALSE(c.election.leads(at(10s)));
}

TEST(Election, ARenewalKeepsTermAndAcquiringAndMovesTheDeadline) {
  Candidate c;
  c.win();
  const auto write = c.election.due(at(2s), kWall + 2s);
  ASSERT_TRUE(write);
  EXPECT_EQ(*write, (Election::Write{held_by("host-1", 7, kWall + 2s), 41}));
  c.election.written(*write, 50, at(2s));
  EXPECT_EQ(c.election.deadline(), at(12s));
  EXPECT_EQ(c.election.due(at(4s), kWall)->expected_revision, 50u);
}

TEST(Election, AfterAnUnclearWriteItReadsFirstAndStillLeadsMeanwhile) {
  Candidate c;
  c.win();
  c.election.unclear();
  EXPECT_FALSE(c.election.due(at(2s), kWall));
  EXPECT_TRUE(c.election.leads(at(2s)));
  c.election.seen(held_by("host-1", 7, kWall + 2s), 44, at(3s));
  EXPECT_TRUE(c.election.leads(at(3s)));
  EXPECT_EQ(c.election.deadline(), at(10s)) << "a read renews nothing";
  EXPECT_EQ(c.election.due(at(3s), kWall)->expected_revision, 44u);
}

TEST(Election, AnotherHolderAnotherTermOrNoLeaseEndsLeadershipAtOnce) {
  for (const auto& now : {std::optional(held_by("host-2", 8)), std::optional(held_by("host-1", 8)),
                          std::optional(held_by("", 7)), std::optional<LeaseRecord>()}) {
    Candidate c;
    c.win();
    c.election.seen(now, 60, at(1s));
    EXPECT_FALSE(c.election.leads(at(1s)));
  }
}

TEST(Election, ItsOwnLeaseAfterTheDeadlineIsANewTerm) {
  Candidate c;
  c.win();
  EXPECT_EQ(c.election.due(at(11s), kWall)->record.term, 8u);
}

TEST(Election, ATermIsNotUsedAgainWhenSomebodyDeletedTheLease) {
  Candidate c;
  c.win();
  c.election.seen({}, 0, at(1s));
  EXPECT_EQ(c.election.due(at(1s), kWall)->record.term, 8u);
}

TEST(Election, GivesUpOnlyWhatItHolds) {
  Candidate c;
  EXPECT_FALSE(c.election.release(at(0s), kWall));
  c.win();
  const auto write = c.election.release(at(1s), kWall);
  ASSERT_TRUE(write);
  EXPECT_EQ(write->record.holder, "");
  EXPECT_EQ(write->record.term, 7u);
  EXPECT_EQ(write->expected_revision, 41u);
  EXPECT_FALSE(c.election.release(at(10s), kWall));
}

TEST(Election, LooksAgainAfterTheRetryPeriodButNotLaterThanTheLeaseEnds) {
  Candidate c;
  c.election.seen(held_by("host-2", 6), 40, at(0s));
  EXPECT_EQ(c.election.next(at(0s), 0), at(2s));
  EXPECT_EQ(c.election.next(at(0s), 1), at(2400ms));
  EXPECT_EQ(c.election.next(at(14s), 1), at(15s));
  Candidate leader;
  leader.win();
  EXPECT_EQ(leader.election.next(at(0s), 1), at(2s));
}

TEST(Election, ALeaseKeepsWhatIsNotElections) {
  ::k8s::io::api::coordination::v1::Lease lease;
  lease.mutable_metadata()->set_name("kube-scheduler");
  lease.mutable_spec()->set_strategy("OldestEmulationVersion");
  const LeaseRecord record{
      .holder = "host-1", .duration = 1300ms, .acquired = kWall, .renewed = kWall + 1s, .term = 3};
  put_record(record, &lease);
  LeaseRecord whole = record;
  whole.duration = 2s;
  EXPECT_EQ(record_of(lease), whole);
  EXPECT_EQ(lease.spec().strategy(), "OldestEmulationVersion");
  EXPECT_EQ(lease.metadata().name(), "kube-scheduler");
}

TEST(Election, OptionsMustLeaveRoom) {
  EXPECT_TRUE(check({}).ok());
  EXPECT_TRUE(check({.lease_duration = 2s, .renew_deadline = 1300ms, .retry_period = 300ms}).ok());
  EXPECT_FALSE(check({.lease_duration = 10s, .renew_deadline = 10s, .retry_period = 2s}).ok());
  EXPECT_FALSE(check({.lease_duration = 15s, .renew_deadline = 2s, .retry_period = 2s}).ok());
  EXPECT_FALSE(check({.lease_duration = 15s, .renew_deadline = 10s, .retry_period = 0s}).ok());
}

}  // namespace
}  // namespace kabuki::leader_election

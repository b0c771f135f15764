#include "tests/store/engine_suite.hpp"

// What a change may depend on beside its own key, judged in the instant in which it happens.
namespace kabuki::store::test {
namespace {

class GuardedEngineTest : public HomeTest {};
class TermEngineTest : public HomeTest {};

Mutation provided(Mutation mutation, Key other, uint64_t revision) {
  mutation.provided = std::make_shared<const Condition>(Condition{std::move(other), revision});
  return mutation;
}

std::shared_ptr<const Term> term(std::string holder, uint32_t number, std::string lease = "scheduler") {
  return std::make_shared<const Term>(Term{std::move(lease), std::move(holder), number});
}
Mutation under(Mutation mutation, std::shared_ptr<const Term> term) {
  mutation.under = std::move(term);
  return mutation;
}
Mutation begins(Mutation mutation, std::shared_ptr<const Term> term) {
  mutation.begins = std::move(term);
  return mutation;
}

TEST_P(GuardedEngineTest, AChangeHappensOnlyWhileAnotherKeyIsAsItWasProvided) {
  RunningEngine engine(this->engine());
  const auto a = engine.commit({put(thing("a", "1"))});
  ASSERT_EQ(outcomes(a), "committed");
  const uint64_t old = a[0].revision;
  const auto b = engine.commit({put(thing("a", "2"), old)});
  const uint64_t now = b[0].revision;
  EXPECT_EQ(
      outcomes(engine.commit(
          {provided(put(thing("b", "1")), thing_key("a"), old), provided(put(thing("c", "1")), thing_key("a"), now),
           provided(put(thing("d", "1")), thing_key("a"), 0), provided(put(thing("e", "1")), thing_key("nothing"), 0),
           provided(put(thing("f", "1")), thing_key("nothing"), now),
           provided(put(thing("a", "3"), old), thing_key("a"), old), put(thing("g", "1"))})),
      "unmet committed unmet committed unmet conflict committed");
  EXPECT_THAT(told(engine.changes),
              testing::UnorderedElementsAre("put a=1", "put a=2 was 1", "put c=1", "put e=1", "put g=1"));
}

TEST_P(GuardedEngineTest, OfAChangeAndWhatItIsProvidedOnOneOfBothHappens) {
  RunningEngine engine(this->engine());
  for (int round = 0; round < 4; ++round) {
    const Key claim = thing_key("claim-" + std::to_string(round));
    const Key user = thing_key("user-" + std::to_string(round));
    const uint64_t revision = engine.commit({put(thing(claim.name, "1"))})[0].revision;
    std::vector<Mutation> both{provided(remove(claim, revision), user, 0),
                               provided(put(thing(user.name, "1")), claim, revision)};
    if (round % 2 == 1) std::swap(both[0], both[1]);
    EXPECT_THAT(outcomes(engine.commit(std::move(both))), testing::AnyOf("committed unmet", "unmet committed"));
  }
}

TEST_P(TermEngineTest, WhatIsDoneUnderATermThatIsOverIsNotDone) {
  RunningEngine leases(this->engine({"leases", kIdentity.mapping}));
  RunningEngine pods(this->engine());
  EXPECT_EQ(outcomes(pods.commit({under(put(thing("a", "0")), term("host-1", 1))})), "deposed") << "it never began";
  const uint64_t first = leases.commit({begins(put(thing("scheduler", "host-1")), term("host-1", 1))})[0].revision;
  EXPECT_EQ(outcomes(pods.commit({under(put(thing("a", "1")), term("host-1", 1)), put(thing("b", "1")),
                                  under(put(thing("c", "1")), term("host-1", 0)),
                                  under(put(thing("d", "1")), term("host-2", 1)),
                                  under(put(thing("e", "1")), term("host-1", 1, "controllers")),
                                  under(put(thing("f", "1")), term("host-1", 1))})),
            "committed committed deposed deposed deposed committed");
  // It is renewed, then another takes over.
  const uint64_t second =
      leases.commit({begins(put(thing("scheduler", "still"), first), term("host-1", 1))})[0].revision;
  EXPECT_EQ(outcomes(pods.commit({under(put(thing("g", "1")), term("host-1", 1))})), "committed");
  leases.commit({begins(put(thing("scheduler", "host-2"), second), term("host-2", 2))});
  EXPECT_EQ(outcomes(pods.commit(
                {under(put(thing("h", "1")), term("host-1", 1)), under(put(thing("h", "2")), term("host-2", 2))})),
            "deposed committed");
  EXPECT_THAT(told(pods.changes),
              testing::UnorderedElementsAre("put a=1", "put b=1", "put f=1", "put g=1", "put h=2"));
}

TEST_P(TermEngineTest, ATermThatDoesNotBeginBecauseOfAConflictEndsNoOther) {
  RunningEngine leases(this->engine({"leases", kIdentity.mapping}));
  RunningEngine pods(this->engine());
  leases.commit({begins(put(thing("scheduler", "host-1")), term("host-1", 1))});
  EXPECT_EQ(outcomes(leases.commit({begins(put(thing("scheduler", "host-2")), term("host-2", 2))})), "conflict");
  EXPECT_EQ(outcomes(pods.commit({under(put(thing("a", "1")), term("host-1", 1))})), "committed");
}

INSTANTIATE_TEST_SUITE_P(Engines, GuardedEngineTest, testing::ValuesIn(all_engines()), name_of_engine);
INSTANTIATE_TEST_SUITE_P(Engines, TermEngineTest, testing::ValuesIn(shared_engines()), name_of_engine);

}  // namespace
}  // namespace kabuki::store::test

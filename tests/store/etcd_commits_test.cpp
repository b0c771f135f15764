#include "store/engines/etcd_commits.hpp"

#include <gtest/gtest.h>

#include "store/engines/etcd_format.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::etcd {
namespace {

using test::put;
using test::remove;
using test::thing;
using test::thing_key;

constexpr uint64_t kInstance = 7;
constexpr uint64_t kFence = 20;
const std::string kPrefix = "/c/objects/";

TEST(EtcdFormat, KeysSortAsListsDoAndComeBack) {
  const Keys keys(kPrefix);
  std::vector<Key> sorted{{kinds::kConfigMap, "", "z"},     {kinds::kConfigMap, "a", "b"},
                          {kinds::kConfigMap, "a-b", "a"},  {kinds::kConfigMap, "a.b", "a"},
                          {kinds::kConfigMap, "ab", "a-b"}, {kinds::kConfigMap, "ab", "a.b"}};
  std::sort(sorted.begin(), sorted.end());
  std::string before;
  for (const auto& key : sorted) {
    const auto bytes = keys.object(key);
    EXPECT_LT(before, bytes);
    EXPECT_EQ(keys.parse_object(bytes), KeyView(key));
    before = bytes;
  }
  EXPECT_LT(before, range_end(keys.objects));
  for (const std::string bad : {"", "o/", "o/0000/a", "o/12/a", "o/00zz/a"}) {
    EXPECT_EQ(keys.parse_object(kPrefix + bad), std::nullopt) << bad;
  }
  EXPECT_EQ(keys.parse_object(kPrefix + "o/0000/" + std::string("a\0b", 3)), std::nullopt);
}

TEST(EtcdFormat, CommitIdsComeBackAndNothingElseDoes) {
  const CommitId id{18'446'744'073'709'551'615u, 3};
  EXPECT_EQ(decode_commit_id(encode_commit_id(id)), id);
  for (const std::string bad : {"", "1", "1.", ".1", "1.x", "1.2.3", "-1.2"}) {
    EXPECT_EQ(decode_commit_id(bad), std::nullopt) << bad;
  }
}

class EtcdCommitsTest : public testing::Test {
 protected:
  EtcdCommitsTest() { replica_.loaded_revision(10); }

  /// Submits for the deadline 100; the answer goes to `answers_` under this name.
  void submit(const std::string& name, std::vector<Mutation> batch, int64_t deadline = 100) {
    commits_.submit(std::move(batch), [this, name](auto results) { answers_.emplace_back(name, std::move(results)); },
                    {deadline});
  }
  /// The visible revision of a mutation with so many after it in its transaction.
  uint64_t at(uint64_t revision, size_t place = 0) const { return replica_.visible(revision, place); }
  /// The names of the objects that a transaction writes.
  std::string names(const std::optional<Transaction>& transaction) {
    std::string out;
    if (!transaction) return "none";
    for (const auto& operation : transaction->request.success()) {
      const auto& key =
          operation.has_request_put() ? operation.request_put().key() : operation.request_delete_range().key();
      if (const auto object = keys_.parse_object(key)) out += object->name;
    }
    return out;
  }
  mvccpb::Event event(const std::string& key, std::string value, int64_t revision) {
    mvccpb::Event out;
    out.mutable_kv()->set_key(key);
    out.mutable_kv()->set_value(std::move(value));
    out.mutable_kv()->set_mod_revision(revision);
    return out;
  }
  /// The watch tells of these puts at this revision, made by nobody known.
  void tell(const std::string& names, int64_t revision) {
    std::vector<mvccpb::Event> events;
    size_t place = names.size();
    for (const char name : names) {
      events.push_back(event(keys_.object(thing_key(std::string(1, name))), encode_value("x", --place), revision));
    }
    events.push_back(event(keys_.head, encode_commit_id({3, 4}), revision));
    ASSERT_TRUE(replica_.apply(std::move(events)).ok());
  }
  /// A transaction failed: the fence and the head stand there, the members at these revisions.
  etcdserverpb::TxnResponse failure(int64_t fence, int64_t head, const std::vector<int64_t>& members) {
    etcdserverpb::TxnResponse out;
    const auto add = [&](int64_t revision) {
      auto* range = out.add_responses()->mutable_response_range();
      if (revision != 0) range->add_kvs()->set_mod_revision(revision);
    };
    add(fence);
    add(head);
    for (const int64_t member : members) add(member);
    return out;
  }

  using Answers = std::vector<std::pair<std::string, std::vector<MutationResult>>>;
  const Keys keys_{kPrefix};
  Replica replica_{kPrefix, 0, kInstance};
  Commits commits_{&replica_};
  Answers answers_;
};

TEST_F(EtcdCommitsTest, ATransactionExpectsItsFenceAndItsMembersAndNamesItself) {
  tell("b", 15);
  submit("s", {put(thing("a", "1")), remove(thing_key("b"), at(15))});
  const auto transaction = commits_.next(kFence);
  ASSERT_TRUE(transaction);
  etcdserverpb::TxnRequest expected;
  const std::string a = keys_.object(thing_key("a"));
  const std::string b = keys_.object(thing_key("b"));
  for (const auto& [key, revision] :
       {std::pair(keys_.fence(kInstance), kFence), std::pair(a, uint64_t{0}), std::pair(b, uint64_t{15})}) {
    auto* compare = expected.add_compare();
    compare->set_key(key);
    compare->set_target(etcdserverpb::Compare::MOD);
    compare->set_mod_revision(static_cast<int64_t>(revision));
  }
  expected.add_success()->mutable_request_put()->set_key(a);
  expected.mutable_success(0)->mutable_request_put()->set_value(encode_value("1", 1));
  expected.add_success()->mutable_request_delete_range()->set_key(b);
  expected.add_success()->mutable_request_put()->set_key(keys_.head);
  expected.mutable_success(2)->mutable_request_put()->set_value(encode_commit_id({kInstance, 1}));
  for (const auto& key : {keys_.fence(kInstance), keys_.head, a, b}) {
    auto* range = expected.add_failure()->mutable_request_range();
    range->set_key(key);
    range->set_keys_only(true);
  }
  EXPECT_EQ(transaction->request.DebugString(), expected.DebugString());
}

TEST_F(EtcdCommitsTest, OneOfAKeyIsUnderWayAndOthersPassIt) {
  submit("first", {put(thing("a", "1")), put(thing("a", "2")), put(thing("b", "1"))});
  EXPECT_EQ(names(commits_.next(kFence)), "ab");
  submit("second", {put(thing("b", "2")), put(thing("c", "1"))});
  EXPECT_EQ(names(commits_.next(kFence)), "c");
  EXPECT_EQ(names(commits_.next(kFence)), "none");
  tell("c", 21);
  commits_.committed(2, 21);
  commits_.answer();
  EXPECT_EQ(answers_, Answers{});
  tell("ab", 22);
  commits_.committed(1, 22);
  EXPECT_EQ(names(commits_.next(kFence)), "ab");
  commits_.failed(3, failure(kFence, 22, {22, 22}));
  commits_.answer();
  EXPECT_EQ(
      answers_,
      (Answers{
          {"first", {{Outcome::committed, at(22, 1)}, {Outcome::conflict, at(22, 1)}, {Outcome::committed, at(22)}}},
          {"second", {{Outcome::conflict, at(22)}, {Outcome::committed, at(21)}}}}));
  EXPECT_TRUE(commits_.idle());
}

TEST_F(EtcdCommitsTest, SendsAgainWhatAFailedTransactionWasRightAbout) {
  submit("s", {put(thing("a", "1")), put(thing("b", "1")), put(thing("c", "1"))});
  EXPECT_EQ(names(commits_.next(kFence)), "abc");
  EXPECT_EQ(commits_.failed(1, failure(kFence, 30, {0, 30, 0})), kFence);
  EXPECT_EQ(names(commits_.next(kFence)), "ac");
  commits_.committed(2, 31);
  commits_.answer();
  EXPECT_EQ(answers_, Answers{});  // the conflict is with what the watch has not told yet
  tell("b", 30);
  commits_.answer();
  EXPECT_EQ(
      answers_,
      (Answers{{"s", {{Outcome::committed, at(31, 1)}, {Outcome::conflict, at(30)}, {Outcome::committed, at(31)}}}}));
}

TEST_F(EtcdCommitsTest, ConflictsWithNothingWhereOnlyTheFenceHasMoved) {
  submit("s", {put(thing("a", "1")), put(thing("b", "1"))});
  EXPECT_EQ(names(commits_.next(kFence)), "ab");
  EXPECT_EQ(commits_.failed(1, failure(25, 30, {0, 30})), 25u);
  const auto again = commits_.next(25);
  EXPECT_EQ(names(again), "ab");
  EXPECT_EQ(again->request.compare(0).mod_revision(), 25);
  EXPECT_EQ(commits_.failed(2, failure(0, 30, {0, 30})), 0u);
}

TEST_F(EtcdCommitsTest, AfterAFenceSendsWhatTheWatchHasNotTold) {
  submit("s", {put(thing("a", "1"))});
  submit("t", {put(thing("b", "1"))});
  EXPECT_EQ(names(commits_.next(kFence)), "ab");
  submit("u", {put(thing("c", "1"))});
  EXPECT_EQ(names(commits_.next(kFence)), "c");
  commits_.committed(1, 40);
  commits_.fenced();
  const auto again = commits_.next(41);
  EXPECT_EQ(names(again), "c");
  EXPECT_EQ(again->number, 3u);
  commits_.committed(2, 43);  // a number that is no more
  commits_.answer();
  EXPECT_EQ(answers_, (Answers{{"s", {{Outcome::committed, at(40, 1)}}}, {"t", {{Outcome::committed, at(40)}}}}));
}

TEST_F(EtcdCommitsTest, AsksHowAKeyIsThoughAConflictIsCertain) {
  tell("ab", 15);
  submit("s", {put(thing("a", "1"), at(12)), put(thing("c", "1"), at(12)), put(thing("a", "2"), at(15, 1)),
               put(thing("b", "1")), put(thing("d", "1"), at(16)), remove(thing_key("e"), 0)});
  const auto certain = commits_.next(kFence);
  EXPECT_EQ(names(certain), "ac");
  for (const auto& compare : certain->request.compare()) {
    if (!keys_.parse_object(compare.key())) continue;
    EXPECT_EQ(compare.mod_revision(), INT64_MAX);
  }
  EXPECT_EQ(names(commits_.next(kFence)), "bd") << "what may be committed goes by itself";
  EXPECT_EQ(names(commits_.next(kFence)), "e");
  commits_.failed(1, failure(kFence, 15, {15, 0}));
  EXPECT_EQ(names(commits_.next(kFence)), "a");
  commits_.failed(2, failure(kFence, 15, {15, 0}));
  commits_.failed(3, failure(kFence, 15, {0}));
  commits_.committed(4, 17);
  commits_.answer();
  EXPECT_EQ(answers_, (Answers{{"s",
                                {{Outcome::conflict, at(15, 1)},
                                 {Outcome::conflict, 0},
                                 {Outcome::committed, at(17)},
                                 {Outcome::conflict, at(15)},
                                 {Outcome::conflict, 0},
                                 {Outcome::conflict, 0}}}}));
}

TEST_F(EtcdCommitsTest, AConflictIsNotAnsweredWithAVersionThatIsPast) {
  tell("a", 15);
  submit("s", {put(thing("a", "1"), at(12))});
  commits_.next(kFence);
  // Somebody has changed it at 18, and may have told others.
  commits_.failed(1, failure(kFence, 18, {18}));
  commits_.answer();
  EXPECT_EQ(answers_, Answers{});
  tell("a", 18);
  commits_.answer();
  EXPECT_EQ(answers_, (Answers{{"s", {{Outcome::conflict, at(18)}}}}));
}

TEST_F(EtcdCommitsTest, AnswersWhatIsNotDecidedInTimeAsUnknownAndSendsItNoMore) {
  submit("s", {put(thing("a", "1"))}, 50);
  EXPECT_EQ(names(commits_.next(kFence)), "a");
  submit("t", {put(thing("b", "1")), put(thing("c", "1"), at(5))}, 50);
  submit("u", {put(thing("a", "2"))}, 60);
  EXPECT_EQ(names(commits_.next(kFence)), "b");
  submit("v", {put(thing("d", "1")), put(thing("a", "3"))}, 90);
  commits_.expire({49});
  EXPECT_EQ(answers_, Answers{});
  commits_.expire({60});
  EXPECT_EQ(answers_, (Answers{{"s", {{Outcome::unknown, 0}}},
                               {"t", {{Outcome::unknown, 0}, {Outcome::unknown, 0}}},
                               {"u", {{Outcome::unknown, 0}}}}));
  commits_.fenced();
  EXPECT_EQ(names(commits_.next(kFence)), "da");
}

TEST_F(EtcdCommitsTest, CutsTransactionsByNumberAndBytesAndKeepsSomeUnderWay) {
  std::vector<Mutation> many;
  for (int i = 0; i < 100; ++i) many.push_back(put(thing("t" + std::to_string(i), "1")));
  submit("many", many);
  EXPECT_EQ(commits_.next(kFence)->request.compare_size(), static_cast<int>(limits::kEtcdMutations) + 1);
  EXPECT_EQ(commits_.next(kFence)->request.compare_size(), 100 - static_cast<int>(limits::kEtcdMutations) + 1);
  std::vector<Mutation> large;
  for (int i = 0; i < 40; ++i) large.push_back(put(thing("l" + std::to_string(i), std::string(900'000, 'l'))));
  submit("large", large);
  for (size_t i = 2; i < limits::kEtcdTransactions; ++i) {
    EXPECT_EQ(commits_.next(kFence)->request.compare_size(), 2);
  }
  EXPECT_EQ(names(commits_.next(kFence)), "none");
}

TEST_F(EtcdCommitsTest, HalvesWhatEtcdFindsTooLarge) {
  submit("s", {put(thing("a", "1")), put(thing("b", "1")), put(thing("c", "1"))});
  EXPECT_EQ(names(commits_.next(kFence)), "abc");
  commits_.too_large(1);
  EXPECT_EQ(names(commits_.next(kFence)), "a");
  EXPECT_EQ(names(commits_.next(kFence)), "b");
  EXPECT_EQ(names(commits_.next(kFence)), "c");
  commits_.too_large(3);
  commits_.committed(2, 40);
  commits_.committed(4, 41);
  commits_.answer();
  EXPECT_EQ(answers_,
            (Answers{{"s", {{Outcome::committed, at(40)}, {Outcome::unknown, 0}, {Outcome::committed, at(41)}}}}));
}

}  // namespace
}  // namespace kabuki::store::etcd

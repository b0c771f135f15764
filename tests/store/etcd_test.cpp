#include "store/engines/etcd.hpp"

#include <gmock/gmock.h>

#include "store/key_order.hpp"
#include "tests/store/etcd_fixture.hpp"

namespace kabuki::store::test {
namespace {

/// One member for all tests of a program, a prefix for each.
class EtcdTest : public testing::Test {
 protected:
  static void TearDownTestSuite() { cluster_.reset(); }
  void SetUp() override {
    KABUKI_NEEDS_ETCD();
    if (!cluster_) cluster_ = std::make_unique<EtcdCluster>(1);
    prefix_ = std::string("/test/") + testing::UnitTest::GetInstance()->current_test_info()->name() + "/";
  }
  EtcdOptions options(ShardIdentity identity = kEtcdIdentity) {
    return cluster_->options(prefix_, std::move(identity));
  }
  static std::string at(uint64_t revision) { return "@" + std::to_string(revision); }

  static std::unique_ptr<EtcdCluster> cluster_;
  std::string prefix_;
};
std::unique_ptr<EtcdCluster> EtcdTest::cluster_;

TEST_F(EtcdTest, JudgesEntriesOneByOneInTheirOrder) {
  EtcdHost host(options());
  EXPECT_EQ(host.revision, kFirstRevision);
  const auto first = host.commit({put(thing("a", "1")), put(thing("a", "2")), put(thing("b", "1")),
                                  remove(thing_key("c"), 0), put(thing("d", "1"), 7)});
  const uint64_t one = first[0].revision;
  EXPECT_GT(one, kFirstRevision);
  // Of one transaction, and yet each has a revision of its own.
  EXPECT_EQ(first, (Results{{Outcome::committed, one},
                            {Outcome::conflict, one},
                            {Outcome::committed, one + 1},
                            {Outcome::conflict, 0},
                            {Outcome::conflict, 0}}));
  const auto second = host.commit({put(thing("a", "3"), one), remove(thing_key("b"), one + 1),
                                   put(thing("b", "2"), one + 1), put(thing("b", "3"))});
  const uint64_t two = second[0].revision;
  const uint64_t three = second[3].revision;
  EXPECT_EQ(second, (Results{{Outcome::committed, two},
                             {Outcome::committed, two + 1},
                             {Outcome::conflict, 0},
                             {Outcome::committed, three}}));
  EXPECT_LT(one + 1, two);
  EXPECT_LT(two + 1, three);
  EXPECT_EQ(host.feed(),
            (Texts{"put default/a" + at(one) + "=1 was null", "put default/b" + at(one + 1) + "=1 was null",
                   "put default/a" + at(two) + "=3 was default/a" + at(one) + "=1",
                   "deleted default/b" + at(two + 1) + "=1 was default/b" + at(one + 1) + "=1",
                   "put default/b" + at(three) + "=3 was null"}));
  EXPECT_EQ(host.commit({}), Results{});
}

TEST_F(EtcdTest, FeedsEveryEngineEverybodysChanges) {
  EtcdHost one(options());
  EtcdHost two(options());
  const uint64_t created = one.commit({put(thing("a", "one"))})[0].revision;
  EXPECT_EQ(two.commit({put(thing("a", "two"))}), (Results{{Outcome::conflict, created}}));
  EXPECT_EQ(two.feed(), one.feed());  // a conflict is with what its engine has fed
  const auto changed = two.commit({put(thing("a", "two"), created), put(thing("b", "two"))});
  EXPECT_EQ(changed[0].outcome, Outcome::committed);
  EXPECT_EQ(one.commit({put(thing("a", "late"), created)})[0].outcome, Outcome::conflict);
  const auto removed = one.commit({remove(thing_key("a"), changed[0].revision)});
  EXPECT_EQ(removed[0].outcome, Outcome::committed);
  EXPECT_EQ(two.fresh(), one.fresh());
  EXPECT_EQ(one.feed().back(),
            "deleted default/a" + at(removed[0].revision) + "=two was default/a" + at(changed[0].revision) + "=two");
}

TEST_F(EtcdTest, ABarrierIsTheRevisionOfTheLastChangeWhoeverMadeIt) {
  EtcdHost one(options());
  EtcdHost two(options());
  EXPECT_EQ(*two.barrier(), kFirstRevision);
  const uint64_t created = one.commit({put(thing("a", "1"))})[0].revision;
  EXPECT_EQ(*two.barrier(), created);
  const uint64_t removed = one.commit({remove(thing_key("a"), created)})[0].revision;
  EXPECT_EQ(*two.barrier(), removed);
  EXPECT_EQ(*two.barrier(), removed);
}

TEST_F(EtcdTest, FindsEverythingAgainInKeyOrderOverSeveralPages) {
  Texts expected;
  uint64_t last = 0;
  {
    EtcdHost host(options());
    std::vector<Mutation> batch;
    for (int i = 0; i < 1500; ++i)
      batch.push_back(put(thing(std::to_string(10'000 + i), "x", 0, i % 2 ? "a" : "a-b")));
    batch.push_back(put(thing("a", std::string("\0\xff", 2), 0, "a")));
    batch.push_back(put(Object::make(kinds::kNode, "", "n", 0, "node")));
    const auto results = host.commit(batch);
    std::vector<ObjectPtr> objects;
    for (size_t i = 0; i < batch.size(); ++i) {
      ASSERT_EQ(results[i].outcome, Outcome::committed);
      objects.push_back(Object::at_revision(*batch[i].object, results[i].revision));
    }
    std::sort(objects.begin(), objects.end(), ByKey());
    last = host.commit({remove(objects[3]->key(), objects[3]->revision())})[0].revision;
    objects.erase(objects.begin() + 3);
    expected = texts(objects);
  }
  EtcdHost again(options());
  EXPECT_EQ(again.revision, last);
  EXPECT_EQ(texts(again.objects), expected);
  EXPECT_EQ(again.commit({put(again.objects[0], 1)}), (Results{{Outcome::conflict, again.objects[0]->revision()}}));
}

TEST_F(EtcdTest, RefusesTheDataOfAnotherShardOrMapping) {
  { EtcdHost host(options()); }
  const auto nothing = [](ObjectPtr) {};
  const auto shard = make_etcd_engine(options({"leases", kEtcdIdentity.mapping}))->load(nothing);
  ASSERT_FALSE(shard.ok());
  EXPECT_THAT(shard.error().message, testing::HasSubstr("below " + prefix_ + R"( holds the shard "objects")"));
  const auto mapping = make_etcd_engine(options({"objects", "pods=*"}))->load(nothing);
  ASSERT_FALSE(mapping.ok());
  EXPECT_THAT(mapping.error().message, testing::HasSubstr(R"(mapping "objects=*", but this process maps "pods=*")"));
}

TEST_F(EtcdTest, ALostShardIsNotMadeAnewWhereItMustBeThere) {
  auto must_exist = options();
  must_exist.must_exist = true;
  const auto refused = make_etcd_engine(must_exist)->load([](ObjectPtr) {});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, testing::HasSubstr(prefix_ + " is lost"));
  EtcdHost(options()).commit({put(thing("a", "1"))});
  EXPECT_EQ(texts(EtcdHost(must_exist).objects).size(), 1u);
}

TEST_F(EtcdTest, TellsTheMappingOfACluster) {
  const std::string cluster = "mapping-of";
  const auto told = [&] { return *stored_mapping(options(), cluster); };
  EXPECT_EQ(told(), "");
  ASSERT_TRUE(put_once(options(), "/" + cluster + "/.hosts/host-1", "key").ok());
  EXPECT_EQ(told(), "") << "what lies beside the shards is none";
  EtcdHost host(cluster_->options("/" + cluster + "/b/", {"b", "a=x;b=*"}));
  EtcdHost other(cluster_->options("/" + cluster + "-2/a/", {"a", "another"}));
  EXPECT_EQ(told(), "a=x;b=*");
}

TEST_F(EtcdTest, RefusesAPrefixWithForeignData) {
  auto above = options();
  { EtcdHost host(options()); }
  above.prefix = "/test/";
  const auto loaded = make_etcd_engine(above)->load([](ObjectPtr) {});
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message, testing::HasSubstr("holds data but does not say which format it has"));
}

TEST_F(EtcdTest, RefusesWhatIsNoUrl) {
  auto wrong = options();
  for (const std::string url : {"127.0.0.1:2379", "http://127.0.0.1", "ftp://a:1", "http://:", "http://a:b"}) {
    wrong.urls = {url};
    const auto loaded = make_etcd_engine(wrong)->load([](ObjectPtr) {});
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().reason, "BadRequest") << url;
  }
}

TEST_F(EtcdTest, IsUnavailableWhereNobodyAnswers) {
  auto nobody = options();
  nobody.urls = {"http://127.0.0.1:1", "http://127.0.0.1:2"};
  nobody.load_timeout = std::chrono::milliseconds(500);
  const auto loaded = make_etcd_engine(nobody)->load([](ObjectPtr) {});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().reason, "ServiceUnavailable");
}

TEST_F(EtcdTest, RevisionsLieAboveWhereARestoreBegins) {
  auto restored = options();
  restored.first_revision = 1'000'000'000'000;
  uint64_t created = 0;
  {
    EtcdHost host(restored);
    EXPECT_EQ(host.revision, restored.first_revision);
    EXPECT_EQ(*host.barrier(), restored.first_revision);
    created = host.commit({put(thing("a", "1"))})[0].revision;
    EXPECT_GT(created, restored.first_revision);
  }
  EtcdHost again(options());
  EXPECT_EQ(again.revision, created);
  EXPECT_EQ(texts(again.objects), Texts{"default/a" + at(created) + "=1"});
  const auto changed = again.commit({put(thing("a", "2"), created)});
  EXPECT_EQ(changed[0].outcome, Outcome::committed);
  EXPECT_EQ(*again.barrier(), changed[0].revision);
}

TEST_F(EtcdTest, CommitsWhatIsBesideAnObjectThatIsTooLarge) {
  EtcdHost host(options());
  const auto results = host.commit({put(thing("a", "1")), put(thing("b", std::string(2u << 20, 'b'))),
                                    put(thing("c", "1")), put(thing("d", std::string(3u << 20, 'd')))});
  EXPECT_EQ(results[0].outcome, Outcome::committed);
  EXPECT_EQ(results[1], (MutationResult{Outcome::unknown, 0}));
  EXPECT_EQ(results[2].outcome, Outcome::committed);
  EXPECT_EQ(results[3], (MutationResult{Outcome::unknown, 0}));
  EXPECT_EQ(host.fresh().size(), 2u);
}

TEST_F(EtcdTest, StopAnswersWhatWasSubmittedAndRefusesWhatComesLater) {
  EtcdHost host(options());
  std::vector<Results> answers;
  for (int i = 0; i < 100; ++i) {
    host.engine().submit({put(thing("t" + std::to_string(i), "1"))},
                         [&](Results results) { answers.push_back(std::move(results)); });
  }
  host.stop();
  ASSERT_EQ(answers.size(), 100u);
  for (const auto& answer : answers) EXPECT_EQ(answer[0].outcome, Outcome::committed);
  EXPECT_EQ(host.commit({put(thing("late", "1"))}), (Results{{Outcome::unknown, 0}}));
  EXPECT_FALSE(host.barrier().ok());
  EtcdHost again(options());
  EXPECT_EQ(again.objects.size(), 100u);
}

TEST_F(EtcdTest, ForgetsOldVersionsAndGoesOn) {
  auto forgetful = options();
  forgetful.compact_interval = std::chrono::milliseconds(150);
  EtcdHost one(forgetful);
  EtcdHost idle(forgetful);
  uint64_t last = one.commit({put(thing("a", "0"))})[0].revision;
  const uint64_t first = last;
  bool forgotten = false;
  for (int i = 0; i < 10'000 && !forgotten; ++i) {
    const auto results = one.commit({put(thing("a", std::to_string(i)), last)});
    ASSERT_EQ(results[0].outcome, Outcome::committed);
    last = results[0].revision;
    forgotten = cluster_->forgot(first);
  }
  EXPECT_TRUE(forgotten);
  EXPECT_EQ(idle.fresh(), one.fresh());
}

}  // namespace
}  // namespace kabuki::store::test

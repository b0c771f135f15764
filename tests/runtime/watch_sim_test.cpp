#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/view_actor.hpp"
#include "runtime/watch_client.hpp"
#include "tests/runtime/sim_test.hpp"
#include "tests/runtime/watch_test_source.hpp"

namespace kabuki::runtime::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Revisions = std::map<std::string, uint64_t>;

bus::Selection pods_of(const std::string& node) {
  bus::Selection selection;
  selection.set_kind(kinds::kPod);
  if (node.empty()) return selection;
  auto* field = selection.add_fields();
  field->set_field("spec.nodeName");
  field->add_values(node);
  return selection;
}

/// What a consumer has been told, outside of it so that the test can look.
struct Seen {
  Revisions pods;
  bool synced = false;
  uint64_t revision = 0;
  uint64_t resets = 0;
  uint64_t opens = 0;
  std::vector<std::string> wrong;
  WatchClient* client = nullptr;
  uint64_t compared = 0;  // times with what the store was at the revision that the client had reached
};

/// What the store was, revision after revision.
class Past {
 public:
  explicit Past(std::shared_ptr<const PodStore> store) : store_(std::move(store)) {}

  Revisions at(uint64_t revision, const Selection& selection) {
    if (revision < reached_) {
      pods_.clear();
      next_ = 0;
    }
    reached_ = revision;
    for (; next_ < store_->past.size() && store_->past[next_].revision <= revision; ++next_) {
      const auto& change = store_->past[next_];
      change.pod ? (void)(pods_[change.name] = change.pod) : (void)pods_.erase(change.name);
    }
    Revisions out;
    for (const auto& [name, pod] : pods_) {
      if (selection.matches(*pod)) out[name] = pod->revision();
    }
    return out;
  }

 private:
  std::shared_ptr<const PodStore> store_;
  std::map<std::string, ObjectPtr> pods_;
  size_t next_ = 0;
  uint64_t reached_ = 0;
};

class Consumer final : public Actor {
 public:
  Consumer(std::shared_ptr<Seen> seen, std::shared_ptr<const PodStore> store, Address source,
           const bus::Selection& selection, bool remember)
      : seen_(std::move(seen)),
        past_(std::move(store)),
        selection_(std::move(*Selection::parse(selection))),
        remember_(remember),
        client_(*this, {.source = std::move(source), .selection = selection, .remember = remember},
                {.on_event = [this](auto type, const ObjectPtr& pod, uint64_t) { event(type, pod); },
                 .on_synced = [] {},
                 .on_reset =
                     [this] {
                       seen_->pods.clear();
                       ++seen_->resets;
                     },
                 .on_batch =
                     [this] {
                       note();
                       compare();
                     }}) {}

 protected:
  void started() override {
    *seen_ = {};
    seen_->client = &client_;
    client_.open();
  }
  void received(Inbound& in) override {
    client_.received(in);
    note();
  }

 private:
  void event(WatchClient::Type type, const ObjectPtr& pod) {
    std::string name(pod->name());
    bool known = seen_->pods.contains(name);
    if (type == bus::WatchEvents::DELETED) {
      if (!known && remember_) seen_->wrong.push_back("deleted unknown " + name);
      seen_->pods.erase(name);
      return;
    }
    if (remember_ && known != (type == bus::WatchEvents::MODIFIED)) seen_->wrong.push_back("wrong type for " + name);
    seen_->pods[name] = pod->revision();
  }
  void note() {
    seen_->synced = client_.synced();
    seen_->revision = client_.revision();
    seen_->opens = client_.opens();
  }

  /// The strongest that a watch promises: all up to its revision, and nothing else.
  void compare() {
    if (!client_.synced()) return;
    ++seen_->compared;
    if (seen_->pods == past_.at(client_.revision(), selection_)) return;
    seen_->wrong.push_back("is not what was at revision " + std::to_string(client_.revision()));
  }

  std::shared_ptr<Seen> seen_;
  Past past_;
  const Selection selection_;
  const bool remember_;
  WatchClient client_;
};

struct Watches : SimTest {
  std::shared_ptr<PodStore> store = std::make_shared<PodStore>();
  std::map<std::string, std::shared_ptr<Seen>> seen;

  ChildSpec consumer(const std::string& name, Address source, const std::string& node, bool remember) {
    auto& what = seen[name] = std::make_shared<Seen>();
    ChildSpec spec;
    spec.name = name;
    spec.make = [what, store = store, source, node, remember] {
      return std::make_unique<Consumer>(what, store, source, pods_of(node), remember);
    };
    return spec;
  }
  static ChildSpec views(ViewSpec view) {
    ChildSpec spec;
    spec.name = kViewsName;
    spec.make = [view] { return make_views({view}); };
    return spec;
  }
  ChildSpec source() {
    ChildSpec spec;
    spec.name = "source";
    spec.make = [store = store] { return std::make_unique<PodSource>(store); };
    return spec;
  }

  /// host-1 has the source; host-2 a view, and consumers of it and of the source.
  void begin_cluster(uint64_t seed) {
    begin(seed);
    add("host-1", tree({source()}, Strategy::one_for_one, 1000));
    auto& host = world->add_host(named("host-2"));
    world->connect_all();
    for (const char* name : {"host-1", "host-2"}) {
      world->host(name)->set_role(std::string(roles::kApiServer), {"host-1/source"});
    }
    ViewSpec view{.name = "pods", .selection = pods_of(""), .index_field = "spec.nodeName"};
    auto from_view = views_of("host-2");
    auto root = tree({views(view), consumer("all", from_view, "", true), consumer("n1", from_view, "n1", true),
                      consumer("n2", from_view, "n2", false), consumer("direct", role(roles::kApiServer), "", false)},
                     Strategy::one_for_one, 1000);
    ASSERT_TRUE(host.start(std::move(root)).ok());
  }

  Revisions expected(const std::string& node) const {
    auto selection = std::move(*Selection::parse(pods_of(node)));
    Revisions out;
    for (const auto& [name, pod] : store->pods) {
      if (selection.matches(*pod)) out[name] = pod->revision();
    }
    return out;
  }
  bool settled() const {
    for (const auto& [name, node] :
         std::map<std::string, std::string>{{"all", ""}, {"n1", "n1"}, {"n2", "n2"}, {"direct", ""}}) {
      const auto& what = *seen.at(name);
      if (!what.synced || what.pods != expected(node)) return false;
    }
    return true;
  }
  void change_something(io::Random& random) {
    if (!PodSource::alive) return;
    auto name = "pod-" + std::to_string(random.below(40));
    if (random.chance(0.25)) {
      if (store->pods.contains(name)) PodSource::alive->remove(name);
    } else {
      PodSource::alive->put(name, "n" + std::to_string(random.below(4)));
    }
  }
};

TEST_F(Watches, EveryConsumerSeesItsPods) {
  begin_cluster(1);
  world->run_for(seconds(1));
  ASSERT_TRUE(settled());
  auto random = world->random("changes");
  for (int i = 0; i < 500; ++i) {
    world->schedule(milliseconds(i), [&] { change_something(random); });
  }
  world->run_for(seconds(1));
  EXPECT_TRUE(settled());
  for (const auto& [name, what] : seen) {
    EXPECT_EQ(what->opens, 1u) << name;
    EXPECT_EQ(what->wrong, std::vector<std::string>{}) << name;
  }
}

TEST_F(Watches, ABarrierHoldsUntilTheViewHasReachedTheWrite) {
  begin_cluster(1);
  world->run_for(seconds(1));
  uint64_t written = 0;
  std::optional<bool> there;
  world->schedule(milliseconds(1), [&] {
    PodSource::alive->put("mine", "n1");
    written = store->revision;
    auto what = seen["n1"];
    what->client->when_reached(written, [&there, what] { there = what->pods.contains("mine"); });
    EXPECT_FALSE(there.has_value());
  });
  ASSERT_TRUE(world->run_until([&] { return there.has_value(); }, seconds(10)));
  EXPECT_TRUE(*there);
}

TEST_F(Watches, ListsThatNeedMuchMoreThanTheCreditComeInWhole) {
  for (int i = 0; i < 10'000; ++i) store->put("pod-" + std::to_string(i), "n" + std::to_string(i % 4));
  begin_cluster(1);
  world->run_for(seconds(2));
  EXPECT_TRUE(settled());
  EXPECT_EQ(seen["all"]->opens, 1u);
}

TEST_F(Watches, AViewAnswersReadsOnTheHost) {
  begin_cluster(1);
  world->schedule(milliseconds(1), [&] {
    PodSource::alive->put("a", "n1");
    PodSource::alive->put("b", "n2");
  });
  ASSERT_TRUE(world->run_until([&] { return !store->pods.empty() && settled(); }, seconds(5)));
  bus::ListObjects list;
  *list.mutable_selection() = pods_of("n2");
  auto listed = ask("host-2", "host-2/views", make_message(list));
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  ASSERT_EQ((*listed)->objects.size(), 1u);
  EXPECT_EQ((*listed)->objects[0]->name(), "b");
  EXPECT_EQ((*listed)->as<bus::ListObjectsReply>()->revision(), store->revision);
  bus::GetObjects get;
  for (const char* name : {"a", "none"}) {
    auto* key = get.add_keys();
    key->set_kind(kinds::kPod);
    key->set_namespace_("default");
    key->set_name(name);
  }
  auto got = ask("host-2", "host-2/views", make_message(get));
  ASSERT_TRUE(got.ok()) << got.error().message;
  const auto* reply = (*got)->as<bus::GetObjectsReply>();
  EXPECT_TRUE(reply->items(0).found());
  EXPECT_FALSE(reply->items(1).found());
}

TEST_F(Watches, FindALostBatchWithinTwoProbes) {
  begin_cluster(1);
  world->run_for(seconds(1));
  world->network().cut_one_way("host-1", "host-2");
  world->schedule(milliseconds(1), [&] { PodSource::alive->put("lost", "n1"); });
  world->run_for(milliseconds(100));
  world->network().heal_all();
  EXPECT_FALSE(settled());
  EXPECT_TRUE(world->run_until([&] { return settled(); }, seconds(20)));
}

TEST_F(Watches, AreOpenAgainSoonAfterTheirSourceDied) {
  begin_cluster(1);
  world->run_for(seconds(1));
  ASSERT_TRUE(ask("host-1", "host-1/source", make_message(bus::KillActor())).ok());
  world->schedule(milliseconds(1), [&] { PodSource::alive->put("after", "n1"); });
  EXPECT_TRUE(world->run_until([&] { return !store->pods.empty() && settled(); }, seconds(1)));
  EXPECT_EQ(seen["all"]->opens, 1u) << "its view stayed";
}

TEST_F(Watches, ListAnewWhenTheStoreWasSetBack) {
  begin_cluster(1);
  world->schedule(milliseconds(1), [&] {
    for (const char* name : {"a", "b", "c"}) PodSource::alive->put(name, "n1");
  });
  ASSERT_TRUE(world->run_until([&] { return store->pods.size() == 3 && settled(); }, seconds(5)));
  store->pods.erase("c");
  store->revision -= 1;
  bool reached = false;
  seen["direct"]->client->when_reached(store->revision + 1, [&] { reached = true; });
  EXPECT_TRUE(reached);
  ASSERT_TRUE(ask("host-1", "host-1/source", make_message(bus::KillActor())).ok());
  EXPECT_TRUE(world->run_until([&] { return settled(); }, seconds(10)));
  EXPECT_EQ(seen["all"]->revision, store->revision);
}

/// Losses, cuts and deaths for ten seconds; then peace, and everyone must know exactly what is.
struct WatchStorm : Watches, testing::WithParamInterface<uint64_t> {
  static LinkFaults lossy() {
    LinkFaults faults;
    faults.loss = 0.02;
    return faults;
  }
  /// Frames come twice, late, and in another order.
  static LinkFaults disorderly() {
    LinkFaults faults;
    faults.delay_mean = milliseconds(20);
    faults.loss = 0.1;
    faults.duplicate = 0.3;
    faults.reorder = 0.3;
    return faults;
  }
  uint64_t storm(uint64_t seed, const LinkFaults& faults = lossy()) {
    store = std::make_shared<PodStore>();
    begin_cluster(seed);
    auto random = world->random("storm");
    world->network().set_defaults(faults);
    for (int i = 0; i < 2000; ++i) {
      world->schedule(milliseconds(5 * i), [&] { change_something(random); });
    }
    for (int i = 0; i < 20; ++i) {
      world->schedule(milliseconds(500 * i + static_cast<int>(random.below(400))), [&] { break_something(random); });
    }
    world->run_for(seconds(11));
    world->network().heal_all();
    world->network().set_defaults({});
    EXPECT_TRUE(world->run_until([&] { return settled(); }, seconds(60))) << "seed " << seed;
    for (const auto& [name, what] : seen) EXPECT_EQ(what->wrong, std::vector<std::string>{}) << name;
    return world->trace_hash();
  }
  void break_something(io::Random& random) {
    bus::KillActor kill;
    switch (random.below(5)) {
      case 0:
        return world->host("host-1")->tell({"host-1/source"}, make_message(kill));
      case 1:
        return world->host("host-2")->tell({"host-2/views"}, make_message(kill));
      case 2:
        return world->host("host-2")->tell({"host-2/views/pods"}, make_message(kill));
      case 3:
        return world->host("host-2")->tell({"host-2/n1"}, make_message(kill));
      default:
        world->network().cut("host-1", "host-2");
        world->schedule(milliseconds(random.below(3000)), [this] { world->network().heal_all(); });
    }
  }
};

TEST_P(WatchStorm, EndsWithEveryoneKnowingWhatIs) { storm(GetParam()); }

TEST_P(WatchStorm, NeverShowsWhatNeverWasThoughFramesComeTwiceAndLate) { storm(GetParam(), disorderly()); }

INSTANTIATE_TEST_SUITE_P(Seeds, WatchStorm, testing::Range<uint64_t>(1, 13));

TEST_F(WatchStorm, IsTheSameForTheSameSeed) {
  auto first = storm(7);
  EXPECT_EQ(storm(7), first);
  EXPECT_NE(storm(8), first);
}

}  // namespace
}  // namespace kabuki::runtime::sim

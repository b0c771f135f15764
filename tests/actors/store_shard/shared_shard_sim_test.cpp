#include <map>
#include <set>

#include "actors/store_shard/store_shard_actor.hpp"
#include "store/engines/memory_shared.hpp"
#include "tests/actors/store_shard/shard_observer.hpp"
#include "tests/runtime/sim_test.hpp"
#include "tests/store/store_fixture.hpp"

// Shards of the same data on several hosts, over something like etcd that misbehaves.
namespace kabuki::store::test {
namespace {

using runtime::Inbound;
using runtime::make_message;
using runtime::MessagePtr;
using runtime::sim::World;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kStores = 3;
constexpr int kWriters = 6;
constexpr int kPods = 3;

std::string store_host(uint64_t i) { return "s" + std::to_string(i % kStores); }
runtime::Address shard_on(const std::string& host) { return {host + "/shard"}; }

/// What writers were promised, by pod, and what readers may not be told less than.
struct Promises {
  std::map<std::string, uint64_t> acknowledged;
  std::set<std::pair<uint64_t, std::string>> granted;  // revision and pod
  uint64_t commits = 0;
  uint64_t conflicts = 0;
  uint64_t reads = 0;
  uint64_t failed_reads = 0;
  bool running = true;
};

bus::Key key_of(const std::string& pod_name) {
  bus::Key key;
  key.set_kind(kinds::kPod);
  key.set_namespace_("default");
  key.set_name(pod_name);
  return key;
}

/// Reads and writes a few pods that others write too, each time at any of the shards.
class Client : public runtime::Actor {
 public:
  explicit Client(Promises* promises) : promises_(*promises) {}

 private:
  void started() override { step(); }
  void received(Inbound& in) override { in.reply.fail(bad_request("a client only asks")); }

  void step() {
    if (!promises_.running) return;
    const std::string pod_name = "p" + std::to_string(random().below(kPods));
    random().chance(0.3) ? list() : read(pod_name);
  }
  void again() {
    after(milliseconds(random().between(1, 40)), [this] { step(); });
  }
  runtime::Address any_shard() { return shard_on(store_host(random().next())); }

  void read(const std::string& pod_name) {
    bus::GetObjects request;
    *request.add_keys() = key_of(pod_name);
    const uint64_t floor = promises_.acknowledged[pod_name];
    ask(any_shard(), make_message(request), seconds(10), [this, pod_name, floor](Result<MessagePtr> result) {
      count(result);
      if (!result) return again();
      const uint64_t found = (*result)->objects.empty() ? 0 : (*result)->objects[0]->revision();
      EXPECT_GE(found, floor) << "what was acknowledged before is not read";
      random().chance(0.6) ? write(pod_name, found) : again();
    });
  }
  void list() {
    bus::ListObjects request;
    request.mutable_selection()->set_kind(kinds::kPod);
    const auto floors = promises_.acknowledged;
    ask(any_shard(), make_message(request), seconds(10), [this, floors](Result<MessagePtr> result) {
      count(result);
      if (!result) return again();
      std::map<std::string, uint64_t> found;
      for (const auto& object : (*result)->objects) found[std::string(object->name())] = object->revision();
      for (const auto& [pod_name, floor] : floors) EXPECT_GE(found[pod_name], floor) << "a list is stale";
      again();
    });
  }
  void write(const std::string& pod_name, uint64_t expected) {
    bus::Commit request;
    auto* mutation = request.add_mutations();
    *mutation->mutable_key() = key_of(pod_name);
    mutation->set_put(true);
    mutation->set_expected_revision(expected);
    ask(any_shard(), make_message(request, {pod(pod_name, "n" + std::to_string(expected))}), seconds(10),
        [this, pod_name, expected](Result<MessagePtr> result) {
          if (result) told(pod_name, expected, **result);
          again();
        });
  }
  void told(const std::string& pod_name, uint64_t expected, const runtime::Message& message) {
    const auto& item = message.as<bus::CommitReply>()->items(0);
    if (item.outcome() == bus::CommitReply::CONFLICT) {
      ++promises_.conflicts;
      EXPECT_NE(item.revision(), expected);
      EXPECT_EQ(item.has_object(), item.revision() != 0);
      if (item.has_object()) {
        EXPECT_GE(message.objects.at(item.object())->revision(), item.revision());
      }
    }
    if (item.outcome() != bus::CommitReply::COMMITTED) return;
    ++promises_.commits;
    EXPECT_GT(item.revision(), expected);
    EXPECT_TRUE(promises_.granted.emplace(item.revision(), pod_name).second) << "a revision was given twice";
    auto& acknowledged = promises_.acknowledged[pod_name];
    acknowledged = std::max(acknowledged, item.revision());
  }
  void count(const Result<MessagePtr>& read) { ++(read ? promises_.reads : promises_.failed_reads); }

  Promises& promises_;
};

struct End {
  uint64_t hash = 0;
  uint64_t revision = 0;
  uint64_t commits = 0;
  bool operator==(const End&) const = default;
};

/// Three hosts with a shard each over one medium that loses its leader, cuts hosts off and compacts, while hosts
/// crash; and clients that go from one to the other.
End run(uint64_t seed) {
  World world({.seed = seed});
  auto medium = std::make_shared<SharedMedium>();
  medium->set_faults({.request_min = milliseconds(1),
                      .request_max = milliseconds(10),
                      .feed_min = milliseconds(1),
                      .feed_max = milliseconds(60),
                      .lost_answer = 0.02});
  const ShardOptions options{.name = "pods", .bookmark_interval = seconds(1)};
  uint64_t engines = 0;
  std::map<std::string, uint64_t> incarnations;
  const auto start_store = [&](const std::string& name) {
    runtime::HostOptions host_options;
    host_options.name = name;
    host_options.incarnation = ++incarnations[name];
    runtime::Host& host =
        host_options.incarnation == 1 ? world.add_host(host_options) : world.restart_host(name, host_options);
    runtime::ChildSpec shard;
    shard.name = "shard";
    shard.make = [&, name, timers = host.services().timers] {
      return store_shard(options, [&, name, timers] {
        return make_shared_memory_engine(medium, {.identity = options.mapping.identity("pods"),
                                                  .host = name,
                                                  .timers = timers,
                                                  .seed = seed * 1000 + ++engines});
      })();
    };
    EXPECT_TRUE(host.start(runtime::tree({std::move(shard)}, runtime::Strategy::one_for_one, 1'000'000)).ok());
    world.connect_all();
  };
  for (int i = 0; i < kStores; ++i) start_store(store_host(i));

  Promises promises;
  std::map<std::string, std::map<std::string, uint64_t>> views;
  runtime::HostOptions client_options;
  client_options.name = "c";
  client_options.incarnation = 1;
  auto& clients = world.add_host(client_options);
  world.connect_all();
  std::vector<runtime::ChildSpec> children;
  for (int i = 0; i < kStores; ++i) {
    runtime::ChildSpec spec;
    spec.name = "observer-" + std::to_string(i);
    spec.make = [source = store_host(i), view = &views[store_host(i)]] {
      return std::make_unique<ShardObserver>(shard_on(source), view);
    };
    children.push_back(std::move(spec));
  }
  for (int i = 0; i < kWriters; ++i) {
    runtime::ChildSpec spec;
    spec.name = "client-" + std::to_string(i);
    spec.make = [&promises] { return std::make_unique<Client>(&promises); };
    children.push_back(std::move(spec));
  }
  EXPECT_TRUE(clients.start(runtime::tree(std::move(children))).ok());

  auto random = world.random("faults");
  for (int i = 0; i < 8; ++i) {
    world.run_for(milliseconds(random.between(200, 1500)));
    const std::string victim = store_host(random.next());
    switch (random.below(4)) {
      case 0:
        medium->lose_leader();
        world.run_for(milliseconds(random.between(100, 3000)));
        medium->elect_leader();
        break;
      case 1:
        medium->cut(victim);
        world.run_for(milliseconds(random.between(100, 9000)));
        if (random.chance(0.5)) medium->compact(medium->revision());
        medium->heal(victim);
        break;
      case 2:
        world.crash_host(victim);
        world.run_for(milliseconds(random.between(0, 500)));
        start_store(victim);
        break;
      default:
        medium->compact(medium->revision() - random.below(medium->revision()));
    }
  }
  promises.running = false;
  world.run_for(seconds(30));

  std::map<std::string, uint64_t> there;
  for (const auto& object : medium->objects("pods")) there[std::string(object->name())] = object->revision();
  for (const auto& [name, view] : views) EXPECT_EQ(view, there) << name;
  for (const auto& [name, revision] : promises.acknowledged) EXPECT_GE(there[name], revision);
  EXPECT_GT(promises.commits, 100u);
  EXPECT_GT(promises.conflicts, 10u);
  EXPECT_GT(promises.reads, 200u);
  return {world.trace_hash(), medium->revision(), promises.commits};
}

TEST(SharedShardSim, ReadsAreNeverStaleAndWatchersConverge) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    run(seed);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SharedShardSim, ARunIsItsSeed) {
  const End first = run(11);
  EXPECT_EQ(run(11), first);
  EXPECT_NE(run(12).hash, first.hash);
}

}  // namespace
}  // namespace kabuki::store::test

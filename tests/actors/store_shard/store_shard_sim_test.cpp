#include "actors/store_shard/store_shard_actor.hpp"
#include "store/engines/memory.hpp"
#include "tests/actors/store_shard/shard_observer.hpp"
#include "tests/runtime/sim_test.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using runtime::Inbound;
using runtime::make_message;
using runtime::MessagePtr;
using runtime::sim::World;
using std::chrono::milliseconds;
using std::chrono::seconds;

const runtime::Address kShard{"s/shard"};

/// What writers were promised, by pod.
struct Promises {
  std::map<std::string, uint64_t> acknowledged;
  uint64_t commits = 0;
  bool writing = true;
};

/// Writes one pod over and over, each time against the revision it has read or written last.
class Writer : public runtime::Actor {
 public:
  explicit Writer(Promises* promises) : promises_(*promises) {}

 private:
  void started() override { read(); }
  void received(Inbound& in) override { in.reply.fail(bad_request("a writer only writes")); }

  std::string pod_name() const { return name().substr(name().rfind('/') + 1); }
  void read() {
    bus::GetObjects request;
    auto* key = request.add_keys();
    key->set_kind(kinds::kPod);
    key->set_namespace_("default");
    key->set_name(pod_name());
    ask(kShard, make_message(request), seconds(1), [this](Result<MessagePtr> result) {
      if (!result) return again([this] { read(); });
      const uint64_t before = (*result)->objects.empty() ? 0 : (*result)->objects[0]->revision();
      EXPECT_GE(before, promises_.acknowledged[pod_name()]) << "an acknowledged write is not read";
      write(before);
    });
  }
  void write(uint64_t expected) {
    if (!promises_.writing) return;
    bus::Commit request;
    auto* mutation = request.add_mutations();
    mutation->mutable_key()->set_kind(kinds::kPod);
    mutation->mutable_key()->set_namespace_("default");
    mutation->mutable_key()->set_name(pod_name());
    mutation->set_put(true);
    mutation->set_expected_revision(expected);
    ask(kShard, make_message(request, {pod(pod_name(), "n" + std::to_string(expected))}), seconds(1),
        [this, expected](Result<MessagePtr> result) {
          if (!result) return again([this] { read(); });
          const auto& item = (*result)->as<bus::CommitReply>()->items(0);
          if (item.outcome() != bus::CommitReply::COMMITTED) return again([this] { read(); });
          EXPECT_GT(item.revision(), expected);
          promises_.acknowledged[pod_name()] = item.revision();
          ++promises_.commits;
          again([this, revision = item.revision()] { write(revision); });
        });
  }
  void again(std::function<void()> run) { after(milliseconds(random().between(1, 20)), std::move(run)); }

  Promises& promises_;
};

template <class A, class... T>
runtime::ChildSpec child_of(std::string name, T... arguments) {
  runtime::ChildSpec spec;
  spec.name = std::move(name);
  spec.make = [arguments...] { return std::make_unique<A>(arguments...); };
  return spec;
}

struct End {
  uint64_t hash = 0;
  uint64_t revision = 0;
  uint64_t commits = 0;
  bool operator==(const End&) const = default;
};

/// Two hosts: a shard whose disk fails at times and which crashes now and then, and its writers and watcher.
End run(uint64_t seed, const runtime::sim::LinkFaults& network = {}) {
  World world({.seed = seed});
  world.network().set_defaults(network);
  auto medium = std::make_shared<MemoryMedium>();
  medium->set_faults({.latency_min = milliseconds(1), .latency_max = milliseconds(8), .sync_failure = 0.01});
  const ShardOptions options{.name = "pods"};
  uint64_t incarnation = 0;
  const auto start_store = [&](runtime::Host& host) {
    runtime::ChildSpec shard;
    shard.name = "shard";
    shard.make = [&, timers = host.services().timers] {
      return store_shard(options, [&, timers] {
        return make_memory_engine(
            medium, {.identity = options.mapping.identity("pods"), .timers = timers, .seed = seed + incarnation});
      })();
    };
    EXPECT_TRUE(host.start(runtime::tree({std::move(shard)}, runtime::Strategy::one_for_one, 1000)).ok());
    world.connect_all();
  };
  const auto named = [&](const std::string& name, uint64_t number) {
    runtime::HostOptions host;
    host.name = name;
    host.incarnation = number;
    return host;
  };
  start_store(world.add_host(named("s", ++incarnation)));

  Promises promises;
  std::map<std::string, uint64_t> view;
  auto& clients = world.add_host(named("c", 1));
  world.connect_all();
  std::vector<runtime::ChildSpec> children{child_of<ShardObserver>("observer", kShard, &view)};
  for (int i = 0; i < 5; ++i) children.push_back(child_of<Writer>("w" + std::to_string(i), &promises));
  EXPECT_TRUE(clients.start(runtime::tree(std::move(children))).ok());

  auto random = world.random("crashes");
  for (int i = 0; i < 4; ++i) {
    world.run_for(milliseconds(random.between(200, 800)));
    world.crash_host("s");
    world.run_for(milliseconds(random.between(0, 500)));
    start_store(world.restart_host("s", named("s", ++incarnation)));
  }
  world.run_for(seconds(1));
  promises.writing = false;
  world.network().set_defaults({});
  world.run_for(seconds(15));

  for (const auto& [name, revision] : promises.acknowledged) EXPECT_GE(view[name], revision) << name;
  uint64_t newest = 0;
  for (const auto& [name, revision] : view) newest = std::max(newest, revision);
  EXPECT_EQ(newest, medium->revision());
  EXPECT_GT(promises.commits, network.loss > 0 ? 20u : 100u);
  return {world.trace_hash(), medium->revision(), promises.commits};
}

TEST(StoreShardSim, NothingAcknowledgedIsLostAndWatchersConverge) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    run(seed);
  }
}

// A request to open a stream that comes twice opens it twice, each time from where the watcher was then: batches of
// both may be on their way together.
TEST(StoreShardSim, AWatchLosesNothingThoughFramesComeTwiceAndLate) {
  runtime::sim::LinkFaults disorder;
  disorder.delay_mean = milliseconds(20);
  disorder.loss = 0.1;
  disorder.duplicate = 0.3;
  disorder.reorder = 0.3;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    run(seed, disorder);
  }
}

TEST(StoreShardSim, TakesCommitsOfItsOwnHostAloneWhereItIsToldTo) {
  World world({.seed = 1});
  auto medium = std::make_shared<MemoryMedium>();
  const ShardOptions options{.name = "pods", .local_writers = true};
  runtime::ChildSpec shard;
  shard.name = "shard";
  shard.make = [&] {
    return store_shard(options,
                       [&] { return make_memory_engine(medium, {.identity = options.mapping.identity("pods")}); })();
  };
  for (const char* name : {"s", "c"}) {
    runtime::HostOptions host;
    host.name = name;
    auto& added = world.add_host(host);
    EXPECT_TRUE(
        added.start(runtime::tree(host.name == "s" ? std::vector{shard} : std::vector<runtime::ChildSpec>{})).ok());
  }
  world.connect_all();
  const auto answer_to = [&](const std::string& from) {
    std::string out;
    world.host(from)->ask(kShard, make_message(bus::Commit()), seconds(1),
                          [&](const Result<MessagePtr>& result) { out = result ? "taken" : result.error().message; });
    EXPECT_TRUE(world.run_until([&] { return !out.empty(); }, seconds(5)));
    return out;
  };
  EXPECT_EQ(answer_to("s"), "taken");
  EXPECT_EQ(answer_to("c"), "host c may not commit to a shard; ask an API server");
}

TEST(StoreShardSim, ARunIsItsSeed) {
  const End first = run(7);
  EXPECT_EQ(run(7), first);
  EXPECT_NE(run(8).hash, first.hash);
}

}  // namespace
}  // namespace kabuki::store::test

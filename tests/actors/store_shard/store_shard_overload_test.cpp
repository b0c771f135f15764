#include "actors/store_shard/store_shard_actor.hpp"
#include "store/engines/memory.hpp"
#include "tests/runtime/sim_test.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using runtime::make_message;
using runtime::MessagePtr;
using namespace std::chrono_literals;

/// A shard with little room and a disk of 10 ms on host `s`; whoever asks is on host `c`, or on `s` itself.
struct ShardOverload : runtime::sim::SimTest {
  std::shared_ptr<MemoryMedium> medium = std::make_shared<MemoryMedium>();
  ShardOptions options{.name = "pods"};
  /// What became of the asks: 0 is an answer, else the code of the error.
  std::map<int, size_t> seen;
  size_t open = 0;
  size_t most_open = 0;
  size_t asked = 0;

  void begin_shard() {
    medium->set_faults({.latency_min = 10ms, .latency_max = 10ms});
    options.local_writers = false;
    runtime::ChildSpec shard;
    shard.name = "shard";
    shard.make = [this] {
      return store_shard(options, [this] {
        return make_memory_engine(medium, {.identity = options.mapping.identity("pods"), .timers = &world->timers()});
      })();
    };
    add("s", runtime::tree({std::move(shard)}));
    add("c", runtime::tree({}));
    world->connect_all();
  }

  void send(const std::string& from, MessagePtr message) {
    ++open;
    world->host(from)->ask({"s/shard"}, std::move(message), 20s, [this](Result<MessagePtr> answer) {
      --open;
      ++seen[answer.ok() ? 0 : answer.error().code];
      if (answer.ok()) {
        if (const auto* reply = (*answer)->as<bus::CommitReply>()) {
          EXPECT_EQ(reply->items(0).outcome(), bus::CommitReply::COMMITTED);
        }
      } else {
        EXPECT_EQ(answer.error().retry_after_seconds, answer.error().code == 429 ? 1 : 0) << answer.error().message;
      }
    });
    most_open = std::max(most_open, open);
  }
  MessagePtr new_pod() {
    bus::Commit request;
    auto* mutation = request.add_mutations();
    const std::string name = "p" + std::to_string(asked++);
    mutation->mutable_key()->set_kind(kinds::kPod);
    mutation->mutable_key()->set_namespace_("default");
    mutation->mutable_key()->set_name(name);
    mutation->set_put(true);
    return make_message(std::move(request), {pod(name, "")});
  }
  MessagePtr list() {
    bus::ListObjects request;
    request.mutable_selection()->set_kind(kinds::kPod);
    return make_message(std::move(request));
  }
  /// One after the other; each in the time of two syncs.
  void expect_goodput() {
    seen.clear();
    for (int i = 0; i < 20; ++i) {
      send(i % 2 ? "s" : "c", new_pod());
      EXPECT_TRUE(world->run_until([this] { return open == 0; }, 50ms));
    }
    EXPECT_EQ(seen, (std::map<int, size_t>{{0, 20}}));
  }
};

TEST_F(ShardOverload, AFullMailboxRefusesAndWhatItTookIsDone) {
  options.bounds.asks = 50;
  begin_shard();
  for (const std::string from : {"s", "c"}) {
    seen.clear();
    const size_t before = medium->objects();
    for (int i = 0; i < 5000; ++i) send(from, new_pod());
    world->run_for(5s);
    EXPECT_GE(seen[0], 50u);
    EXPECT_EQ(seen[0] + seen[429], 5000u);
    EXPECT_EQ(medium->objects() - before, seen[0]);
    // Of its own host's, nothing is taken out before the flood has come.
    EXPECT_TRUE(from == "c" || seen[0] == 50u) << seen[0];
  }
  expect_goodput();
}

TEST_F(ShardOverload, AMailboxCountsTheBytesOfObjects) {
  options.bounds.asks = 1000;
  options.bounds.ask_bytes = 10 * pod("p0", "")->size();
  begin_shard();
  for (int i = 0; i < 100; ++i) send("s", new_pod());
  world->run_for(1s);
  EXPECT_EQ(seen, (std::map<int, size_t>{{0, 10}, {429, 90}}));
  expect_goodput();
}

TEST_F(ShardOverload, AFloodIsServedAtThePaceOfTheDiskAndTheRestRefused) {
  options.bounds.asks = 50;
  options.bounds.mutations = 100;
  begin_shard();
  for (int ms = 0; ms < 500; ++ms) {
    for (int i = 0; i < 40; ++i) send(i % 2 ? "s" : "c", new_pod());
    world->run_for(1ms);
  }
  world->run_for(1s);
  EXPECT_EQ(open, 0u);
  EXPECT_EQ(seen[0] + seen[429], 20'000u);
  // Every 10 ms one submission of what had room to wait.
  EXPECT_GE(seen[0], 4'000u);
  EXPECT_GE(seen[429], 10'000u);
  EXPECT_EQ(medium->objects(), seen[0]);
  // In the mailbox, before the engine, with the engine, and on the way between the hosts.
  EXPECT_LE(most_open, 50u + 100u + 2 * 101u + 400u);
  expect_goodput();
}

TEST_F(ShardOverload, ADiskThatHangsMakesTimeoutsAndAnAlarmAndReadsGoOn) {
  options.bounds.mutations = 100;
  begin_shard();
  send("s", new_pod());
  world->run_for(1s);
  const auto stalled = [this] {
    EXPECT_EQ(inspect("s", "s/shard").health().find("does not answer") != std::string::npos,
              world->host("s")->metrics().prometheus_text().find("kabuki_store_stalled{shard=\"pods\"} 1") !=
                  std::string::npos);
    return inspect("s", "s/shard").health().find("does not answer") != std::string::npos;
  };
  EXPECT_FALSE(stalled());
  medium->set_faults({.latency_min = 10min, .latency_max = 10min});
  seen.clear();
  for (int i = 0; i < 1'000; ++i) {
    send(i % 2 ? "s" : "c", new_pod());
    world->run_for(1ms);
  }
  EXPECT_GE(seen[429], 700u) << "what waits is bounded, the rest refused at once";
  world->run_for(10s);
  EXPECT_TRUE(stalled());
  seen.clear();
  send("c", list());
  world->run_for(1s);
  EXPECT_EQ(seen, (std::map<int, size_t>{{0, 1}})) << "reads need no disk";
  world->run_for(20s);
  EXPECT_EQ(open, 0u) << "who waited for the disk was told of a timeout";
  EXPECT_GE(seen[504], 100u);
  medium->set_faults({.latency_min = 10ms, .latency_max = 10ms});
  world->run_for(30min);
  EXPECT_FALSE(stalled());
  expect_goodput();
}

TEST_F(ShardOverload, LongListsAreBoundedInNumber) {
  options.bounds.lists = 3;
  begin_shard();
  bus::Commit request;
  std::vector<ObjectPtr> objects;
  // Each list takes two steps when it comes and one more.
  for (size_t i = 0; i < 2 * limits::kScanPerStep + 10; ++i) {
    objects.push_back(Object::make(kinds::kPod, "default", "x" + std::to_string(i), 0, ""));
    auto* mutation = request.add_mutations();
    mutation->mutable_key()->set_kind(kinds::kPod);
    mutation->mutable_key()->set_namespace_("default");
    mutation->mutable_key()->set_name(std::string(objects.back()->name()));
    mutation->set_put(true);
    mutation->set_object(static_cast<uint32_t>(i));
  }
  send("s", make_message(std::move(request), objects));
  world->run_for(1s);
  EXPECT_EQ(seen, (std::map<int, size_t>{{0, 1}}));
  seen.clear();
  for (int i = 0; i < 100; ++i) send("s", list());
  world->run_for(1s);
  EXPECT_GE(seen[0], 3u);
  EXPECT_GE(seen[429], 50u);
  EXPECT_EQ(seen[0] + seen[429], 100u);
  expect_goodput();
}

TEST_F(ShardOverload, StreamsAreBoundedInNumberAndTheirCreditIsNeverRefused) {
  options.bounds.streams = 5;
  options.bounds.asks = 4;
  begin_shard();
  for (uint64_t stream = 1; stream <= 9; ++stream) {
    bus::OpenWatch open_watch;
    open_watch.mutable_selection()->set_kind(kinds::kPod);
    open_watch.set_stream(stream);
    open_watch.set_watcher("s/shard");
    open_watch.set_from_revision(kFirstRevision);
    send("s", make_message(std::move(open_watch)));
    world->run_for(1ms);
  }
  EXPECT_EQ(seen, (std::map<int, size_t>{{0, 5}, {429, 4}}));
  seen.clear();
  for (int i = 0; i < 50; ++i) {
    bus::WatchCredit credit;
    credit.set_stream(1);
    credit.set_watcher("s/shard");
    credit.set_batches(1);
    send("s", make_message(std::move(credit)));
  }
  world->run_for(1s);
  EXPECT_EQ(seen, (std::map<int, size_t>{{0, 50}}));
}

}  // namespace
}  // namespace kabuki::store::test

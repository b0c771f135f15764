#include <condition_variable>

#include "actors/store_shard/store_shard_actor.hpp"
#include "messages/watch_sequence.hpp"
#include "store/engines/memory.hpp"
#include "tests/runtime/live_test.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using runtime::Inbound;
using runtime::make_message;
using runtime::MessagePtr;
using Lines = std::vector<std::string>;

/// A live host with the shard "pods" over memory, and a watcher that keeps what it is sent.
class StoreShardTest : public runtime::LiveTest {
 protected:
  std::shared_ptr<MemoryMedium> medium = std::make_shared<MemoryMedium>();
  ShardOptions options{.name = "pods", .revision_timeout = std::chrono::milliseconds(1)};

  void SetUp() override {
    runtime::ChildSpec shard;
    shard.name = "shard";
    shard.make = [this] {
      return store_shard(options, [this] {
        return make_memory_engine(medium, {.identity = options.mapping.identity("pods"), .timers = &timers});
      })();
    };
    auto watcher = runtime::child("watcher", [this](runtime::TestActor& actor) {
      actor.on_message = [this](runtime::TestActor& self, Inbound& in) {
        if (in.as<bus::KillActor>()) return self.fail("as told");
        const std::lock_guard lock(mutex_);
        told_.push_back(line(*in.message));
        changed_.notify_all();
      };
    });
    ASSERT_TRUE(start(runtime::tree({std::move(shard), std::move(watcher)})).ok());
  }
  void TearDown() override { host->stop(); }

  Result<MessagePtr> ask_shard(MessagePtr message) { return ask("@shard/pods", std::move(message)); }

  /// Commits one put (object) or delete (null): "committed 4", "conflict 3 default/a@3=...", "unknown", or the error.
  std::string commit(const Key& key, ObjectPtr object, uint64_t expected) {
    bus::Commit request;
    add(&request, key, object != nullptr, expected);
    std::vector<ObjectPtr> objects;
    if (object) objects.push_back(std::move(object));
    return outcome(ask_shard(make_message(std::move(request), std::move(objects))));
  }
  std::string put(ObjectPtr object, uint64_t expected = 0) {
    const Key key = object->key();
    return commit(key, std::move(object), expected);
  }
  static void add(bus::Commit* request, const Key& key, bool put, uint64_t expected, uint32_t object = 0) {
    auto* mutation = request->add_mutations();
    mutation->mutable_key()->set_kind(key.kind);
    mutation->mutable_key()->set_namespace_(key.ns);
    mutation->mutable_key()->set_name(key.name);
    mutation->set_put(put);
    mutation->set_expected_revision(expected);
    mutation->set_object(object);
  }
  static std::string outcome(const Result<MessagePtr>& result) {
    if (!result.ok()) return std::to_string(result.error().code) + " " + result.error().message;
    const auto& reply = *(*result)->as<bus::CommitReply>();
    std::string out;
    for (const auto& item : reply.items()) {
      static constexpr const char* kOutcomes[] = {"unknown", "committed", "conflict"};
      out +=
          (out.empty() ? "" : ", ") + std::string(kOutcomes[item.outcome()]) + " " + std::to_string(item.revision());
      if (item.has_object()) out += " " + names({(*result)->objects.at(item.object())})[0];
    }
    return out;
  }

  std::string list(bus::ListObjects request) {
    request.mutable_selection()->set_kind(kinds::kPod);
    const auto result = ask_shard(make_message(std::move(request)));
    if (!result.ok()) return std::to_string(result.error().code) + " " + result.error().message;
    const auto& reply = *(*result)->as<bus::ListObjectsReply>();
    std::string out = std::to_string(reply.revision()) + ":";
    for (const auto& name : names((*result)->objects)) out += " " + name;
    if (reply.more()) out += " more";
    if (reply.remaining_known()) out += " " + std::to_string(reply.remaining());
    return out;
  }

  Result<MessagePtr> open(bus::OpenWatch request) {
    request.mutable_selection()->set_kind(kinds::kPod);
    request.set_stream(7);
    if (request.watcher().empty()) request.set_watcher("h/watcher");
    return ask_shard(make_message(std::move(request)));
  }
  Result<MessagePtr> credit(uint64_t batches) {
    bus::WatchCredit request;
    request.set_stream(7);
    request.set_watcher("h/watcher");
    request.set_batches(batches);
    return ask_shard(make_message(std::move(request)));
  }
  /// Waits until the watcher has been told so much.
  Lines told(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return told_.size() >= count; });
    return told_;
  }
  static std::string line(const runtime::Message& message) {
    if (const auto* ended = message.as<bus::WatchEnded>()) return "ended " + std::to_string(ended->failure().code());
    const auto* batch = message.as<bus::WatchEvents>();
    if (!batch) return "?";
    std::string out = std::to_string(batch->stream()) + "#" +
                      std::to_string(batch->sequence() - sequence_place(batch->sequence() >> 32));
    size_t object = 0;
    for (const auto& event : batch->events()) {
      out += " " + bus::WatchEvents::Type_Name(event.type()) + " ";
      out += event.type() == bus::WatchEvents::BOOKMARK
                 ? (event.initial_end() ? "end@" : "@") + std::to_string(event.revision())
                 : names({message.objects.at(object++)})[0];
    }
    return out;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Lines told_;
};

const Key kA{kinds::kPod, "default", "a"};

TEST_F(StoreShardTest, CommitsByCompareAndSwap) {
  EXPECT_EQ(put(pod("a", "n1")), "committed 2");
  EXPECT_EQ(put(pod("a", "n2")), "conflict 2 a@2");
  EXPECT_EQ(put(pod("a", "n2"), 2), "committed 3");
  EXPECT_EQ(commit(kA, nullptr, 2), "conflict 3 a@3");
  EXPECT_EQ(commit(kA, nullptr, 3), "committed 4");
  EXPECT_EQ(commit(kA, nullptr, 3), "conflict 0");
  bus::Commit request;
  add(&request, kA, true, 0);
  add(&request, kA, true, 0);
  add(&request, {kinds::kPod, "default", "b"}, true, 0, 1);
  EXPECT_EQ(outcome(ask_shard(make_message(request, {pod("a", ""), pod("b", "")}))),
            "committed 5, conflict 5 a@5, committed 6");
  EXPECT_EQ(outcome(ask_shard(make_message(bus::Commit()))), "");
}

TEST_F(StoreShardTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(put(thing("a", "")), "400 configmaps are kept by the shard \"objects\", not \"pods\"");
  EXPECT_EQ(commit(kA, pod("b", ""), 0), "400 commit of pods/default/a carries pods/default/b");
  bus::Commit request;
  add(&request, kA, true, 0, 3);
  EXPECT_EQ(outcome(ask_shard(make_message(request))),
            "400 commit of pods/default/a refers to an object that did not come with it");
  EXPECT_EQ(outcome(ask_shard(make_message(bus::Join()))), "400 a store shard does not understand this message");
}

TEST_F(StoreShardTest, ReadsWhatWasCommitted) {
  put(pod("a", ""));
  put(pod("b", ""));
  bus::GetObjects request;
  for (const char* name : {"b", "c", "a"}) {
    auto* key = request.add_keys();
    key->set_kind(kinds::kPod);
    key->set_namespace_("default");
    key->set_name(name);
  }
  const auto result = ask_shard(make_message(request));
  ASSERT_TRUE(result.ok());
  const auto& reply = *(*result)->as<bus::GetObjectsReply>();
  EXPECT_EQ(reply.revision(), 3u);
  Lines items;
  for (const auto& item : reply.items()) {
    items.push_back(item.found() ? names({(*result)->objects.at(item.object())})[0] : "none");
  }
  EXPECT_EQ(items, (Lines{"b@3", "none", "a@2"}));
}

TEST_F(StoreShardTest, ListsInPagesAtOneRevision) {
  for (const char* name : {"a", "b", "c", "d", "e"}) put(pod(name, ""));
  bus::ListObjects request;
  EXPECT_EQ(list(request), "6: a@2 b@3 c@4 d@5 e@6");
  request.set_limit(2);
  EXPECT_EQ(list(request), "6: a@2 b@3 more 3");
  put(pod("d", "n"), 5);
  put(pod("bb", "n"));
  request.set_continued(true);
  request.set_revision(6);
  request.mutable_start_after()->set_kind(kinds::kPod);
  request.mutable_start_after()->set_namespace_("default");
  request.mutable_start_after()->set_name("b");
  EXPECT_EQ(list(request), "6: c@4 d@5 more 1");
  request.mutable_start_after()->set_name("d");
  EXPECT_EQ(list(request), "6: e@6");
  request = {};
  request.set_revision(4);
  request.set_match(bus::ListObjects::EXACT);
  EXPECT_EQ(list(request), "4: a@2 b@3 c@4");
  request.set_match(bus::ListObjects::NOT_OLDER_THAN);
  EXPECT_EQ(list(request), "8: a@2 b@3 bb@8 c@4 d@7 e@6");
  request.set_revision(9);
  EXPECT_EQ(list(request), "504 Timeout: Too large resource version: 9, current: 8");
}

TEST_F(StoreShardTest, TellsWatchersByTheirCredit) {
  put(pod("a", "n1"));
  bus::OpenWatch request;
  request.set_initial_events(true);
  request.set_credit(2);
  const auto opened = open(request);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ((*opened)->as<bus::WatchOpened>()->revision(), 2u);
  EXPECT_EQ(told(1), Lines{"7#1 ADDED a@2 BOOKMARK end@2"});
  put(pod("a", "n2"), 2);
  EXPECT_EQ(told(2).back(), "7#2 MODIFIED a@3");
  commit(kA, nullptr, 3);
  put(pod("b", ""));
  ASSERT_TRUE(credit(1).ok());
  EXPECT_EQ(told(3).back(), "7#3 DELETED a@4 ADDED b@5");
}

TEST_F(StoreShardTest, ForgetsWatchersThatDie) {
  bus::OpenWatch request;
  request.set_from_revision(kFirstRevision);
  request.set_credit(1);
  ASSERT_TRUE(open(request).ok());
  ASSERT_TRUE(credit(1).ok());
  host->tell({"h/watcher"}, make_message(bus::KillActor()));
  Result<MessagePtr> taken = credit(0);
  while (taken.ok()) taken = credit(0);
  EXPECT_EQ(taken.error().code, 410);
}

TEST_F(StoreShardTest, ComesBackWithWhatIsDurableAfterAFailedSync) {
  EXPECT_EQ(put(pod("a", "")), "committed 2");
  medium->fail_next_sync();
  EXPECT_EQ(put(pod("b", "")), "unknown 0");
  // What still reaches the shard that fails is answered UNKNOWN and not done: its engine has ended.
  std::string again = put(pod("a", "n"), 2);
  while (again.starts_with("503") || again == "unknown 0") again = put(pod("a", "n"), 2);
  // The failed write may be durable, and then has the revision between.
  const bool survived = medium->objects() == 2;
  EXPECT_EQ(again, survived ? "committed 4" : "committed 3");
  EXPECT_EQ(list({}), survived ? "4: a@4 b@3" : "3: a@3");
}

TEST_F(StoreShardTest, ComesBackAfterAKill) {
  EXPECT_EQ(put(pod("a", "")), "committed 2");
  ASSERT_TRUE(ask("h/shard", make_message(bus::KillActor())).ok());
  std::string again = list({});
  while (again.starts_with("503")) again = list({});
  EXPECT_EQ(again, "2: a@2");
}

}  // namespace
}  // namespace kabuki::store::test

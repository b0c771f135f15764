#include "actors/api_server/shard_client.hpp"

#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/kinds.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ObjectPtr config_map(const std::string& name, size_t size = 0) {
  ::k8s::io::api::core::v1::ConfigMap object;
  object.mutable_metadata()->set_name(name);
  object.mutable_metadata()->set_namespace_("default");
  if (size > 0) (*object.mutable_data())["text"] = std::string(size, 'x');
  return Object::encode(kinds::kConfigMap, object);
}

Key key_of(const std::string& name) { return {kinds::kConfigMap, "default", name}; }

/// A client of two shards, which answer when the test says so.
struct ShardClientTest : ::testing::Test {
  struct Asked {
    std::string to;
    runtime::MessagePtr message;
    std::function<void(Result<runtime::MessagePtr>)> answer;
  };
  std::deque<Asked> asked;
  std::vector<std::string> said;  // to the callers, in order
  static constexpr int kUnderWay = 4;
  ShardClient::Bounds bounds{.gets = 1000, .commits = 1000, .bytes = 1 << 20, .messages = kUnderWay};
  std::unique_ptr<ShardClient> made;

  ShardClient& client() {
    if (made) return *made;
    made = std::make_unique<ShardClient>(
        [this](const runtime::Address& to, runtime::MessagePtr message, io::Duration, auto answer) {
          asked.push_back({to.text, std::move(message), std::move(answer)});
        },
        [](KindId kind) { return kind == kinds::kPod ? "pods" : "objects"; }, bounds);
    return *made;
  }
  void commit(const std::string& name, ObjectPtr object) {
    client().commit(key_of(name), 0, std::move(object),
                    [this, name](const Result<ShardClient::CommitResult>& result) {
                      said.push_back(name + " " +
                                     (!result ? std::to_string(result.error().code) + " " + result.error().reason
                                      : result->committed ? "committed at " + std::to_string(result->revision)
                                                          : "conflict"));
                    });
  }
  void commit(const std::string& name) { commit(name, config_map(name)); }
  void get(const std::string& name) {
    client().get(key_of(name), [this, name](const Result<ObjectPtr>& result) {
      said.push_back(name + " " + (!result ? std::to_string(result.error().code) : *result ? "found" : "absent"));
    });
  }
  /// The first message that waits.
  Asked next() {
    Asked first = std::move(asked.front());
    asked.pop_front();
    return first;
  }
  static std::string names(const Asked& one) {
    std::string out;
    if (const auto* verb = one.message->as<bus::Commit>()) {
      for (const auto& mutation : verb->mutations()) out += mutation.key().name();
    } else {
      for (const auto& key : one.message->as<bus::GetObjects>()->keys()) out += key.name();
    }
    return out;
  }
  /// Answers a commit with one outcome for all of it.
  static void answer(const Asked& one, bus::CommitReply::Outcome outcome) {
    bus::CommitReply reply;
    for (int i = 0; i < one.message->as<bus::Commit>()->mutations_size(); ++i) {
      auto* item = reply.add_items();
      item->set_outcome(outcome);
      item->set_revision(7);
    }
    one.answer(runtime::make_message(std::move(reply)));
  }
};

TEST_F(ShardClientTest, SendsAtOnceAndGathersWhatComesWhileEnoughIsUnderWay) {
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g"}) commit(name);
  ASSERT_EQ(asked.size(), static_cast<size_t>(kUnderWay));
  EXPECT_EQ(asked[0].to, "@shard/objects");
  std::string first = names(asked[0]) + names(asked[1]) + names(asked[2]) + names(asked[3]);
  EXPECT_EQ(first, "abcd");
  answer(next(), bus::CommitReply::COMMITTED);
  ASSERT_EQ(asked.size(), static_cast<size_t>(kUnderWay));
  EXPECT_EQ(names(asked.back()), "efg");
  EXPECT_EQ(asked.back().message->objects.size(), 3u);
  EXPECT_THAT(said, ElementsAre("a committed at 7"));
}

TEST_F(ShardClientTest, SendsNoMoreThanABatchAtOnce) {
  for (int i = 0; i < kUnderWay; ++i) get("x");
  for (size_t i = 0; i < kShardBatch + 1; ++i) get("y");
  next().answer(unavailable("gone"));
  EXPECT_EQ(asked.back().message->as<bus::GetObjects>()->keys_size(), static_cast<int>(kShardBatch));
  next().answer(unavailable("gone"));
  EXPECT_EQ(names(asked.back()), "y");
}

TEST_F(ShardClientTest, KeepsReadsWritesAndShardsApart) {
  for (int i = 0; i < kUnderWay + 1; ++i) commit("a");
  ASSERT_EQ(asked.size(), 4u);
  get("a");
  ASSERT_EQ(asked.size(), 5u);
  client().get({kinds::kPod, "default", "p"}, [](const Result<ObjectPtr>&) {});
  EXPECT_EQ(asked.back().to, "@shard/pods");
}

TEST_F(ShardClientTest, AnswersEachCallerHisOwn) {
  get("here");
  get("gone");
  bus::GetObjectsReply reply;
  auto* item = reply.add_items();
  item->set_found(true);
  item->set_object(0);
  next().answer(runtime::make_message(reply, {config_map("here")}));
  reply.mutable_items(0)->set_found(false);
  next().answer(runtime::make_message(std::move(reply)));
  EXPECT_THAT(said, ElementsAre("here found", "gone absent"));
}

TEST_F(ShardClientTest, WhatIsNotKnownIsATimeoutAndNeverAConflict) {
  for (const char* name : {"unknown", "timeout", "conflict", "other"}) commit(name);
  answer(next(), bus::CommitReply::UNKNOWN);
  next().answer(timed_out("no answer in time"));
  answer(next(), bus::CommitReply::CONFLICT);
  next().answer(runtime::make_message(bus::CommitReply()));
  EXPECT_THAT(said, ElementsAre("unknown 504 Timeout", "timeout 504 Timeout", "conflict conflict",
                                "other 500 InternalError"));
}

TEST_F(ShardClientTest, OneUnknownLeavesTheOthersOfItsBatchAlone) {
  for (int i = 0; i < kUnderWay; ++i) commit("x");
  commit("a");
  commit("b");
  answer(next(), bus::CommitReply::COMMITTED);
  said.clear();
  bus::CommitReply reply;
  reply.add_items()->set_outcome(bus::CommitReply::UNKNOWN);
  auto* item = reply.add_items();
  item->set_outcome(bus::CommitReply::COMMITTED);
  item->set_revision(9);
  asked.back().answer(runtime::make_message(std::move(reply)));
  EXPECT_THAT(said, ElementsAre("a 504 Timeout", "b committed at 9"));
}

TEST_F(ShardClientTest, RefusesWhatWouldWaitBehindTooMany) {
  bounds.commits = bounds.gets = 2;
  for (const char* name : {"1", "2", "3", "4", "a", "b", "c"}) commit(name);
  EXPECT_THAT(said, ElementsAre("c 429 TooManyRequests"));
  for (const char* name : {"1", "2", "3", "4", "a", "b", "c"}) get(name);
  EXPECT_THAT(said, ElementsAre("c 429 TooManyRequests", "c 429"));
  answer(next(), bus::CommitReply::COMMITTED);
  commit("d");
  EXPECT_THAT(said, ElementsAre("c 429 TooManyRequests", "c 429", "1 committed at 7"));
}

TEST_F(ShardClientTest, SaysWhenToComeAgain) {
  bounds.gets = 0;
  int after = 0;
  client().get(key_of("a"), [&](const Result<ObjectPtr>& result) { after = result.error().retry_after_seconds; });
  EXPECT_EQ(after, 1);
}

TEST_F(ShardClientTest, CountsTheBytesThatWait) {
  bounds.bytes = 3000;
  for (const char* name : {"1", "2", "3", "4"}) commit(name, config_map(name, 2000));
  EXPECT_THAT(said, IsEmpty());
  commit("a", config_map("a", 2000));
  commit("b", config_map("b", 2000));
  commit("c", nullptr);
  EXPECT_THAT(said, ElementsAre("b 429 TooManyRequests"));
  answer(next(), bus::CommitReply::COMMITTED);
  EXPECT_EQ(names(asked.back()), "ac");
  commit("d", config_map("d", 5000));
  EXPECT_THAT(said, ElementsAre("b 429 TooManyRequests", "1 committed at 7"))
      << "one alone is taken, however large, or it would never be";
}

}  // namespace
}  // namespace kabuki::api_server

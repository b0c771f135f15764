#include "tests/actors/store_shard/watch_contract.hpp"

// What a watch promises: ordered, unique, atomic, reliable, resumable, bookmarkable; and that lists agree with it.
namespace kabuki::store::test {
namespace {

constexpr uint64_t kPlenty = 1'000'000;

bus::OpenWatch from(uint64_t revision, uint64_t credit, bool bookmarks = false) {
  bus::OpenWatch request;
  request.set_from_revision(revision);
  request.set_credit(credit);
  request.set_bookmarks(bookmarks);
  return request;
}

class WatchTest : public WatchContract {};
class SharedWatchTest : public WatchContract {
 protected:
  SharedWatchTest() { two_shards = true; }
};

TEST_P(WatchTest, IsOrderedUniqueAtomicAndReliable) {
  begin();
  std::map<uint64_t, std::pair<std::string, uint64_t>> streams;  // selection, and from where
  for (int i = 0; i < 120; ++i) {
    write();
    if (i % 10 == 0) {
      const auto known = revisions();
      const uint64_t start = known[random.below(known.size())];
      const std::string app = i % 20 == 0 ? "" : "web";
      const uint64_t stream = streams.size() + 1;
      ASSERT_TRUE(open(stream, from(start, random.below(3)), app).ok());
      streams[stream] = {app, start};
    }
    const uint64_t stream = 1 + random.below(streams.size());
    ASSERT_TRUE(credit(stream, 1 + random.below(3)).ok());
  }
  const uint64_t end = write_end();
  for (const auto& [stream, what] : streams) {
    ASSERT_TRUE(credit(stream, kPlenty).ok());
    EXPECT_EQ(story_of(told(stream, end)), story(what.first, what.second));
  }
}

TEST_P(WatchTest, ResumesFromEveryRevisionOfTheWindow) {
  begin();
  for (int i = 0; i < 30; ++i) write();
  const uint64_t end = write_end();
  uint64_t stream = 0;
  for (const uint64_t start : revisions()) {
    if (start == end) break;
    ASSERT_TRUE(open(++stream, from(start, kPlenty), "").ok());
    EXPECT_EQ(story_of(told(stream, end)), story("", start)) << start;
    close(stream);
  }
}

TEST_P(WatchTest, AListAtARevisionIsTheReplayOfAWatchUpToIt) {
  begin();
  for (int i = 0; i < 40; ++i) write();
  const uint64_t end = write_end();
  for (const std::string app : {"", "web"}) {
    const uint64_t stream = app.empty() ? 1 : 2;
    ASSERT_TRUE(open(stream, from(begin_revision(), kPlenty), app).ok());
    const Story story = story_of(told(stream, end));
    Contents replayed;
    auto next = story.begin();
    for (const uint64_t revision : revisions()) {
      for (; next != story.end() && next->first <= revision; ++next) {
        for (const auto& told : next->second) {
          EXPECT_EQ(replayed.contains(told.name), told.type != "ADDED");
          replayed.erase(told.name);
          if (told.type != "DELETED") replayed[told.name] = {told.revision, told.body};
        }
      }
      EXPECT_EQ(listed(revision, random.below(4), app), replayed) << revision;
      EXPECT_EQ(replayed, contents(app, revision));
    }
  }
}

TEST_P(WatchTest, BeginsWithTheListWhenAskedAndGoesOnFromThere) {
  begin();
  for (int i = 0; i < 20; ++i) write();
  bus::OpenWatch request = from(0, kPlenty);
  request.set_initial_events(true);
  const uint64_t before = newest();
  ASSERT_TRUE(open(1, request, "web").ok());
  for (int i = 0; i < 20; ++i) write();
  const uint64_t end = write_end();
  Stream stream = told(1, end);
  Contents initial;
  uint64_t ended = 0;
  for (auto& batch : stream.batches) {
    while (ended == 0 && !batch.empty()) {
      const Told told = batch.front();
      batch.erase(batch.begin());
      if (told.name == "end") {
        ended = told.revision;
        break;
      }
      EXPECT_EQ(told.type, "ADDED");
      initial[told.name] = {told.revision, told.body};
    }
  }
  std::erase_if(stream.batches, [](const auto& batch) { return batch.empty(); });
  EXPECT_GE(ended, before);
  EXPECT_EQ(initial, contents("web", ended));
  EXPECT_EQ(story_of(stream), story("web", ended));
}

TEST_P(WatchTest, OneWithoutCreditIsToldNothingAndLaterAll) {
  begin();
  const uint64_t start = begin_revision();
  ASSERT_TRUE(open(1, from(start, 1), "").ok());
  write_end();
  const Stream first = told_batches(1, 1);
  for (int i = 0; i < 30; ++i) write();
  const uint64_t end = write_end();
  EXPECT_EQ(listed(0, 0, ""), contents("", end));
  EXPECT_EQ(told_batches(1, 1).batches, first.batches);
  ASSERT_TRUE(credit(1, 1).ok());
  EXPECT_EQ(told_batches(1, 2).batches.size(), 2u);
  EXPECT_EQ(story_of(told(1, end)), story("", start));
}

TEST_P(WatchTest, ExpiresWhereTheWindowIsOver) {
  options.state.history_changes = 10;
  begin();
  const uint64_t start = begin_revision();
  ASSERT_TRUE(open(1, from(start, 1), "").ok());
  write_end();
  told_batches(1, 1);
  for (int i = 0; i < 40; ++i) write();
  const uint64_t end = write_end();
  const auto parked = credit(1, 1);
  if (parked.ok()) {
    EXPECT_EQ(told(1, end).ended, 410);
  } else {
    EXPECT_EQ(parked.error().code, 410);
  }
  const auto opened = open(2, from(start, 1), "");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, 410);
  bus::ListObjects request;
  request.set_revision(start + 1);
  request.set_match(bus::ListObjects::EXACT);
  EXPECT_EQ(list(request, "").error().code, 410);
  EXPECT_TRUE(open(3, from(end, 1), "").ok());
}

TEST_P(WatchTest, ForgetsWhatIsTooOld) {
  options.state.history_age = std::chrono::milliseconds(20);
  begin();
  const uint64_t start = begin_revision();
  for (int i = 0; i < 10; ++i) write();
  const uint64_t end = write_end();
  uint64_t stream = 1;
  while (open(stream, from(start, 1), "").ok()) ++stream;
  EXPECT_TRUE(open(++stream, from(end, 1), "").ok());
  EXPECT_EQ(listed(0, 0, ""), contents("", end));
}

TEST_P(WatchTest, BookmarksSayFromWhereToGoOn) {
  options.bookmark_interval = std::chrono::milliseconds(5);
  begin();
  ASSERT_TRUE(open(1, from(begin_revision(), kPlenty, true), "nobody").ok());
  for (int i = 0; i < 20; ++i) write();
  const uint64_t newest = this->newest();
  const Stream stream = told(1, newest);
  const uint64_t bookmark = stream.batches.back().back().revision;
  EXPECT_EQ(story_of(stream), Story());
  ASSERT_TRUE(open(2, from(bookmark, kPlenty), "").ok());
  const uint64_t end = write_end();
  EXPECT_EQ(story_of(told(2, end)), story("", bookmark));
}

TEST_P(WatchTest, ARevisionThatIsAheadIsWaitedForAndThenRefused) {
  options.revision_timeout = std::chrono::milliseconds(50);
  begin();
  const uint64_t end = write_end();
  bus::ListObjects request;
  request.set_revision(end + 1000);
  request.set_match(bus::ListObjects::NOT_OLDER_THAN);
  const auto reply = list(request, "");
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, 504);
  ASSERT_EQ(reply.error().causes.size(), 1u);
  EXPECT_EQ(reply.error().causes[0].reason, "ResourceVersionTooLarge");
  EXPECT_EQ(open(1, from(end + 1000, 1), "").error().code, 504);
}

TEST_P(SharedWatchTest, GoesOnAtAnotherShardOfTheSameData) {
  begin();
  Story got;
  uint64_t at = begin_revision();
  uint64_t stream = 0;
  for (int round = 0; round < 20; ++round) {
    const std::string here = round % 2 == 0 ? "shard" : "other";
    for (int i = 0; i < 4; ++i) write(random.chance(0.5) ? "shard" : "other");
    // The other shard may lag behind what this watcher has seen: it waits then.
    ASSERT_TRUE(open(++stream, from(at, kPlenty), "", here).ok());
    const uint64_t end = write_end(random.chance(0.5) ? "shard" : "other");
    for (auto& [revision, events] : story_of(told(stream, end))) {
      EXPECT_TRUE(got.emplace(revision, std::move(events)).second) << "told twice";
    }
    at = end;
    close(stream, here);
  }
  EXPECT_EQ(got, story("", begin_revision()));
}

TEST_P(SharedWatchTest, ReadsSeeWhatAnotherShardAcknowledged) {
  begin();
  for (int i = 0; i < 60; ++i) {
    const bool swap = random.chance(0.5);
    const uint64_t end = write_end(swap ? "other" : "shard");
    const std::string reader = swap ? "shard" : "other";
    if (i % 2 == 0) {
      EXPECT_EQ(listed(0, 0, "", reader), contents("", end));
      continue;
    }
    bus::OpenWatch request = from(0, 10);
    request.set_initial_events(true);
    const auto opened = open(1, request, "", reader);
    ASSERT_TRUE(opened.ok());
    EXPECT_GE(*opened, end);
    close(1, reader);
  }
}

TEST_P(SharedWatchTest, ReadsAndBookmarksMoveOnThoughOnlyOtherShardsChange) {
  options.bookmark_interval = std::chrono::milliseconds(5);
  begin();
  auto other = home->engine(options.mapping.identity("leases"));
  ASSERT_TRUE(other->load([](ObjectPtr) {}).ok());
  other->start([](uint64_t, std::vector<kabuki::store::Change>) {}, [](Error) {});
  ASSERT_TRUE(open(1, from(begin_revision(), kPlenty, true), "").ok());
  std::promise<uint64_t> written;
  other->submit({put(thing("a", ""))},
                [&](std::vector<MutationResult> results) { written.set_value(results[0].revision); });
  const uint64_t revision = written.get_future().get();
  EXPECT_GT(revision, begin_revision());
  EXPECT_EQ(listed(0, 0, ""), Contents());
  other->stop();
  if (!home->one_order()) return;
  bus::ListObjects request;
  request.set_revision(revision);
  request.set_match(bus::ListObjects::NOT_OLDER_THAN);
  const auto reply = list(request, "");
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_GE((*reply)->as<bus::ListObjectsReply>()->revision(), revision);
  EXPECT_GE(told(1, revision).batches.back().back().revision, revision);
}

TEST_P(SharedWatchTest, AConflictComesWithTheVersionThatAnotherShardWrote) {
  begin();
  uint64_t revision = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string node = "n" + std::to_string(i);
    const auto written = commit({put(pod("a", node), revision)}, i % 2 == 0 ? "shard" : "other");
    ASSERT_EQ(written[0].outcome(), bus::CommitReply::COMMITTED);
    revision = written[0].revision();
    const auto refused = commit({put(pod("a", "x"))}, i % 2 == 0 ? "other" : "shard");
    ASSERT_EQ(refused[0].outcome(), bus::CommitReply::CONFLICT);
    EXPECT_EQ(refused[0].revision(), revision);
    EXPECT_TRUE(refused[0].has_object());
  }
}

const auto kName = [](const auto& info) { return info.param; };
INSTANTIATE_TEST_SUITE_P(Engines, WatchTest, testing::ValuesIn(all_engines()), kName);
INSTANTIATE_TEST_SUITE_P(Engines, SharedWatchTest, testing::ValuesIn(shared_engines()), kName);

}  // namespace
}  // namespace kabuki::store::test

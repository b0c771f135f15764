#include "actors/event_recorder.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/event.pb.h"

namespace kabuki::actors {
namespace {

constexpr io::WallTime at(int64_t seconds) { return {seconds * 1'000'000'000}; }

EventNote note(const std::string& message) {
  return {{kinds::kPod, "default", "web"}, "uid", "Normal", "Done", message};
}

TEST(EventRecorder, SaysANewThingAsAnEvent) {
  EventRecorder recorder("tester");
  recorder.record(note("one"), at(100));
  const auto writes = recorder.take(10);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].verb, bus::WriteObjects::CREATE);
  const auto event = writes[0].object->as<::k8s::io::api::core::v1::Event>();
  EXPECT_EQ(event.metadata().namespace_(), "default");
  EXPECT_EQ(event.involvedobject().kind(), "Pod");
  EXPECT_EQ(event.message(), "one");
  EXPECT_EQ(event.count(), 1);
  EXPECT_EQ(event.source().component(), "tester");
  EXPECT_EQ(recorder.waiting(), 0u);
}

TEST(EventRecorder, CountsRepetitionsUpInOnePatch) {
  EventRecorder recorder("tester");
  recorder.record(note("one"), at(0));
  const Key event = recorder.take(10)[0].key;
  recorder.record(note("one"), at(60));
  recorder.record(note("one"), at(90));
  EXPECT_EQ(
      recorder.take(10),
      (std::vector<Write>{Write::merge_patch(event, "", R"({"count":3,"lastTimestamp":"1970-01-01T00:01:30Z"})")}));
}

TEST(EventRecorder, BeginsAnewWhenTheEventIsGone) {
  EventRecorder recorder("tester");
  recorder.record(note("one"), at(0));
  recorder.forget(recorder.take(10)[0].key);
  recorder.record(note("one"), at(60));
  EXPECT_EQ(recorder.take(10)[0].verb, bus::WriteObjects::CREATE);
}

TEST(EventRecorder, SilencesWhatIsTalkedAboutTooMuch) {
  EventRecorder recorder("tester");
  for (int i = 0; i < 40; ++i) recorder.record(note(std::to_string(i)), at(0));
  EXPECT_EQ(recorder.waiting(), 25u);
  EXPECT_EQ(recorder.silenced(), 15u);
  recorder.record(note("later"), at(300));
  EXPECT_EQ(recorder.waiting(), 26u);
}

TEST(EventRecorder, TakesNoMoreThanAsked) {
  EventRecorder recorder("tester");
  for (int i = 0; i < 5; ++i) recorder.record(note(std::to_string(i)), at(0));
  EXPECT_EQ(recorder.take(3).size(), 3u);
  recorder.record(note("0"), at(1));
  EXPECT_EQ(recorder.take(10).size(), 3u);
}

}  // namespace
}  // namespace kabuki::actors

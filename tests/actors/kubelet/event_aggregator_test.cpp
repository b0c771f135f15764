#include "actors/kubelet/event_aggregator.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/event.pb.h"

namespace kabuki::kubelet {
namespace {

ObjectPtr event(const std::string& name, const std::string& message, const std::string& uid = "u") {
  ::k8s::io::api::core::v1::Event event;
  event.mutable_metadata()->set_name(name);
  event.mutable_metadata()->set_namespace_("default");
  event.mutable_involvedobject()->set_uid(uid);
  event.set_reason("BackOff");
  event.set_message(message);
  event.set_count(1);
  return Object::encode(kinds::kEvent, event);
}

constexpr io::WallTime kNow{1'800'000'000'000'000'000};

TEST(EventAggregator, CountsARepetitionUpOnTheFirstEvent) {
  EventAggregator aggregator;
  EXPECT_FALSE(aggregator.repeats(*event("e.1", "again"), kNow));
  auto write = aggregator.repeats(*event("e.2", "again"), kNow);
  ASSERT_TRUE(write);
  EXPECT_EQ(write->verb(), bus::WriteObjects::PATCH_MERGE);
  EXPECT_EQ(write->key().name(), "e.1");
  EXPECT_EQ(write->patch(), R"({"count":2,"lastTimestamp":"2027-01-15T08:00:00Z"})");
  EXPECT_EQ(aggregator.repeats(*event("e.3", "again"), kNow)->patch(),
            R"({"count":3,"lastTimestamp":"2027-01-15T08:00:00Z"})");
}

TEST(EventAggregator, KeepsApartWhatIsSaidOtherwiseOrOfAnother) {
  EventAggregator aggregator;
  EXPECT_FALSE(aggregator.repeats(*event("e.1", "again"), kNow));
  EXPECT_FALSE(aggregator.repeats(*event("e.2", "otherwise"), kNow));
  EXPECT_FALSE(aggregator.repeats(*event("e.3", "again", "v"), kNow));
}

TEST(EventAggregator, CreatesAnewWhatHasExpired) {
  EventAggregator aggregator;
  EXPECT_FALSE(aggregator.repeats(*event("e.1", "again"), kNow));
  aggregator.forget({kinds::kEvent, "default", "e.1"});
  EXPECT_FALSE(aggregator.repeats(*event("e.2", "again"), kNow));
  EXPECT_EQ(aggregator.repeats(*event("e.3", "again"), kNow)->key().name(), "e.2");
}

}  // namespace
}  // namespace kabuki::kubelet

#include "actors/api_server/write/eviction.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <map>

#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using Pod = ::k8s::io::api::core::v1::Pod;

constexpr io::WallTime kNow{1'795'392'600LL * 1'000'000'000};

template <class T>
T read(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

Pod pod(const std::string& phase = "Running", const std::string& ready = "True") {
  return read<Pod>(R"(metadata { name: "web-1" namespace: "default" uid: "u1" labels { key: "app" value: "web" } }
    status { phase: ")" +
                   phase + R"(" conditions { type: "Ready" status: ")" + ready + R"(" } })");
}

DisruptionBudget budget(const std::string& status, const std::string& spec = "", const std::string& name = "web") {
  return read<DisruptionBudget>(R"(metadata { name: ")" + name + R"(" namespace: "default" generation: 1 }
    spec { selector { matchLabels { key: "app" value: "web" } } )" +
                                spec + "} status { " + status + " }");
}

/// "ok", "ok, spends web" or the error's message and cause.
std::string permit(const Pod& pod, const std::vector<DisruptionBudget>& budgets) {
  const auto outcome = permit_eviction(pod, budgets, kNow);
  if (outcome) {
    return outcome->budget ? "ok, leaves " + std::to_string(outcome->budget->status().disruptionsallowed()) : "ok";
  }
  const Error& error = outcome.error();
  return std::to_string(error.code) + " " + error.message +
         (error.causes.empty() ? "" : " " + error.causes[0].reason + ": " + error.causes[0].message);
}

const std::string kSpent = "429 Cannot evict pod as it would violate the pod's disruption budget. DisruptionBudget: ";

TEST(Eviction, FollowsTheBudgetOfThePod) {
  const std::string counted = "observedGeneration: 1 desiredHealthy: 2 ";
  EXPECT_EQ(permit(pod(), {}), "ok");
  EXPECT_EQ(permit(pod(), {budget(counted + "disruptionsAllowed: 2")}), "ok, leaves 1");
  EXPECT_EQ(permit(pod(), {budget(counted + "currentHealthy: 1")}),
            kSpent + "The disruption budget web needs 2 healthy pods and has 1 currently");
  EXPECT_EQ(permit(pod(), {budget("disruptionsAllowed: 2")}),
            kSpent + "The disruption budget web is still being processed by the server.");
  EXPECT_EQ(permit(pod(), {budget(counted), budget(counted, "", "other")}),
            "500 Internal error occurred: This pod has more than one PodDisruptionBudget, which the eviction "
            "subresource does not support. : This pod has more than one PodDisruptionBudget, which the eviction "
            "subresource does not support.");
}

TEST(Eviction, NeedsNoBudgetForWhatDoesNotServe) {
  const std::vector<DisruptionBudget> spent = {budget("observedGeneration: 1 desiredHealthy: 2 currentHealthy: 1")};
  for (const char* phase : {"Pending", "Succeeded", "Failed"}) EXPECT_EQ(permit(pod(phase), spent), "ok") << phase;
  Pod leaving = pod();
  leaving.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(1);
  EXPECT_EQ(permit(leaving, spent), "ok");
  EXPECT_EQ(permit(pod("Running", "False"), spent),
            kSpent + "The disruption budget web needs 2 healthy pods and has 1 currently");
  EXPECT_EQ(permit(pod("Running", "False"), {budget("observedGeneration: 1 desiredHealthy: 2 currentHealthy: 1",
                                                    R"(unhealthyPodEvictionPolicy: "AlwaysAllow")")}),
            "ok");
  EXPECT_EQ(permit(pod("Running", "False"), {budget("observedGeneration: 1 desiredHealthy: 2 currentHealthy: 2")}),
            "ok");
}

TEST(Eviction, NamesTheDisruptedPod) {
  auto outcome = permit_eviction(pod(), {budget("observedGeneration: 1 disruptionsAllowed: 1")}, kNow);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->budget->status().disruptedpods().at("web-1").seconds(), kNow.seconds());
}

TEST(Eviction, SaysSoWhenItTakesTheLastDisruption) {
  auto last = permit_eviction(pod(), {budget("observedGeneration: 1 disruptionsAllowed: 1")}, kNow);
  ASSERT_TRUE(last.ok());
  ASSERT_EQ(last->budget->status().conditions_size(), 1);
  EXPECT_EQ(last->budget->status().conditions(0).reason(), "InsufficientPods");
  auto first = permit_eviction(pod(), {budget("observedGeneration: 1 disruptionsAllowed: 2")}, kNow);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->budget->status().conditions_size(), 0);
}

/// An eviction whose reads and writes are answered from memory.
struct EvictionFlow : testing::Test {
  std::vector<std::string> writes;
  int conflicts = 0;             // of the budget's status
  std::function<void()> meddle;  // before each mark
  Pod on_disk = pod();
  uint64_t revision = 5;
  ObjectPtr budget_object =
      Object::encode(kinds::kPodDisruptionBudget, budget("observedGeneration: 1 disruptionsAllowed: 1"), 6);
  bool exists = true;

  std::string run(bool dry_run = false) {
    EvictionSteps steps;
    steps.get = [this](const Key&, auto done) {
      done(exists ? Object::encode(kinds::kPod, on_disk, revision) : ObjectPtr());
    };
    steps.budgets = [this](const std::string& ns, auto done) {
      EXPECT_EQ(ns, "default");
      done(std::vector<ObjectPtr>{budget_object});
    };
    steps.write = [this](Write write, auto done) {
      const bool removes = write.verb == Write::Verb::remove;
      const bool marks = write.verb == Write::Verb::patch;
      if (marks && meddle) meddle();
      writes.push_back((removes ? "remove " + write.expected_uid + " "
                        : marks ? "mark "
                                : "status of ") +
                       write.key.name);
      if (write.key.kind == kinds::kPodDisruptionBudget && conflicts-- > 0) {
        return done(stale_write(*write.kind, write.key.name));
      }
      if (write.key.kind == kinds::kPod && write.expected_revision != 0 && write.expected_revision != revision) {
        return done(stale_write(*write.kind, write.key.name));
      }
      done(marks ? ++revision : revision);
    };
    steps.now = [] { return kNow; };
    std::string outcome = "nothing";
    Write removal{.verb = Write::Verb::remove,
                  .kind = &kind_of(kinds::kPod),
                  .key = {kinds::kPod, "default", "web-1"},
                  .dry_run = dry_run};
    evict(std::move(steps), std::move(removal),
          [&](Result<> result) { outcome = result ? "ok" : std::to_string(result.error().code); });
    return outcome;
  }
};

TEST_F(EvictionFlow, SpendsTheBudgetAndThenRemovesThatVeryPod) {
  EXPECT_EQ(run(), "ok");
  EXPECT_EQ(writes, (std::vector<std::string>{"status of web", "mark web-1", "remove u1 web-1"}));
}

TEST_F(EvictionFlow, LooksAgainWhenTheBudgetHasChanged) {
  conflicts = 2;
  EXPECT_EQ(run(), "ok");
  EXPECT_EQ(writes.size(), 5u);
  writes.clear();
  conflicts = 100;
  EXPECT_EQ(run(), "409");
  EXPECT_EQ(writes, (std::vector<std::string>(5, "status of web")));
}

TEST_F(EvictionFlow, APodThatServesMeanwhileIsJudgedAnew) {
  on_disk = pod("Pending", "False");
  meddle = [this] {
    if (on_disk.status().phase() != "Pending") return;
    on_disk = pod();
    ++revision;
  };
  EXPECT_EQ(run(), "ok");
  EXPECT_EQ(writes, (std::vector<std::string>{"mark web-1", "status of web", "mark web-1", "remove u1 web-1"}));
}

TEST_F(EvictionFlow, APodThatNeverRestsIsAskedForLater) {
  on_disk = pod("Pending", "False");
  meddle = [this] { ++revision; };
  EXPECT_EQ(run(), "429");
  EXPECT_EQ(writes, (std::vector<std::string>(5, "mark web-1")));
}

TEST_F(EvictionFlow, ADryRunSpendsNothing) {
  EXPECT_EQ(run(true), "ok");
  EXPECT_EQ(writes, (std::vector<std::string>{"remove u1 web-1"}));
}

TEST_F(EvictionFlow, SaysThatThePodIsGone) {
  exists = false;
  EXPECT_EQ(run(), "404");
}

}  // namespace
}  // namespace kabuki::api_server

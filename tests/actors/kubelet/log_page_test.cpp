#include "actors/kubelet/log_page.hpp"

#include <gtest/gtest.h>

#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

PodMessage pod(const std::vector<std::pair<std::string, std::string>>& settings,
               const std::string& policy = "Always") {
  PodMessage out = pod_from("spec { restartPolicy: '" + policy + "' containers { name: 'a' image: 'web' } }");
  auto& annotations = *out.mutable_metadata()->mutable_annotations();
  annotations["sim.kabuki.io/start-latency"] = "0s";
  for (const auto& [key, value] : settings) annotations["sim.kabuki.io/" + key] = value;
  return out;
}

bus::ReadLog asked() {
  bus::ReadLog out;
  out.set_namespace_("default");
  out.set_pod("web");
  out.set_container("a");
  return out;
}

std::string text_of(const PodPlay& play, const bus::ReadLog& request) {
  auto page = log_page(play.pod, request, {play.now});
  return page.ok() ? page->reply.text() : "error: " + page.error().message;
}

TEST(LogPage, TellsOfStartAndEndByDefault) {
  PodPlay play(pod({{"run-time", "3s"}, {"exit-code", "2"}}, "Never"));
  play.run_until(1);
  EXPECT_EQ(text_of(play, asked()), "container a of pod default/web started, restart 0\n");
  play.run_until(5);
  EXPECT_EQ(
      text_of(play, asked()),
      "container a of pod default/web started, restart 0\ncontainer a of pod default/web ended with exit code 2\n");
}

TEST(LogPage, GoesOnAtTheRateOfTheAnnotation) {
  PodPlay play(pod({{"logs", "tick {n}\ntock {n}"}, {"log-every", "2s"}}));
  play.run_until(5);
  EXPECT_EQ(text_of(play, asked()), "tick 1\ntock 2\ntick 3\n");
  auto request = asked();
  request.set_has_tail(true);
  request.set_tail(1);
  request.set_timestamps(true);
  EXPECT_EQ(text_of(play, request), "2023-11-14T22:13:24.000000000Z tick 3\n");
  request.set_tail(100);
  request.set_has_since(true);
  request.set_since_ns(kPlayStart + 1 * kPlaySecond);
  request.set_timestamps(false);
  EXPECT_EQ(text_of(play, request), "tock 2\ntick 3\n");
  request.set_since_ns(kPlayStart + 100 * kPlaySecond);
  EXPECT_EQ(text_of(play, request), "");
}

TEST(LogPage, IsFollowedToTheEndOfItsRun) {
  PodPlay play(pod({{"logs", "line {n}"}, {"log-every", "2s"}, {"run-time", "5s"}}));
  play.run_until(3);
  auto request = asked();
  request.set_follow(true);
  auto page = log_page(play.pod, request, {play.now});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->reply.text(), "line 1\nline 2\n");
  EXPECT_FALSE(page->reply.ended());
  EXPECT_EQ(page->next_ns, kPlayStart + 4 * kPlaySecond);
  request.set_run(page->reply.run());
  request.set_next(page->reply.next());
  page = log_page(play.pod, request, {play.now});
  EXPECT_EQ(page->reply.text(), "");
  EXPECT_FALSE(page->reply.ended());
  // It has ended and was started again: the run that is followed is the former one.
  play.run_until(6);
  ASSERT_EQ(play.line(), "Running a:ready/1");
  page = log_page(play.pod, request, {play.now});
  EXPECT_EQ(page->reply.text(), "line 3\n");
  EXPECT_TRUE(page->reply.ended());
  request.set_run("simulated://another");
  page = log_page(play.pod, request, {play.now});
  EXPECT_TRUE(page->reply.ended());
  EXPECT_EQ(page->reply.text(), "");
}

TEST(LogPage, OfTheRunBefore) {
  PodPlay play(pod({{"exit-code", "1"}}));
  auto request = asked();
  request.set_previous(true);
  play.run_until(0.5);
  EXPECT_EQ(text_of(play, request), "error: previous terminated container \"a\" in pod \"web\" not found");
  play.run_until(1.5);
  ASSERT_EQ(play.line(), "Running a:ready/1");
  const std::string first =
      "container a of pod default/web started, restart 0\ncontainer a of pod default/web ended with exit code 1\n";
  EXPECT_EQ(text_of(play, request), first);
  EXPECT_EQ(text_of(play, asked()), "container a of pod default/web started, restart 1\n");
  play.run_until(5);
  ASSERT_EQ(play.line(), "Running a:CrashLoopBackOff/1");
  const std::string second =
      "container a of pod default/web started, restart 1\ncontainer a of pod default/web ended with exit code 1\n";
  EXPECT_EQ(text_of(play, request), second);
  EXPECT_EQ(text_of(play, asked()), second);
}

TEST(LogPage, IsCutIntoPieces) {
  PodPlay play(pod({{"logs", std::string(1000, 'x')}, {"log-every", "1ms"}}));
  play.run_until(1);
  auto request = asked();
  std::string all;
  int pieces = 0;
  for (bool ended = false; !ended; ++pieces) {
    auto page = log_page(play.pod, request, {play.now});
    ASSERT_TRUE(page.ok());
    all += page->reply.text();
    ended = page->reply.ended();
    request.set_run(page->reply.run());
    request.set_next(page->reply.next());
  }
  EXPECT_EQ(all.size(), 1001u * 1001u);
  EXPECT_EQ(pieces, 4);
}

TEST(LogPage, SaysWhyThereIsNoneAsAKubeletDoes) {
  const std::string who = "error: container \"a\" in pod \"web\" is waiting to start: ";
  struct {
    std::vector<std::pair<std::string, std::string>> settings;
    double seconds;
    const char* why;
  } cases[] = {{{{"start-latency", "1m"}}, 5, "ContainerCreating"},
               {{{"image-pull", "fail"}}, 0.5, "image can't be pulled"},
               {{{"image-pull", "fail"}}, 5, "trying and failing to pull image"},
               {{{"run-time", "soon"}}, 5, "CreateContainerConfigError"}};
  for (const auto& c : cases) {
    PodPlay play(pod(c.settings));
    play.run_until(c.seconds);
    EXPECT_EQ(text_of(play, asked()), who + c.why);
  }
  PodPlay play(pod({}));
  play.run_until(1);
  auto request = asked();
  request.set_container("b");
  EXPECT_EQ(text_of(play, request), "error: container \"b\" in pod \"web\" is not available");
}

}  // namespace
}  // namespace kabuki::kubelet

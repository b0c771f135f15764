#include <functional>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/guardian.hpp"

namespace kabuki::tools {
namespace {

const runtime::GuardianPolicy kFast{.intensity = 3, .pause_min = io::Duration(1), .pause_max = io::Duration(1)};

/// Runs `body` in a process of its own, because a guardian blocks signals and forks; what it and its children write
/// to the descriptor comes back, with the exit status.
struct Ran {
  std::string wrote;
  int status = 0;
};
Ran in_a_process(const std::function<int(int out)>& body) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    ::_exit(body(ends[1]));
  }
  ::close(ends[1]);
  Ran ran;
  char buffer[256];
  ssize_t size;
  while ((size = ::read(ends[0], buffer, sizeof buffer)) > 0) ran.wrote.append(buffer, static_cast<size_t>(size));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return ran;
}

void say(int out, int life) {
  char digit = static_cast<char>('0' + life);
  EXPECT_EQ(::write(out, &digit, 1), 1);
}

TEST(GuardianProcess, StartsACrashedChildAgainAndSaysWhichLifeItIs) {
  Ran ran = in_a_process([](int out) {
    return guard(
        [out](int life) {
          say(out, life);
          if (life < 2) ::raise(SIGKILL);
          return 0;
        },
        kFast);
  });
  EXPECT_EQ(ran.wrote, "012");
  EXPECT_EQ(ran.status, 0);
}

TEST(GuardianProcess, GivesUpAfterTheLimitWithTheStatusOfTheLastLife) {
  Ran ran = in_a_process([](int out) {
    return guard(
        [out](int life) {
          say(out, life);
          return 40 + life;
        },
        kFast);
  });
  EXPECT_EQ(ran.wrote, "0123");
  EXPECT_EQ(ran.status, 43);
}

TEST(GuardianProcess, DoesNotTryAgainWhatCannotStart) {
  Ran ran = in_a_process([](int out) {
    return guard(
        [out](int life) {
          say(out, life);
          return kCannotStart;
        },
        kFast);
  });
  EXPECT_EQ(ran.wrote, "0");
  EXPECT_EQ(ran.status, kCannotStart);
}

TEST(GuardianProcess, PassesASignalOnAndEndsWithItsChild) {
  Ran ran = in_a_process([](int out) {
    pid_t guardian = ::getpid();
    return guard(
        [out, guardian](int life) {
          say(out, life);
          sigset_t term;
          sigemptyset(&term);
          sigaddset(&term, SIGTERM);
          ::sigprocmask(SIG_BLOCK, &term, nullptr);
          ::kill(guardian, SIGTERM);
          int signal = 0;
          ::sigwait(&term, &signal);
          return 7;
        },
        kFast);
  });
  EXPECT_EQ(ran.wrote, "0");
  EXPECT_EQ(ran.status, 0);
}

TEST(GuardianProcess, ASignalDuringThePauseEndsIt) {
  Ran ran = in_a_process([](int out) {
    pid_t guardian = ::getpid();
    runtime::GuardianPolicy slow{.pause_min = std::chrono::minutes(10), .pause_max = std::chrono::minutes(10)};
    return guard(
        [out, guardian](int life) {
          say(out, life);
          // Another process, so that the signal comes after the child's end.
          pid_t watched = ::getpid();
          if (::fork() == 0) {
            while (::getppid() == watched) ::sched_yield();
            while (::kill(watched, 0) == 0) ::sched_yield();
            ::kill(guardian, SIGTERM);
            ::_exit(0);
          }
          return 1;
        },
        slow);
  });
  EXPECT_EQ(ran.wrote, "0");
  EXPECT_EQ(ran.status, 0);
}

TEST(Background, TheSecondLifeReportsWhenTheFirstCouldNot) {
  auto report = run_in_background("/dev/null", [](Report report) {
    return guard(
        [&](int life) {
          if (life == 0) ::raise(SIGKILL);
          report({true, "life " + std::to_string(life)});
          return 0;
        },
        kFast);
  });
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->ready);
  EXPECT_EQ(report->text, "life 1");
}

TEST(Background, SaysWhereToLookWhenNobodyReports) {
  auto report = run_in_background("/dev/null", [](Report) { return 1; });
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().message.find("the host ended before it was ready; its log is /dev/null"),
            std::string::npos);
}

}  // namespace
}  // namespace kabuki::tools

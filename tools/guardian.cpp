#include "tools/guardian.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "messages/status.hpp"
#include "runtime/io/live_clock.hpp"

namespace kabuki::tools {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGCHLD);
  return set;
}

pid_t start_child(const std::function<int(int)>& host_main, int restarts, const sigset_t& before) {
  pid_t guardian = ::getpid();
  pid_t child = ::fork();
  if (child != 0) return child;
  // A host without its guardian would run on unseen.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != guardian) ::_exit(1);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  ::_exit(host_main(restarts));
}

int exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

runtime::ProcessEnd end_of(int status) {
  if (WIFEXITED(status)) return {.code = WEXITSTATUS(status)};
  return {.signal = WTERMSIG(status)};
}

/// True when a signal to stop came before `pause` was over.
bool stopped_during(io::Duration pause, const sigset_t& waited) {
  sigset_t stops = waited;
  sigdelset(&stops, SIGCHLD);
  timespec left{pause.count() / 1'000'000'000, pause.count() % 1'000'000'000};
  return ::sigtimedwait(&stops, nullptr, &left) > 0;
}

}  // namespace

int guard(const std::function<int(int restarts)>& host_main, const runtime::GuardianPolicy& policy) {
  using Action = runtime::GuardianDecision::Action;
  io::LiveClock clock;
  sigset_t waited = stop_signals();
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &waited, &before);

  std::vector<io::MonoTime> restarts;
  int started = 0;
  int result = 1;
  pid_t child = start_child(host_main, started, before);
  bool stopping = false;
  while (child > 0) {
    int signal = 0;
    ::sigwait(&waited, &signal);
    if (signal != SIGCHLD) {
      stopping = true;
      ::kill(child, SIGTERM);
      continue;
    }
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) != child) continue;
    result = stopping ? 0 : exit_status(status);
    if (started == 0 && result == kCannotStart) break;
    auto decision = runtime::after_process_end(policy, std::move(restarts), end_of(status), stopping, clock.mono());
    if (decision.action != Action::restart) break;
    if (stopped_during(decision.pause, waited)) {
      result = 0;
      break;
    }
    restarts = std::move(decision.restarts);
    child = start_child(host_main, ++started, before);
    result = 1;
  }
  return result;
}

Result<BackgroundReport> run_in_background(const std::string& log_path, const std::function<int(Report)>& body) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return internal_error(std::string("pipe: ") + std::strerror(errno));
  pid_t child = ::fork();
  if (child < 0) return internal_error(std::string("fork: ") + std::strerror(errno));
  if (child == 0) {
    ::close(pipe_ends[0]);
    ::setsid();
    int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    int nothing = ::open("/dev/null", O_RDONLY);
    if (nothing >= 0) ::dup2(nothing, 0);
    if (log >= 0) {
      ::dup2(log, 1);
      ::dup2(log, 2);
    }
    int report_to = pipe_ends[1];
    ::_exit(body([report_to](const BackgroundReport& report) {
      std::string text = (report.ready ? "+" : "-") + report.text;
      // Whoever waited may be gone; that is no reason to stop.
      struct sigaction ignore {};
      ignore.sa_handler = SIG_IGN;
      ::sigaction(SIGPIPE, &ignore, nullptr);
      if (::write(report_to, text.data(), text.size()) < 0) return;
      ::close(report_to);
    }));
  }
  ::close(pipe_ends[1]);
  std::string text;
  char buffer[4096];
  // One report, told by its end: the writer closes, or every process that could write has ended.
  ssize_t size;
  while ((size = ::read(pipe_ends[0], buffer, sizeof buffer)) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    text.append(buffer, static_cast<size_t>(size));
    if (!text.empty()) break;
  }
  ::close(pipe_ends[0]);
  if (text.empty()) {
    return internal_error("the host ended before it was ready; its log is " + log_path);
  }
  return BackgroundReport{text[0] == '+', text.substr(1)};
}

}  // namespace kabuki::tools

#include "tools/guardian.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>

#include "messages/status.hpp"
#include "runtime/io/live_clock.hpp"

namespace kabuki::tools {
namespace {

constexpr size_t kRestartsMost = 5;
constexpr std::chrono::seconds kRestartPeriod{10};

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

}  // namespace

int guard(const std::function<int(int restarts)>& host_main) {
  io::LiveClock clock;
  sigset_t waited = stop_signals();
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &waited, &before);

  std::deque<io::MonoTime> restarts;
  int started = 0;
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
    if (stopping || exit_status(status) == 0) return 0;
    if (started == 0 && exit_status(status) == kCannotStart) return kCannotStart;

    io::MonoTime now = clock.mono();
    restarts.push_back(now);
    while (restarts.front() < now - kRestartPeriod) restarts.pop_front();
    if (restarts.size() > kRestartsMost) return exit_status(status);
    child = start_child(host_main, ++started, before);
  }
  return 1;
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

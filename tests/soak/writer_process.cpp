#include "tests/soak/writer_process.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace kabuki::store::soak {

namespace {
constexpr int kWritersPipe = 3;
}

void say(int pipe, const Record& record) {
  while (write(pipe, &record, sizeof record) < 0 && errno == EINTR) {
  }
}

WriterProcess::~WriterProcess() {
  if (pid_ != 0) {
    kill();
    was_killed();
  }
  if (pipe_ >= 0) close(pipe_);
}

bool WriterProcess::start(const std::string& program, const std::vector<std::string>& arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  std::vector<std::string> all{program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  all.push_back(std::to_string(kWritersPipe));
  std::vector<char*> pointers;
  for (auto& argument : all) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], kWritersPipe);
  const int failed = posix_spawn(&pid_, program.c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  pipe_ = ends[0];
  if (failed != 0) pid_ = 0;
  return failed == 0;
}

bool WriterProcess::wait(int timeout_ms) const {
  pollfd readable{pipe_, POLLIN, 0};
  return poll(&readable, 1, timeout_ms) > 0;
}

WriterProcess::Said WriterProcess::read(Record* record, int timeout_ms) {
  if (timeout_ms >= 0 && !wait(timeout_ms)) return Said::nothing;
  size_t have = 0;
  while (have < sizeof *record) {
    const ssize_t n = ::read(pipe_, reinterpret_cast<char*>(record) + have, sizeof *record - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Said::end;
    have += static_cast<size_t>(n);
  }
  return Said::record;
}

void WriterProcess::kill() {
  if (pid_ != 0) ::kill(pid_, SIGKILL);
}

bool WriterProcess::was_killed() {
  int status = 0;
  if (pid_ == 0 || waitpid(pid_, &status, 0) != pid_) return false;
  pid_ = 0;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace kabuki::store::soak

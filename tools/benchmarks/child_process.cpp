#include "tools/benchmarks/child_process.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "messages/status.hpp"

namespace kabuki::bench {

Result<ChildProcess> ChildProcess::start(std::vector<std::string> command, const std::string& log,
                                         std::string* first_line) {
  int out[2] = {-1, -1};
  if (first_line && ::pipe2(out, O_CLOEXEC) != 0) return internal_error("cannot make a pipe");
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return internal_error("cannot fork");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(first_line ? out[1] : file, 1);
    ::dup2(file, 2);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ChildProcess child;
  child.pid_ = pid;
  if (!first_line) return child;
  ::close(out[1]);
  char c = 0;
  first_line->clear();
  while (::read(out[0], &c, 1) == 1 && c != '\n') *first_line += c;
  ::close(out[0]);
  if (c != '\n') return internal_error(command[0] + " ended before it was ready; see " + log);
  return child;
}

void ChildProcess::kill() {
  const pid_t pid = std::exchange(pid_, 0);
  if (pid == 0) return;
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

uint64_t ChildProcess::resident_bytes() const {
  unsigned long long size = 0, resident = 0;
  std::ifstream("/proc/" + std::to_string(pid_) + "/statm") >> size >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

double ChildProcess::cpu_seconds() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
  std::string line;
  std::getline(in, line);
  unsigned long user = 0, system = 0;
  const size_t end = line.rfind(')');
  if (end == std::string::npos) return 0;
  std::sscanf(line.c_str() + end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace kabuki::bench

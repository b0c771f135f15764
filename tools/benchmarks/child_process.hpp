#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::bench {

/// A process that a benchmark has started, in its own directory. Killed when this goes away.
class ChildProcess {
 public:
  /// Starts `command` (found in PATH). What it says on standard error goes to `log`; standard output as well, but for
  /// the first line when `first_line` is given: that is waited for.
  static Result<ChildProcess> start(std::vector<std::string> command, const std::string& log,
                                    std::string* first_line = nullptr);
  ChildProcess() = default;
  ChildProcess(ChildProcess&& other) noexcept : pid_(other.pid_) { other.pid_ = 0; }
  ChildProcess& operator=(ChildProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~ChildProcess() { kill(); }

  /// By SIGKILL; returns when it is gone.
  void kill();
  /// Its memory; 0 when it is gone.
  uint64_t resident_bytes() const;
  /// User and system time so far.
  double cpu_seconds() const;

 private:
  pid_t pid_ = 0;
};

}  // namespace kabuki::bench

#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace kabuki::store::soak {

/// What a writer says on its pipe. Smaller than PIPE_BUF: it is there as a whole or not at all.
struct Record {
  enum Kind : uint64_t { loaded, ready, acknowledged, conflict, unknown, wrong };
  uint64_t kind = 0;
  uint64_t part = 0;  // the shard or slot
  uint64_t revision = 0;
  uint64_t digest = 0;
};

/// Writer's side.
void say(int pipe, const Record& record);

/// A process that is started to be killed.
class WriterProcess {
 public:
  enum class Said { record, end, nothing };

  ~WriterProcess();
  /// Starts `program` with these arguments and the number of a pipe behind them. False when it cannot.
  bool start(const std::string& program, const std::vector<std::string>& arguments);
  /// Waits for a record; `nothing` when none came for so long.
  Said read(Record* record, int timeout_ms = -1);
  /// True when something can be read within this time.
  bool wait(int timeout_ms) const;
  void kill();
  /// Waits for its end; whether that was by a kill.
  bool was_killed();

 private:
  pid_t pid_ = 0;
  int pipe_ = -1;
};

}  // namespace kabuki::store::soak

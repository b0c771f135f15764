#pragma once

#include <cstdint>
#include <string>

namespace kabuki::store::soak {

struct KillOptions {
  uint64_t seed = 1;
  uint64_t rounds = 500;
  std::string directory;  // of the stores; on a disk with room
  std::string program;    // this one, which is also the writer
};

/// What was seen over all rounds.
struct KillTally {
  uint64_t rounds = 0;
  uint64_t kills_while_loading = 0;
  uint64_t acknowledged = 0;
  uint64_t objects = 0;  // at the end
};

/// Starts a process that writes to two shards with 64 commits in flight each, kills it at a random moment, starts it
/// anew, and compares what it loads with what it had acknowledged. "" or what is wrong.
std::string run_kills(const KillOptions& options, KillTally* tally);

/// The process that is killed: writes until then, and says on `pipe` what it loaded and what was acknowledged.
int run_writer(const std::string& directory, uint64_t seed, uint64_t round, int pipe);

}  // namespace kabuki::store::soak

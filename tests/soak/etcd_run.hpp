#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kabuki::store::soak {

struct EtcdKillOptions {
  uint64_t seed = 1;
  uint64_t rounds = 100;
  std::string program;  // this one, which is also the writer
};

/// What was seen over all rounds.
struct EtcdKillTally {
  uint64_t rounds = 0;
  uint64_t leaders_killed = 0;
  uint64_t members_killed = 0;
  uint64_t writers_killed = 0;
  uint64_t acknowledged = 0;
  uint64_t unknown = 0;    // answered so
  uint64_t came_late = 0;  // of a former writer: found, or in the way of the next one's
};

/// Runs an etcd cluster of three members and, round after round, a process that writes to it with 64 changes in
/// flight; kills the leader, another member or none, waits for the writing to go on, kills the process, and compares
/// what the next one loads with what was acknowledged. "" or what is wrong.
std::string run_etcd_kills(const EtcdKillOptions& options, EtcdKillTally* tally);

/// The process that is killed. `urls` are separated by commas.
int run_etcd_writer(const std::string& urls, uint64_t seed, uint64_t round, int pipe);

}  // namespace kabuki::store::soak

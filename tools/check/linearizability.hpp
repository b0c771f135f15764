#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace kabuki::tools {

/// One operation of one client on one key, as the client saw it. A key holds a version, named by a number that no
/// other write of the history uses; 0 is no object. Times are of one clock, in any unit.
struct Operation {
  enum class Kind { read, write };  // a write is a compare-and-swap; to 0 it deletes
  enum class Answer { ok, conflict, unknown };
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  Kind kind = Kind::read;
  std::string key;
  uint64_t expected = 0;  // write: the version the key must hold
  uint64_t version = 0;   // read: what was seen; write: what was to be put
  Answer answer = Answer::ok;
  int64_t begin = 0;
  int64_t end = kNever;  // of an unknown answer it is never: the operation may still happen
  /// Of a write that was acknowledged and of a read that found something: the revision it was told. 0: not told.
  uint64_t revision = 0;
};

enum class Linearizable { yes, no, ran_out_of_time };

struct LinearizabilityReport {
  Linearizable verdict = Linearizable::yes;
  /// Of `no`: the key, and the operations around the point that no order explains.
  std::string detail;
  uint64_t steps = 0;
};

/// Whether some order of the operations, each at one moment between its begin and its end, explains every answer:
/// Wing and Gong's search with Lowe's memory of configurations, key by key, as Porcupine does it. Unknown writes may
/// have happened at any time since, or not at all. Gives up on a key after `max_steps` and says so.
LinearizabilityReport check_linearizable(const std::vector<Operation>& history, uint64_t max_steps = 5'000'000);

/// Breaches of what revisions promise, a line each: a version has one revision and a revision one version, and of two
/// acknowledged writes of one revision order the one that ended before the other began has the lower revision.
std::vector<std::string> check_revisions(const std::vector<Operation>& history);

}  // namespace kabuki::tools

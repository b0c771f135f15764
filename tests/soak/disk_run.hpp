#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/sim/sim_disk.hpp"

namespace kabuki::store::soak {

/// What happened over many seeds, so that each fault can be shown to have been there.
struct DiskTally {
  std::map<std::string, uint64_t> counts;

  void add(const std::string& what, uint64_t n = 1) { counts[what] += n; }
  void add(const DiskTally& other) {
    for (const auto& [what, n] : other.counts) counts[what] += n;
  }
};

/// What must have happened in a soak of so many seeds for it to mean anything.
struct MustHappen {
  const char* what;
  uint64_t seeds;
};
const std::vector<MustHappen>& must_happen();

/// Runs a RocksDB engine over a simulated disk with the faults that `seed` draws, through several crashes and starts.
/// "" when nothing that was acknowledged was lost and nothing corrupt was taken; what is wrong otherwise.
std::string run_disk_seed(uint64_t seed, DiskTally* tally);

}  // namespace kabuki::store::soak

#pragma once

#include <cstdint>
#include <string>

#include "runtime/io/disk.hpp"
#include "store/engines/judge.hpp"

namespace kabuki::store {

/// Watches how much room a store's disk has, so that it is never written to its end: a database that finds no room in
/// the middle of a write has to be opened anew, and that takes room too. Keeps a file in reserve, to be given up for
/// deletes when others have filled the disk. Not thread-safe.
class DiskRoom {
 public:
  /// `low_bytes`: with less than this free nothing may grow; with less than an eighth of it the reserve is given up.
  DiskRoom(io::Disk* disk, const std::string& directory, uint64_t low_bytes, uint64_t reserve_bytes)
      : disk_(disk), directory_(directory), low_(low_bytes), reserve_(reserve_bytes) {}

  /// Looks at the disk. What it says counts until the next look.
  Admit look();

 private:
  std::string reserve_path() const { return directory_ + "/RESERVE"; }

  io::Disk* const disk_;
  const std::string directory_;
  const uint64_t low_;
  const uint64_t reserve_;
  bool low_room_ = false;
  bool known_ = false;
  bool reserved_ = false;
};

}  // namespace kabuki::store

#pragma once

#include <functional>
#include <map>
#include <string>

#include "runtime/io/disk.hpp"
#include "runtime/io/random.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::runtime::sim {

/// How a disk misbehaves.
struct DiskFaults {
  double sync_error = 0;         // probability that a sync or a replacement fails
  double write_error = 0;        // that an append fails
  bool torn_writes = false;      // a crash keeps a random part of what was not synced, instead of nothing
  io::Duration sync_latency{0};  // that the whole host stands still for
};

/// A host's disk. It outlives the host's crash, without what was not synced.
class SimDisk final : public io::Disk {
 public:
  /// `stall` makes the host stand still.
  SimDisk(io::Random random, std::function<void(io::Duration)> stall) : random_(random), stall_(std::move(stall)) {}

  Result<std::unique_ptr<io::AppendFile>> open_append(const std::string& path) override;
  Result<std::string> read(const std::string& path) override;
  Result<> replace(const std::string& path, std::string_view bytes) override;
  Result<> remove(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;

  void set_faults(DiskFaults faults) { faults_ = faults; }
  /// Loses what was not synced; files that are still open fail from now on.
  void crash();

 private:
  friend class SimAppendFile;
  struct File {
    std::string bytes;
    size_t synced = 0;     // of `bytes`
    bool durable = false;  // its name
  };

  Result<> sync_file(const std::string& path);

  io::Random random_;
  std::function<void(io::Duration)> stall_;
  DiskFaults faults_;
  std::map<std::string, File> files_;
  uint64_t crashes_ = 0;
};

}  // namespace kabuki::runtime::sim

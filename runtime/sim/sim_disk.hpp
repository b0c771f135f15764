#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

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
  uint64_t capacity = 0;         // bytes that all files may have together; 0: no limit
};

/// What befell a disk so far: evidence that a fault was there.
struct DiskCounts {
  uint64_t crashes = 0;
  uint64_t lost_bytes = 0;  // appended, not synced, gone after a crash
  uint64_t torn_files = 0;  // of which a crash kept a part of what was not synced
  uint64_t lost_names = 0;  // new, renamed or removed files whose folder was not synced, undone by a crash
  uint64_t sync_errors = 0;
  uint64_t write_errors = 0;
  uint64_t full = 0;  // appends that found no room
  uint64_t stalls = 0;
  uint64_t power_offs = 0;
  uint64_t rotten_bits = 0;
};

/// Where a bit was turned over.
struct RottenBit {
  std::string path;
  uint64_t offset = 0;
};

/// A host's disk. It outlives the host's crash, without what was not synced: the ends of files, the latest changes of
/// names. A write torn by a crash ends at a sector. After a failed sync the file's further syncs succeed and make
/// nothing durable, as with Linux' page cache. Folders are durable at once. Thread-safe.
class SimDisk final : public io::Disk {
 public:
  /// `stall` makes the host stand still; it is called on the thread that syncs.
  SimDisk(io::Random random, std::function<void(io::Duration)> stall) : random_(random), stall_(std::move(stall)) {}

  Result<std::unique_ptr<io::AppendFile>> open_append(const std::string& path) override;
  Result<> replace(const std::string& path, std::string_view bytes) override;
  Result<> remove(const std::string& path) override;
  Result<> allocate(const std::string& path, uint64_t bytes) override;
  Result<> make_folder(const std::string& path) override;

  Result<std::unique_ptr<io::AppendFile>> create(const std::string& path) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> unlink(const std::string& path) override;
  Result<> sync_folder(const std::string& path) override;
  Result<> remove_folder(const std::string& path) override;

  Result<std::string> read(const std::string& path) override;
  Result<std::unique_ptr<io::ReadFile>> open_read(const std::string& path) override;
  bool exists(const std::string& path) override;
  bool is_folder(const std::string& path) override;
  Result<uint64_t> size(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<uint64_t> free_bytes(const std::string& path) override;

  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override;

  void set_faults(DiskFaults faults);
  /// Loses what was not synced; files that are still open fail from now on. Ends a power failure.
  void crash();
  /// The power fails within the change after the next `changes` ones: nothing succeeds from there on until crash().
  void fail_power_after(uint64_t changes);
  bool power_failed() const;
  /// Turns a random bit of a random file below `folder` over whose name ends so; none when all are empty.
  std::optional<RottenBit> rot(const std::string& folder, const std::string& ending = "");
  DiskCounts counts() const;

 private:
  friend class SimAppendFile;
  friend class SimReadFile;
  friend class SimFileLock;
  struct File {
    std::string bytes;
    size_t synced = 0;           // of `bytes`
    bool sync_failed = false;    // it never gets more durable
    bool named_by_sync = false;  // its name is durable with its first sync
  };
  using FilePtr = std::shared_ptr<File>;
  /// A change of names that is not durable yet.
  struct NameChange {
    std::string path;
    FilePtr file;      // null: none has this name any more
    std::string from;  // the name it had before a rename
  };

  Result<> append(const FilePtr& file, const std::string& path, uint64_t life, std::string_view bytes);
  Result<> sync(const FilePtr& file, const std::string& path, uint64_t life);
  Result<> truncate(const FilePtr& file, const std::string& path, uint64_t life, uint64_t size);
  /// Counts a change; an error when there is no power for it. The mutex is held.
  Result<> change(const char* what, const std::string& path);
  /// An error of the current life, of a reader without power too. The mutex is held.
  Result<> alive(const char* what, const std::string& path, uint64_t life) const;
  bool sync_fails();
  void stall();
  void make_durable(const NameChange& change);
  /// Forgets changes of this name that are not durable: a later one is.
  void settle(const std::string& path);
  uint64_t used() const;

  mutable std::mutex mutex_;
  io::Random random_;
  const std::function<void(io::Duration)> stall_;
  DiskFaults faults_;
  DiskCounts counts_;
  std::map<std::string, FilePtr> files_;    // as they are seen
  std::map<std::string, FilePtr> durable_;  // as a crash leaves them
  std::vector<NameChange> changes_;         // from the latter to the former, oldest first
  std::set<std::string> folders_;           // those made; others are where there are files
  std::set<std::string> locked_;
  std::optional<uint64_t> power_for_;
  bool power_failed_ = false;
  uint64_t life_ = 0;
};

}  // namespace kabuki::runtime::sim

#pragma once

#include <string>

#include "runtime/io/disk.hpp"

namespace kabuki::io {

/// A folder of the local file system; without a root paths are the system's. Every replacement, removal and name of a
/// file opened for appending is synced with its folder, so that it is there after a power failure.
class LiveDisk final : public Disk {
 public:
  explicit LiveDisk(std::string root) : root_(std::move(root)) {}

  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override;
  Result<> replace(const std::string& path, std::string_view bytes) override;
  Result<> remove(const std::string& path) override;
  Result<> allocate(const std::string& path, uint64_t bytes) override;
  Result<> make_folder(const std::string& path) override;

  Result<std::unique_ptr<AppendFile>> create(const std::string& path) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> unlink(const std::string& path) override;
  Result<> sync_folder(const std::string& path) override;
  Result<> remove_folder(const std::string& path) override;

  Result<std::string> read(const std::string& path) override;
  Result<std::unique_ptr<ReadFile>> open_read(const std::string& path) override;
  bool exists(const std::string& path) override;
  bool is_folder(const std::string& path) override;
  Result<uint64_t> size(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<uint64_t> free_bytes(const std::string& path) override;

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  std::string full(const std::string& path) const {
    if (root_.empty()) return path;
    return path.empty() ? root_ : root_ + "/" + path;
  }

  std::string root_;
};

}  // namespace kabuki::io

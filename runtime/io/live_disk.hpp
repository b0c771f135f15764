#pragma once

#include <string>

#include "runtime/io/disk.hpp"

namespace kabuki::io {

/// A folder of the local file system. Folders are made as needed; every replacement and every new name is synced
/// with its folder, so that it is there after a power failure. Thread-safe, as far as different files go.
class LiveDisk final : public Disk {
 public:
  explicit LiveDisk(std::string root) : root_(std::move(root)) {}

  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override;
  Result<std::string> read(const std::string& path) override;
  Result<> replace(const std::string& path, std::string_view bytes) override;
  Result<> remove(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;

 private:
  std::string full(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }

  std::string root_;
};

}  // namespace kabuki::io

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::io {

/// A file open for appending. What was appended is durable only after sync() succeeded. Errors name the file.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  virtual Result<> append(std::string_view bytes) = 0;
  /// After a failure the file's contents past the last good sync are unknown: do not retry, recover.
  virtual Result<> sync() = 0;
};

/// The disk as Kabuki's own files use it (RocksDB brings its own access). Paths are relative to the disk's root.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) = 0;
  virtual Result<std::string> read(const std::string& path) = 0;
  /// Replaces the file as a whole, durably: after a crash it is the old one or the new one.
  virtual Result<> replace(const std::string& path, std::string_view bytes) = 0;
  virtual Result<> remove(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  /// Names below `path`, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
};

}  // namespace kabuki::io

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
  /// Cuts the file's end off; durable with the next sync.
  virtual Result<> truncate(uint64_t size) = 0;
  /// Says that the file will grow to `size` bytes: a hint that makes syncs cheaper where the disk can use it.
  virtual void expect(uint64_t size) {}
};

/// A file open for reading at any place. Thread-safe.
class ReadFile {
 public:
  virtual ~ReadFile() = default;
  /// Reads `bytes` from `offset` on; fewer only where the file ends.
  virtual Result<size_t> read(uint64_t offset, char* into, size_t bytes) = 0;
};

/// Held until it is destroyed, or its process ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// The disk as everything that keeps files uses it. Paths are relative to the disk's root. Error codes: 404 what is
/// not there, 503 a lock that another holds, 507 the disk is full, 500 all else. Thread-safe as far as different
/// files go.
class Disk {
 public:
  virtual ~Disk() = default;

  // Durable when they return:
  /// The file is made when it is not there, its folder too; its name is durable with the first sync at the latest.
  virtual Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) = 0;
  /// Replaces the file as a whole: after a crash it is the old one or the new one.
  virtual Result<> replace(const std::string& path, std::string_view bytes) = 0;
  virtual Result<> remove(const std::string& path) = 0;
  /// Makes a file of zeros whose room is taken, to be given up by remove() when there is need.
  virtual Result<> allocate(const std::string& path, uint64_t bytes) = 0;
  /// With its parents; an existing one is no error.
  virtual Result<> make_folder(const std::string& path) = 0;

  // Names that a crash may undo until sync_folder() of their folder succeeded:
  /// An empty file, whatever was there.
  virtual Result<std::unique_ptr<AppendFile>> create(const std::string& path) = 0;
  /// Replaces what `to` was. Both in one folder.
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<> unlink(const std::string& path) = 0;
  virtual Result<> sync_folder(const std::string& path) = 0;
  /// An empty one.
  virtual Result<> remove_folder(const std::string& path) = 0;

  virtual Result<std::string> read(const std::string& path) = 0;
  virtual Result<std::unique_ptr<ReadFile>> open_read(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  virtual bool is_folder(const std::string& path) = 0;
  /// Bytes of a file.
  virtual Result<uint64_t> size(const std::string& path) = 0;
  /// Names below `path`, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// Bytes that can still be written where the folder `path` lies.
  virtual Result<uint64_t> free_bytes(const std::string& path) = 0;

  /// Makes the file and locks it. Error: 503 naming the process that holds it, where that is known.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

}  // namespace kabuki::io

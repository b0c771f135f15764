#pragma once

#include <memory>
#include <string>

#include "runtime/io/disk.hpp"
#include "store/snapshot_reader.hpp"

namespace kabuki::tools {

/// A snapshot's file while it is written: `FILE.partial`, readable by its owner alone (it holds keys and Secrets),
/// which becomes FILE when it is complete. One that is given up is removed.
class PartialFile final : public io::AppendFile {
 public:
  /// Error: Conflict when another process is writing it.
  static Result<std::unique_ptr<PartialFile>> make(const std::string& path);
  ~PartialFile() override;

  Result<> append(std::string_view bytes) override;
  Result<> sync() override;
  Result<> truncate(uint64_t size) override;
  /// Gives the synced file its name, durably.
  Result<> become();

 private:
  PartialFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::string partial() const { return path_ + ".partial"; }
  Result<> failure(const std::string& what) const;

  const std::string path_;
  int descriptor_;
  bool kept_ = false;
};

/// A file read from its beginning to its end.
class FileSource final : public store::ByteSource {
 public:
  static Result<std::unique_ptr<FileSource>> open(const std::string& path);
  ~FileSource() override;
  Result<> read(size_t size, std::string* out) override;

 private:
  FileSource(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  const std::string path_;
  const int descriptor_;
};

/// Under which mapping a snapshot was taken. Error: it cannot be read, or is none.
Result<store::ShardMap> mapping_of_snapshot(const std::string& path);

/// Syncs a folder, so that names in it are durable.
Result<> sync_folder(const std::string& path);

}  // namespace kabuki::tools

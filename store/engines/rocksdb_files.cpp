#include "store/engines/rocksdb_files.hpp"

#include <vector>

namespace kabuki::store {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

IOStatus status_of(const Error& error) {
  if (error.code == 404) return IOStatus::PathNotFound(error.message);
  if (error.code == 503) return IOStatus::Busy(error.message);
  if (error.code == 507) return IOStatus::NoSpace(error.message);
  return IOStatus::IOError(error.message);
}

IOStatus status_of(const Result<>& result) { return result.ok() ? IOStatus::OK() : status_of(result.error()); }

/// RocksDB puts paths together; the disk knows each file by one.
std::string plain(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || !out.ends_with('/')) out += c;
  }
  if (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

class Writable final : public rocksdb::FSWritableFile {
 public:
  Writable(std::unique_ptr<io::AppendFile> file, uint64_t size, const FileOptions& options)
      : FSWritableFile(options), file_(std::move(file)), size_(size) {}

  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    size_ += data.size();
    return status_of(file_->append(data.ToStringView()));
  }
  using FSWritableFile::Append;
  IOStatus Truncate(uint64_t size, const IOOptions&, IODebugContext*) override {
    if (size == size_) return IOStatus::OK();
    size_ = size;
    return status_of(file_->truncate(size));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override {
    file_.reset();
    return IOStatus::OK();
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return status_of(file_->sync()); }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }
  IOStatus Allocate(uint64_t offset, uint64_t bytes, const IOOptions&, IODebugContext*) override {
    file_->expect(offset + bytes);
    return IOStatus::OK();
  }

 private:
  std::unique_ptr<io::AppendFile> file_;
  uint64_t size_;
};

class Folder final : public rocksdb::FSDirectory {
 public:
  Folder(io::Disk* disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return status_of(disk_->sync_folder(path_)); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  io::Disk* const disk_;
  const std::string path_;
};

class Lock final : public rocksdb::FileLock {
 public:
  explicit Lock(std::unique_ptr<io::FileLock> lock) : lock_(std::move(lock)) {}

 private:
  std::unique_ptr<io::FileLock> lock_;
};

}  // namespace

class SequentialRead final : public rocksdb::FSSequentialFile {
 public:
  SequentialRead(RocksdbFiles* files, std::unique_ptr<io::ReadFile> file, std::string path)
      : files_(files), file_(std::move(file)), path_(std::move(path)) {}

  IOStatus Read(size_t n, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    files_->note(path_, at_, n);
    const auto read = file_->read(at_, scratch, n);
    if (!read) return status_of(read.error());
    *result = Slice(scratch, *read);
    at_ += *read;
    return IOStatus::OK();
  }
  IOStatus Skip(uint64_t n) override {
    at_ += n;
    return IOStatus::OK();
  }

 private:
  RocksdbFiles* const files_;
  const std::unique_ptr<io::ReadFile> file_;
  const std::string path_;
  uint64_t at_ = 0;
};

class RandomRead final : public rocksdb::FSRandomAccessFile {
 public:
  RandomRead(RocksdbFiles* files, std::unique_ptr<io::ReadFile> file, std::string path)
      : files_(files), file_(std::move(file)), path_(std::move(path)) {}

  IOStatus Read(uint64_t offset, size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    files_->note(path_, offset, n);
    const auto read = file_->read(offset, scratch, n);
    if (!read) return status_of(read.error());
    *result = Slice(scratch, *read);
    return IOStatus::OK();
  }

 private:
  RocksdbFiles* const files_;
  const std::unique_ptr<io::ReadFile> file_;
  const std::string path_;
};

void RocksdbFiles::note(const std::string& path, uint64_t offset, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  reads_[path] = {path, offset, bytes};
  latest_ = path;
}

std::optional<LastRead> RocksdbFiles::last_read(const std::string& text) const {
  const std::lock_guard lock(mutex_);
  const auto latest = reads_.find(latest_);
  for (const auto& [path, read] : reads_) {
    const std::string name = path.substr(path.rfind('/') + 1);
    // It names the manifest for what is wrong with a table that the manifest led to.
    if (text.find(name) != std::string::npos && !name.starts_with("MANIFEST")) return read;
  }
  return latest == reads_.end() ? std::nullopt : std::optional(latest->second);
}

IOStatus RocksdbFiles::NewSequentialFile(const std::string& path, const FileOptions&,
                                         std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext*) {
  auto file = disk_->open_read(plain(path));
  if (!file) return status_of(file.error());
  *result = std::make_unique<SequentialRead>(this, std::move(*file), plain(path));
  return IOStatus::OK();
}

IOStatus RocksdbFiles::NewRandomAccessFile(const std::string& path, const FileOptions&,
                                           std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext*) {
  auto file = disk_->open_read(plain(path));
  if (!file) return status_of(file.error());
  *result = std::make_unique<RandomRead>(this, std::move(*file), plain(path));
  return IOStatus::OK();
}

IOStatus RocksdbFiles::NewWritableFile(const std::string& path, const FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) {
  auto file = disk_->create(plain(path));
  if (!file) return status_of(file.error());
  *result = std::make_unique<Writable>(std::move(*file), 0, options);
  return IOStatus::OK();
}

IOStatus RocksdbFiles::ReopenWritableFile(const std::string& path, const FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) {
  auto file = disk_->open_append(plain(path));
  if (!file) return status_of(file.error());
  const auto size = disk_->size(plain(path));
  if (!size) return status_of(size.error());
  *result = std::make_unique<Writable>(std::move(*file), *size, options);
  return IOStatus::OK();
}

IOStatus RocksdbFiles::NewDirectory(const std::string& path, const IOOptions&,
                                    std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) {
  if (!disk_->is_folder(plain(path))) return IOStatus::PathNotFound(path);
  *result = std::make_unique<Folder>(disk_, plain(path));
  return IOStatus::OK();
}

IOStatus RocksdbFiles::FileExists(const std::string& path, const IOOptions&, IODebugContext*) {
  return disk_->exists(plain(path)) ? IOStatus::OK() : IOStatus::NotFound();
}

IOStatus RocksdbFiles::GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* result,
                                   IODebugContext*) {
  auto names = disk_->list(plain(path));
  if (!names) return names.error().code == 404 ? IOStatus::NotFound(path) : status_of(names.error());
  *result = std::move(*names);
  return IOStatus::OK();
}

IOStatus RocksdbFiles::DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) {
  const auto removed = disk_->unlink(plain(path));
  const std::lock_guard lock(mutex_);
  reads_.erase(plain(path));
  return status_of(removed);
}

IOStatus RocksdbFiles::CreateDir(const std::string& path, const IOOptions&, IODebugContext*) {
  if (disk_->exists(plain(path))) return IOStatus::IOError(path + " is there already");
  return status_of(disk_->make_folder(plain(path)));
}

IOStatus RocksdbFiles::CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) {
  return disk_->is_folder(plain(path)) ? IOStatus::OK() : status_of(disk_->make_folder(plain(path)));
}

IOStatus RocksdbFiles::DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) {
  return status_of(disk_->remove_folder(plain(path)));
}

IOStatus RocksdbFiles::GetFileSize(const std::string& path, const IOOptions&, uint64_t* size, IODebugContext*) {
  const auto bytes = disk_->size(plain(path));
  if (!bytes) return status_of(bytes.error());
  *size = *bytes;
  return IOStatus::OK();
}

IOStatus RocksdbFiles::GetFileModificationTime(const std::string&, const IOOptions&, uint64_t* time,
                                               IODebugContext*) {
  *time = 0;
  return IOStatus::OK();
}

IOStatus RocksdbFiles::RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) {
  return status_of(disk_->rename(plain(from), plain(to)));
}

IOStatus RocksdbFiles::AreFilesSame(const std::string& one, const std::string& other, const IOOptions&, bool* same,
                                    IODebugContext*) {
  *same = plain(one) == plain(other);
  return IOStatus::OK();
}

IOStatus RocksdbFiles::LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** lock,
                                IODebugContext*) {
  auto held = disk_->lock(plain(path));
  if (!held) return status_of(held.error());
  *lock = new Lock(std::move(*held));
  return IOStatus::OK();
}

IOStatus RocksdbFiles::UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) {
  delete lock;
  return IOStatus::OK();
}

IOStatus RocksdbFiles::GetTestDirectory(const IOOptions&, std::string*, IODebugContext*) {
  return IOStatus::NotSupported("tests choose their own");
}

IOStatus RocksdbFiles::GetAbsolutePath(const std::string& path, const IOOptions&, std::string* out, IODebugContext*) {
  *out = path;
  return IOStatus::OK();
}

IOStatus RocksdbFiles::GetFreeSpace(const std::string& path, const IOOptions&, uint64_t* bytes, IODebugContext*) {
  const auto found = disk_->free_bytes(plain(path));
  if (!found) return status_of(found.error());
  *bytes = *found;
  return IOStatus::OK();
}

IOStatus RocksdbFiles::IsDirectory(const std::string& path, const IOOptions&, bool* is, IODebugContext*) {
  *is = disk_->is_folder(plain(path));
  return IOStatus::OK();
}

}  // namespace kabuki::store

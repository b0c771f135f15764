#include "runtime/io/live_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

namespace kabuki::io {
namespace {

Error failure(std::string_view what, const std::string& path, int code = errno) {
  Error error;
  error.message = std::string(what) + " " + path + ": " + std::strerror(code);
  if (code == ENOENT) {
    error.code = 404;
    error.reason = "NotFound";
  } else if (code == ENOSPC || code == EDQUOT) {
    error.code = 507;
    error.reason = "InsufficientStorage";
  }
  return error;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure("write", path);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

Result<> fsync_folder(const std::string& path) {
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return failure("open", path);
  if (::fsync(folder.get()) != 0) return failure("fsync", path);
  return {};
}

Result<> make_folders(const std::string& path) {
  if (path.empty() || ::access(path.c_str(), F_OK) == 0) return {};
  const std::string parent = folder_of(path);
  if (auto made = make_folders(parent); !made.ok()) return made;
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return failure("mkdir", path);
  return fsync_folder(parent);
}

class LiveAppendFile final : public AppendFile {
 public:
  LiveAppendFile(Descriptor file, std::string path, uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}
  ~LiveAppendFile() override {
    // Gives back what was expected and did not come. The size is asked for: a write that failed may have left a part.
    struct stat now {};
    if (expected_ == 0 || ::fstat(file_.get(), &now) != 0) return;
    if (static_cast<uint64_t>(now.st_size) < expected_ && ::ftruncate(file_.get(), now.st_size) != 0) return;
  }
  Result<> append(std::string_view bytes) override {
    auto written = write_all(file_.get(), bytes, path_);
    size_ += bytes.size();
    return written;
  }
  Result<> sync() override {
    if (::fdatasync(file_.get()) != 0) return failure("fdatasync", path_);
    return {};
  }
  Result<> truncate(uint64_t size) override {
    if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) return failure("truncate", path_);
    size_ = size;
    return {};
  }
  void expect(uint64_t size) override {
    if (size <= expected_ || size <= size_) return;
    const uint64_t from = std::max(expected_, size_);
    // Not every file system can; then nothing is gained.
    if (::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from), static_cast<off_t>(size - from)) ==
        0) {
      expected_ = size;
    }
  }

 private:
  Descriptor file_;
  std::string path_;
  uint64_t size_;
  uint64_t expected_ = 0;
};

class LiveReadFile final : public ReadFile {
 public:
  LiveReadFile(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Result<size_t> read(uint64_t offset, char* into, size_t bytes) override {
    size_t done = 0;
    while (done < bytes) {
      const ssize_t n = ::pread(file_.get(), into + done, bytes - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failure("read", path_);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

 private:
  Descriptor file_;
  std::string path_;
};

/// fcntl's locks are of a process: within it this set keeps the second away.
class HeldHere {
 public:
  bool add(const std::string& path) {
    const std::lock_guard guard(mutex_);
    return paths_.insert(path).second;
  }
  void remove(const std::string& path) {
    const std::lock_guard guard(mutex_);
    paths_.erase(path);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> paths_;
};

HeldHere& held_here() {
  static HeldHere held;
  return held;
}

class LiveFileLock final : public FileLock {
 public:
  LiveFileLock(Descriptor file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}
  ~LiveFileLock() override { held_here().remove(name_); }

 private:
  Descriptor file_;
  std::string name_;
};

Error locked(const std::string& path, const std::string& by) {
  Error error;
  error.code = 503;
  error.reason = "ServiceUnavailable";
  error.message = path + " is locked by " + by;
  return error;
}

}  // namespace

Result<std::unique_ptr<AppendFile>> LiveDisk::open_append(const std::string& path) {
  const std::string name = full(path);
  if (auto made = make_folders(folder_of(name)); !made.ok()) return made.error();
  const bool is_new = ::access(name.c_str(), F_OK) != 0;
  Descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (file.get() < 0) return failure("open", name);
  if (is_new) {
    if (auto synced = fsync_folder(folder_of(name)); !synced.ok()) return synced.error();
  }
  struct stat now {};
  if (::fstat(file.get(), &now) != 0) return failure("stat", name);
  return std::unique_ptr<AppendFile>(
      std::make_unique<LiveAppendFile>(std::move(file), name, static_cast<uint64_t>(now.st_size)));
}

Result<std::unique_ptr<AppendFile>> LiveDisk::create(const std::string& path) {
  const std::string name = full(path);
  Descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (file.get() < 0) return failure("open", name);
  return std::unique_ptr<AppendFile>(std::make_unique<LiveAppendFile>(std::move(file), name, 0));
}

Result<std::unique_ptr<ReadFile>> LiveDisk::open_read(const std::string& path) {
  const std::string name = full(path);
  Descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failure("open", name);
  return std::unique_ptr<ReadFile>(std::make_unique<LiveReadFile>(std::move(file), name));
}

Result<std::string> LiveDisk::read(const std::string& path) {
  const std::string name = full(path);
  Descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failure("open", name);
  std::string bytes;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure("read", name);
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(n));
  }
}

Result<> LiveDisk::replace(const std::string& path, std::string_view bytes) {
  const std::string name = full(path);
  const std::string fresh = name + ".new";
  if (auto made = make_folders(folder_of(name)); !made.ok()) return made;
  {
    Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return failure("open", fresh);
    if (auto written = write_all(file.get(), bytes, fresh); !written.ok()) return written;
    if (::fsync(file.get()) != 0) return failure("fsync", fresh);
  }
  if (::rename(fresh.c_str(), name.c_str()) != 0) return failure("rename", fresh);
  return fsync_folder(folder_of(name));
}

Result<> LiveDisk::remove(const std::string& path) {
  const std::string name = full(path);
  if (::unlink(name.c_str()) != 0) return failure("remove", name);
  return fsync_folder(folder_of(name));
}

Result<> LiveDisk::allocate(const std::string& path, uint64_t bytes) {
  const std::string name = full(path);
  Descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0) return failure("open", name);
  if (const int code = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes)); code != 0) {
    const Error why = failure("fallocate", name, code);
    ::unlink(name.c_str());
    return why;
  }
  return fsync_folder(folder_of(name));
}

Result<> LiveDisk::unlink(const std::string& path) {
  const std::string name = full(path);
  return ::unlink(name.c_str()) == 0 ? Result<>() : failure("remove", name);
}

Result<> LiveDisk::rename(const std::string& from, const std::string& to) {
  const std::string name = full(from);
  return ::rename(name.c_str(), full(to).c_str()) == 0 ? Result<>() : failure("rename", name);
}

Result<> LiveDisk::make_folder(const std::string& path) { return make_folders(full(path)); }

Result<> LiveDisk::remove_folder(const std::string& path) {
  const std::string name = full(path);
  return ::rmdir(name.c_str()) == 0 ? Result<>() : failure("rmdir", name);
}

Result<> LiveDisk::sync_folder(const std::string& path) { return fsync_folder(full(path)); }

bool LiveDisk::is_folder(const std::string& path) {
  struct stat found {};
  return ::stat(full(path).c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

Result<uint64_t> LiveDisk::size(const std::string& path) {
  const std::string name = full(path);
  struct stat found {};
  if (::stat(name.c_str(), &found) != 0) return failure("stat", name);
  return static_cast<uint64_t>(found.st_size);
}

Result<uint64_t> LiveDisk::free_bytes(const std::string& path) {
  const std::string name = full(path);
  struct statvfs found {};
  if (::statvfs(name.c_str(), &found) != 0) return failure("statvfs", name);
  return static_cast<uint64_t>(found.f_bavail) * found.f_frsize;
}

Result<std::unique_ptr<FileLock>> LiveDisk::lock(const std::string& path) {
  const std::string name = full(path);
  // Before the file is opened: closing it again would give up this process's own lock.
  if (!held_here().add(name)) return locked(name, "this process (" + std::to_string(::getpid()) + ")");
  Descriptor file(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const auto refuse = [&](Error why) {
    held_here().remove(name);
    return why;
  };
  if (file.get() < 0) return refuse(failure("open", name));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(file.get(), F_SETLK, &lock) != 0) {
    if (errno != EACCES && errno != EAGAIN) return refuse(failure("lock", name));
    const bool known = ::fcntl(file.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    return refuse(locked(name, known ? "process " + std::to_string(lock.l_pid) : "another process"));
  }
  return std::unique_ptr<FileLock>(std::make_unique<LiveFileLock>(std::move(file), name));
}

bool LiveDisk::exists(const std::string& path) { return ::access(full(path).c_str(), F_OK) == 0; }

Result<std::vector<std::string>> LiveDisk::list(const std::string& path) {
  std::error_code code;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator it(full(path), code), end; !code && it != end; it.increment(code))
    names.push_back(it->path().filename().string());
  if (code) return failure("list", full(path), code.value());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace kabuki::io

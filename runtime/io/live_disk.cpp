#include "runtime/io/live_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace kabuki::io {
namespace {

Error failure(std::string_view what, const std::string& path, int code = errno) {
  Error error;
  error.message = std::string(what) + " " + path + ": " + std::strerror(code);
  if (code == ENOENT) {
    error.code = 404;
    error.reason = "NotFound";
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

Result<> sync_folder(const std::string& path) {
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return failure("open", path);
  if (::fsync(folder.get()) != 0) return failure("fsync", path);
  return {};
}

Result<> make_folders(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return {};
  const std::string parent = folder_of(path);
  if (auto made = make_folders(parent); !made.ok()) return made;
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return failure("mkdir", path);
  return sync_folder(parent);
}

class LiveAppendFile final : public AppendFile {
 public:
  LiveAppendFile(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Result<> append(std::string_view bytes) override { return write_all(file_.get(), bytes, path_); }
  Result<> sync() override {
    if (::fdatasync(file_.get()) != 0) return failure("fdatasync", path_);
    return {};
  }

 private:
  Descriptor file_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<AppendFile>> LiveDisk::open_append(const std::string& path) {
  const std::string name = full(path);
  if (auto made = make_folders(folder_of(name)); !made.ok()) return made.error();
  const bool is_new = ::access(name.c_str(), F_OK) != 0;
  Descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (file.get() < 0) return failure("open", name);
  if (is_new) {
    if (auto synced = sync_folder(folder_of(name)); !synced.ok()) return synced.error();
  }
  return std::unique_ptr<AppendFile>(std::make_unique<LiveAppendFile>(std::move(file), name));
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
  return sync_folder(folder_of(name));
}

Result<> LiveDisk::remove(const std::string& path) {
  const std::string name = full(path);
  if (::unlink(name.c_str()) != 0) return failure("remove", name);
  return sync_folder(folder_of(name));
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

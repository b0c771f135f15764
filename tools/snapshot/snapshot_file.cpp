#include "tools/snapshot/snapshot_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages/status.hpp"

namespace kabuki::tools {
namespace {

constexpr mode_t kOwnerOnly = 0600;

Error io_failure(const std::string& what, const std::string& path) {
  return internal_error("cannot " + what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

Result<> sync_folder(const std::string& path) {
  const int descriptor = ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return io_failure("open", path);
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced ? Result<>() : Result<>(io_failure("sync", path));
}

Result<std::unique_ptr<PartialFile>> PartialFile::make(const std::string& path) {
  const std::string partial = path + ".partial";
  const int descriptor = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (descriptor < 0) return io_failure("write", partial);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    return Error{.code = 409, .reason = "Conflict", .message = partial + " is being written by another process"};
  }
  // The owner of the lock may have renamed or removed it since it was opened; the next try makes it anew.
  struct stat opened {
  }, named{};
  if (::fstat(descriptor, &opened) != 0 || ::stat(partial.c_str(), &named) != 0 || opened.st_ino != named.st_ino) {
    ::close(descriptor);
    return Error{.code = 409, .reason = "Conflict", .message = partial + " was just written by another process"};
  }
  std::unique_ptr<PartialFile> file(new PartialFile(path, descriptor));
  if (::fchmod(descriptor, kOwnerOnly) != 0 || ::ftruncate(descriptor, 0) != 0) return io_failure("write", partial);
  return file;
}

PartialFile::~PartialFile() {
  if (!kept_) ::unlink(partial().c_str());
  ::close(descriptor_);
}

Result<> PartialFile::failure(const std::string& what) const { return io_failure(what, partial()); }

Result<> PartialFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(descriptor_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failure("write");
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

Result<> PartialFile::sync() { return ::fsync(descriptor_) == 0 ? Result<>() : failure("sync"); }

Result<> PartialFile::truncate(uint64_t size) {
  const auto end = static_cast<off_t>(size);
  return ::ftruncate(descriptor_, end) == 0 && ::lseek(descriptor_, end, SEEK_SET) == end ? Result<>()
                                                                                          : failure("cut");
}

Result<> PartialFile::become() {
  if (::rename(partial().c_str(), path_.c_str()) != 0) return failure("rename");
  kept_ = true;
  return sync_folder(std::filesystem::path(path_).parent_path().string());
}

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return io_failure("read", path);
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::unique_ptr<FileSource>(new FileSource(path, descriptor));
}

FileSource::~FileSource() { ::close(descriptor_); }

Result<> FileSource::read(size_t size, std::string* out) {
  // A damaged size must not cost its memory: what is not there is not made room for.
  constexpr size_t kPiece = 4u << 20;
  while (size > 0) {
    const size_t before = out->size();
    const size_t piece = std::min(size, kPiece);
    out->resize(before + piece);
    const ssize_t got = ::read(descriptor_, out->data() + before, piece);
    if (got < 0 && errno == EINTR) {
      out->resize(before);
      continue;
    }
    out->resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0) return io_failure("read", path_);
    if (got == 0) return {};
    size -= static_cast<size_t>(got);
  }
  return {};
}

Result<store::ShardMap> mapping_of_snapshot(const std::string& path) {
  auto source = FileSource::open(path);
  if (!source) return source.error();
  return store::mapping_of_snapshot(path, **source);
}

}  // namespace kabuki::tools

#include "runtime/sim/sim_disk.hpp"

#include <algorithm>
#include <cstring>

namespace kabuki::runtime::sim {
namespace {

Error disk_error(const std::string& what, const std::string& path, const std::string& why) {
  Error error;
  error.message = what + " " + path + ": " + why;
  return error;
}

Error no_file(const std::string& what, const std::string& path) {
  Error error = disk_error(what, path, "No such file or directory");
  error.code = 404;
  error.reason = "NotFound";
  return error;
}

Error no_room(const std::string& path) {
  Error error = disk_error("write", path, "No space left on device");
  error.code = 507;
  error.reason = "InsufficientStorage";
  return error;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

class SimAppendFile final : public io::AppendFile {
 public:
  SimAppendFile(SimDisk* disk, SimDisk::FilePtr file, std::string path)
      : disk_(disk), file_(std::move(file)), path_(std::move(path)), life_(disk->life_) {}

  Result<> append(std::string_view bytes) override { return disk_->append(file_, path_, life_, bytes); }
  Result<> sync() override { return disk_->sync(file_, path_, life_); }
  Result<> truncate(uint64_t size) override { return disk_->truncate(file_, path_, life_, size); }

 private:
  SimDisk* disk_;
  const SimDisk::FilePtr file_;
  const std::string path_;
  const uint64_t life_;
};

class SimReadFile final : public io::ReadFile {
 public:
  SimReadFile(SimDisk* disk, SimDisk::FilePtr file, std::string path)
      : disk_(disk), file_(std::move(file)), path_(std::move(path)), life_(disk->life_) {}

  Result<size_t> read(uint64_t offset, char* into, size_t bytes) override {
    const std::lock_guard lock(disk_->mutex_);
    if (auto alive = disk_->alive("read", path_, life_); !alive.ok()) return alive.error();
    if (offset >= file_->bytes.size()) return size_t{0};
    const size_t n = std::min<size_t>(bytes, file_->bytes.size() - offset);
    std::memcpy(into, file_->bytes.data() + offset, n);
    return n;
  }

 private:
  SimDisk* disk_;
  const SimDisk::FilePtr file_;
  const std::string path_;
  const uint64_t life_;
};

class SimFileLock final : public io::FileLock {
 public:
  SimFileLock(SimDisk* disk, std::string path) : disk_(disk), path_(std::move(path)), life_(disk->life_) {}
  ~SimFileLock() override {
    const std::lock_guard lock(disk_->mutex_);
    if (life_ == disk_->life_) disk_->locked_.erase(path_);
  }

 private:
  SimDisk* disk_;
  const std::string path_;
  const uint64_t life_;
};

Result<> SimDisk::alive(const char* what, const std::string& path, uint64_t life) const {
  if (life != life_ || power_failed_) return disk_error(what, path, "the host has crashed");
  return {};
}

Result<> SimDisk::change(const char* what, const std::string& path) {
  if (!power_failed_ && power_for_ && (*power_for_)-- == 0) {
    power_for_.reset();
    power_failed_ = true;
    ++counts_.power_offs;
  }
  return alive(what, path, life_);
}

bool SimDisk::sync_fails() {
  if (faults_.sync_error <= 0 || !random_.chance(faults_.sync_error)) return false;
  ++counts_.sync_errors;
  return true;
}

void SimDisk::stall() {
  io::Duration latency{0};
  {
    const std::lock_guard lock(mutex_);
    latency = faults_.sync_latency;
    if (latency.count() > 0) ++counts_.stalls;
  }
  if (latency.count() > 0) stall_(latency);
}

Result<> SimDisk::append(const FilePtr& file, const std::string& path, uint64_t life, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (auto is = alive("write", path, life); !is.ok()) return is;
  if (faults_.write_error > 0 && random_.chance(faults_.write_error)) {
    ++counts_.write_errors;
    return disk_error("write", path, "Input/output error");
  }
  const uint64_t room = faults_.capacity == 0 ? bytes.size() : faults_.capacity - std::min(faults_.capacity, used());
  file->bytes.append(bytes.substr(0, room));
  if (auto powered = change("write", path); !powered.ok()) return powered;  // what got there may be torn
  if (bytes.size() <= room) return {};
  ++counts_.full;
  return no_room(path);
}

Result<> SimDisk::sync(const FilePtr& file, const std::string& path, uint64_t life) {
  stall();
  const std::lock_guard lock(mutex_);
  if (auto is = alive("fdatasync", path, life); !is.ok()) return is;
  if (auto powered = change("fdatasync", path); !powered.ok()) return powered;
  if (sync_fails()) {
    file->sync_failed = true;
    return disk_error("fdatasync", path, "Input/output error");
  }
  if (!file->sync_failed) file->synced = file->bytes.size();
  if (auto found = files_.find(path); file->named_by_sync && found != files_.end() && found->second == file) {
    durable_[path] = file;
    settle(path);
  }
  return {};
}

Result<> SimDisk::truncate(const FilePtr& file, const std::string& path, uint64_t life, uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (auto is = alive("truncate", path, life); !is.ok()) return is;
  if (auto powered = change("truncate", path); !powered.ok()) return powered;
  file->bytes.resize(size);
  file->synced = std::min<size_t>(file->synced, size);
  return {};
}

Result<std::unique_ptr<io::AppendFile>> SimDisk::open_append(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto powered = change("open", path); !powered.ok()) return powered.error();
  auto& file = files_[path];
  if (!file) {
    file = std::make_shared<File>();
    file->named_by_sync = true;
    changes_.push_back({path, file, {}});
  }
  return std::unique_ptr<io::AppendFile>(std::make_unique<SimAppendFile>(this, file, path));
}

Result<std::unique_ptr<io::AppendFile>> SimDisk::create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto powered = change("open", path); !powered.ok()) return powered.error();
  auto file = std::make_shared<File>();
  files_[path] = file;
  changes_.push_back({path, file, {}});
  return std::unique_ptr<io::AppendFile>(std::make_unique<SimAppendFile>(this, file, path));
}

Result<std::unique_ptr<io::ReadFile>> SimDisk::open_read(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto is = alive("open", path, life_); !is.ok()) return is.error();
  auto found = files_.find(path);
  if (found == files_.end()) return no_file("open", path);
  return std::unique_ptr<io::ReadFile>(std::make_unique<SimReadFile>(this, found->second, path));
}

Result<std::string> SimDisk::read(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto is = alive("open", path, life_); !is.ok()) return is.error();
  auto found = files_.find(path);
  if (found == files_.end()) return no_file("open", path);
  return found->second->bytes;
}

Result<> SimDisk::replace(const std::string& path, std::string_view bytes) {
  stall();
  const std::lock_guard lock(mutex_);
  if (auto powered = change("fsync", path + ".new"); !powered.ok()) return powered;
  if (sync_fails()) return disk_error("fsync", path + ".new", "Input/output error");
  auto file = std::make_shared<File>();
  file->bytes = bytes;
  file->synced = bytes.size();
  files_[path] = durable_[path] = file;
  settle(path);
  return {};
}

Result<> SimDisk::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto powered = change("remove", path); !powered.ok()) return powered;
  if (files_.erase(path) == 0) return no_file("remove", path);
  durable_.erase(path);
  settle(path);
  return {};
}

Result<> SimDisk::allocate(const std::string& path, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (auto powered = change("fallocate", path); !powered.ok()) return powered;
  if (faults_.capacity > 0 && used() + bytes > faults_.capacity) {
    ++counts_.full;
    return no_room(path);
  }
  auto file = std::make_shared<File>();
  file->bytes.resize(bytes);
  file->synced = bytes;
  files_[path] = durable_[path] = file;
  settle(path);
  return {};
}

Result<> SimDisk::unlink(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto powered = change("remove", path); !powered.ok()) return powered;
  if (files_.erase(path) == 0) return no_file("remove", path);
  changes_.push_back({path, nullptr, {}});
  return {};
}

Result<> SimDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (auto powered = change("rename", from); !powered.ok()) return powered;
  auto found = files_.find(from);
  if (found == files_.end()) return no_file("rename", from);
  auto file = found->second;
  files_.erase(found);
  files_[to] = file;
  changes_.push_back({to, file, from});
  return {};
}

Result<> SimDisk::sync_folder(const std::string& path) {
  stall();
  const std::lock_guard lock(mutex_);
  if (auto powered = change("fsync", path); !powered.ok()) return powered;
  if (sync_fails()) return disk_error("fsync", path, "Input/output error");
  std::vector<NameChange> others;
  for (auto& change : changes_) {
    if (folder_of(change.path) == path) {
      make_durable(change);
    } else {
      others.push_back(std::move(change));
    }
  }
  changes_ = std::move(others);
  return {};
}

void SimDisk::make_durable(const NameChange& change) {
  if (!change.from.empty()) durable_.erase(change.from);
  if (change.file) {
    durable_[change.path] = change.file;
  } else {
    durable_.erase(change.path);
  }
}

void SimDisk::settle(const std::string& path) {
  std::erase_if(changes_, [&](const NameChange& change) { return change.path == path; });
}

Result<> SimDisk::make_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto powered = change("mkdir", path); !powered.ok()) return powered;
  for (std::string at = path; !at.empty(); at = folder_of(at)) folders_.insert(at);
  return {};
}

Result<> SimDisk::remove_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto powered = change("rmdir", path); !powered.ok()) return powered;
  return folders_.erase(path) > 0 ? Result<>() : no_file("rmdir", path);
}

bool SimDisk::exists(const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    if (files_.contains(path)) return true;
  }
  return is_folder(path);
}

bool SimDisk::is_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (folders_.contains(path)) return true;
  auto below = files_.lower_bound(path + "/");
  return below != files_.end() && below->first.starts_with(path + "/");
}

Result<uint64_t> SimDisk::size(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto is = alive("stat", path, life_); !is.ok()) return is.error();
  auto found = files_.find(path);
  if (found == files_.end()) return no_file("stat", path);
  return static_cast<uint64_t>(found->second->bytes.size());
}

Result<std::vector<std::string>> SimDisk::list(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto is = alive("list", path, life_); !is.ok()) return is.error();
  const std::string prefix = path.empty() ? "" : path + "/";
  std::set<std::string> names;
  const auto add = [&](const std::string& below) {
    names.insert(below.substr(prefix.size(), below.find('/', prefix.size()) - prefix.size()));
  };
  for (auto it = files_.lower_bound(prefix); it != files_.end() && it->first.starts_with(prefix); ++it)
    add(it->first);
  for (auto it = folders_.lower_bound(prefix); it != folders_.end() && it->starts_with(prefix); ++it) add(*it);
  if (names.empty() && !path.empty() && !folders_.contains(path)) return no_file("list", path);
  return std::vector<std::string>(names.begin(), names.end());
}

uint64_t SimDisk::used() const {
  uint64_t bytes = 0;
  for (const auto& [path, file] : files_) bytes += file->bytes.size();
  return bytes;
}

Result<uint64_t> SimDisk::free_bytes(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto is = alive("statvfs", path, life_); !is.ok()) return is.error();
  if (faults_.capacity == 0) return uint64_t{1} << 50;
  return faults_.capacity - std::min(faults_.capacity, used());
}

Result<std::unique_ptr<io::FileLock>> SimDisk::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (auto is = alive("lock", path, life_); !is.ok()) return is.error();
  if (!locked_.insert(path).second) {
    Error error;
    error.message = path + " is locked by this host";
    error.code = 503;
    error.reason = "ServiceUnavailable";
    return error;
  }
  if (auto& file = files_[path]; !file) {
    file = std::make_shared<File>();
    changes_.push_back({path, file, {}});
  }
  return std::unique_ptr<io::FileLock>(std::make_unique<SimFileLock>(this, path));
}

}  // namespace kabuki::runtime::sim

#include "runtime/sim/sim_disk.hpp"

#include <set>

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

}  // namespace

class SimAppendFile final : public io::AppendFile {
 public:
  SimAppendFile(SimDisk* disk, std::string path) : disk_(disk), path_(std::move(path)), crashes_(disk->crashes_) {}

  Result<> append(std::string_view bytes) override {
    if (crashes_ != disk_->crashes_) return disk_error("write", path_, "the host has crashed");
    if (disk_->faults_.write_error > 0 && disk_->random_.chance(disk_->faults_.write_error))
      return disk_error("write", path_, "Input/output error");
    auto found = disk_->files_.find(path_);
    if (found == disk_->files_.end()) return {};  // removed while open: it goes nowhere, as in Unix
    found->second.bytes.append(bytes);
    return {};
  }

  Result<> sync() override {
    if (crashes_ != disk_->crashes_) return disk_error("fdatasync", path_, "the host has crashed");
    return disk_->sync_file(path_);
  }

 private:
  SimDisk* disk_;
  const std::string path_;
  const uint64_t crashes_;
};

Result<> SimDisk::sync_file(const std::string& path) {
  if (faults_.sync_latency.count() > 0) stall_(faults_.sync_latency);
  auto found = files_.find(path);
  if (found == files_.end()) return {};
  if (faults_.sync_error > 0 && random_.chance(faults_.sync_error))
    return disk_error("fdatasync", path, "Input/output error");
  found->second.synced = found->second.bytes.size();
  found->second.durable = true;
  return {};
}

Result<std::unique_ptr<io::AppendFile>> SimDisk::open_append(const std::string& path) {
  files_.try_emplace(path);
  return std::unique_ptr<io::AppendFile>(std::make_unique<SimAppendFile>(this, path));
}

Result<std::string> SimDisk::read(const std::string& path) {
  auto found = files_.find(path);
  if (found == files_.end()) return no_file("open", path);
  return found->second.bytes;
}

Result<> SimDisk::replace(const std::string& path, std::string_view bytes) {
  if (faults_.sync_latency.count() > 0) stall_(faults_.sync_latency);
  if (faults_.sync_error > 0 && random_.chance(faults_.sync_error))
    return disk_error("fsync", path + ".new", "Input/output error");
  files_[path] = {std::string(bytes), bytes.size(), true};
  return {};
}

Result<> SimDisk::remove(const std::string& path) {
  if (files_.erase(path) == 0) return no_file("remove", path);
  return {};
}

bool SimDisk::exists(const std::string& path) {
  if (files_.contains(path)) return true;
  auto below = files_.lower_bound(path + "/");
  return below != files_.end() && below->first.starts_with(path + "/");
}

Result<std::vector<std::string>> SimDisk::list(const std::string& path) {
  const std::string prefix = path.empty() ? "" : path + "/";
  std::set<std::string> names;
  for (auto it = files_.lower_bound(prefix); it != files_.end() && it->first.starts_with(prefix); ++it)
    names.insert(it->first.substr(prefix.size(), it->first.find('/', prefix.size()) - prefix.size()));
  if (names.empty() && !path.empty()) return no_file("list", path);
  return std::vector<std::string>(names.begin(), names.end());
}

void SimDisk::crash() {
  ++crashes_;
  for (auto it = files_.begin(); it != files_.end();) {
    File& file = it->second;
    const size_t unsynced = file.bytes.size() - file.synced;
    const size_t kept = faults_.torn_writes ? random_.below(unsynced + 1) : 0;
    file.bytes.resize(file.synced + kept);
    file.synced = file.bytes.size();
    if (!file.durable && kept == 0) {
      it = files_.erase(it);
    } else {
      file.durable = true;
      ++it;
    }
  }
}

}  // namespace kabuki::runtime::sim

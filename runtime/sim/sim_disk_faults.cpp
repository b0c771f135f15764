#include <algorithm>

#include "runtime/sim/sim_disk.hpp"

namespace kabuki::runtime::sim {
namespace {

constexpr size_t kSector = 512;

}  // namespace

void SimDisk::set_faults(DiskFaults faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}

void SimDisk::fail_power_after(uint64_t changes) {
  const std::lock_guard lock(mutex_);
  power_for_ = changes;
}

bool SimDisk::power_failed() const {
  const std::lock_guard lock(mutex_);
  return power_failed_;
}

DiskCounts SimDisk::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::optional<RottenBit> SimDisk::rot(const std::string& folder, const std::string& ending) {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<const std::string, FilePtr>*> candidates;
  for (auto& entry : files_) {
    const bool meant = entry.first.starts_with(folder + "/") && entry.first.ends_with(ending);
    if (meant && !entry.second->bytes.empty()) candidates.push_back(&entry);
  }
  if (candidates.empty()) return std::nullopt;
  auto& [path, file] = *candidates[random_.below(candidates.size())];
  const uint64_t offset = random_.below(file->bytes.size());
  file->bytes[offset] = static_cast<char>(file->bytes[offset] ^ (1 << random_.below(8)));
  ++counts_.rotten_bits;
  return RottenBit{path, offset};
}

void SimDisk::crash() {
  const std::lock_guard lock(mutex_);
  ++life_;
  ++counts_.crashes;
  power_for_.reset();
  power_failed_ = false;
  locked_.clear();
  const size_t reached = faults_.torn_writes ? random_.below(changes_.size() + 1) : 0;
  for (size_t i = 0; i < reached; ++i) make_durable(changes_[i]);
  counts_.lost_names += changes_.size() - reached;
  changes_.clear();
  for (auto& [path, file] : durable_) {
    const size_t tail = file->bytes.size() - file->synced;
    size_t kept = faults_.torn_writes ? random_.below(tail + kSector) : 0;
    // Sectors are whole or not there.
    kept = kept >= tail ? tail : kept - std::min(kept, (file->synced + kept) % kSector);
    if (kept > 0 && kept < tail) ++counts_.torn_files;
    counts_.lost_bytes += tail - kept;
    auto fresh = std::make_shared<File>();
    fresh->bytes = file->bytes.substr(0, file->synced + kept);
    fresh->synced = fresh->bytes.size();
    file = std::move(fresh);  // open handles keep the old one
  }
  files_ = durable_;
}

}  // namespace kabuki::runtime::sim

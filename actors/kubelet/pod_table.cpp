#include "actors/kubelet/pod_table.hpp"

#include "actors/kubelet/pod_objects.hpp"

namespace kabuki::kubelet {
namespace {

/// Only compared within this process; never 0.
uint64_t uid_of(const Object& pod) { return std::hash<std::string_view>()(pod.uid()) | 1; }

}  // namespace

std::string PodTable::name_of(const Object& pod) { return std::string(pod.ns()) + "/" + std::string(pod.name()); }

const PodTable::Entry* PodTable::find(const std::string& pod) const {
  const auto found = entries_.find(pod);
  return found == entries_.end() ? nullptr : &found->second;
}

void PodTable::set_cidr(const overlay::Cidr& cidr) {
  if (pool_ && pool_->cidr() == cidr) return;
  pool_.emplace(cidr);
  for (auto& [name, entry] : entries_) {
    if (entry.address && entry.address != node_address_) pool_->reserve(entry.address);
  }
}

bool PodTable::put(const ObjectPtr& pod) {
  const std::string name = name_of(*pod);
  Entry& entry = entries_[name];
  entry.list = list_;
  // The view may repeat what is known; a version that is older than that is never right.
  if (entry.pod && entry.pod->uid() == pod->uid() && entry.pod->revision() > pod->revision()) return false;
  if (entry.done && entry.pod && entry.pod->uid() != pod->uid()) entry.done = false;
  entry.pod = pod;
  if (entry.running) {
    follow_recorded(entry);
  } else if (!entry.done) {
    missing_.insert(name);
  }
  return entry.running;
}

/// A former life of this kubelet may have recorded another address than this one has given: the record counts.
void PodTable::follow_recorded(Entry& entry) {
  const overlay::Ipv4 recorded = recorded_ip(*entry.pod);
  if (!pool_ || !recorded || recorded == entry.address || entry.address == node_address_) return;
  if (entry.uid != uid_of(*entry.pod) || !pool_->reserve(recorded)) return;
  pool_->release(entry.address);
  entry.address = recorded;
}

bool PodTable::remove(const std::string& pod) {
  const auto found = entries_.find(pod);
  if (found == entries_.end()) return false;
  found->second.pod = nullptr;
  if (found->second.running) return true;
  release(found->second);
  entries_.erase(found);
  return false;
}

std::vector<std::string> PodTable::end_list() {
  std::vector<std::string> gone;
  for (const auto& [name, entry] : entries_) {
    if (entry.list != list_ && entry.pod) gone.push_back(name);
  }
  std::vector<std::string> to_tell;
  for (const std::string& name : gone) {
    if (remove(name)) to_tell.push_back(name);
  }
  return to_tell;
}

void PodTable::release(Entry& entry) {
  if (pool_ && entry.address && entry.address != node_address_) pool_->release(entry.address);
  entry.address = {};
  entry.uid = 0;
}

void PodTable::reserve_recorded(Entry& entry) {
  if (uses_host_network(*entry.pod)) {
    entry.address = node_address_;
    return;
  }
  const overlay::Ipv4 recorded = recorded_ip(*entry.pod);
  if (recorded && pool_->reserve(recorded)) entry.address = recorded;
}

bool PodTable::allocate(Entry& entry) {
  const auto address = pool_->allocate();
  if (!address.ok()) return false;
  entry.address = *address;
  return true;
}

std::vector<PodTable::Start> PodTable::start_missing() {
  std::vector<Start> out;
  without_address_ = 0;
  if (!pool_) return out;
  std::vector<std::pair<const std::string*, Entry*>> missing;
  for (auto it = missing_.begin(); it != missing_.end();) {
    const auto found = entries_.find(*it);
    if (found == entries_.end() || found->second.running || found->second.done || !found->second.pod) {
      it = missing_.erase(it);
      continue;
    }
    ++it;
    auto& [name, entry] = *found;
    // A pod of the same name took its place while the former one's actor was still there.
    if (entry.uid != 0 && entry.uid != uid_of(*entry.pod)) release(entry);
    if (!entry.address) reserve_recorded(entry);
    missing.emplace_back(&name, &entry);
  }
  for (auto& [name, entry] : missing) {
    if (!entry->address && !allocate(*entry)) {
      ++without_address_;
      continue;
    }
    entry->uid = uid_of(*entry->pod);
    entry->running = true;
    missing_.erase(*name);
    out.push_back({*name, entry->pod, entry->address});
  }
  return out;
}

void PodTable::ended(const std::string& pod, bool normally) {
  const auto found = entries_.find(pod);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.running = false;
  if (!entry.pod) {
    release(entry);
    entries_.erase(found);
    return;
  }
  // The same pod, whose actor found its work done: held until the object is gone.
  entry.done = normally && entry.uid == uid_of(*entry.pod);
  if (!entry.done) missing_.insert(pod);
}

void PodTable::look_again() {
  for (auto& [name, entry] : entries_) {
    if (!entry.done || !entry.pod) continue;
    entry.done = false;
    missing_.insert(name);
  }
}

}  // namespace kabuki::kubelet

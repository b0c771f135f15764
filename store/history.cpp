#include "store/history.hpp"

#include <algorithm>

#include "store/planted_fault.hpp"

namespace kabuki::store {

size_t History::cost(const Change& change) {
  size_t bytes = sizeof(Change);
  if (change.previous) bytes += change.previous->size();
  if (change.type == Change::Type::deleted) bytes += change.object->size();
  return bytes;
}

void History::push(const Change& change) {
  assert(change.object->revision() > compacted_);
  assert(changes_.empty() || change.object->revision() >= changes_.back().object->revision());
  bytes_ += cost(change);
  changes_.push_back(change);
}

void History::trim() {
  while (!changes_.empty() && (changes_.size() > changes_max_ || bytes_ > bytes_max_)) forget_oldest();
}

void History::forget(uint64_t revision) {
  while (!changes_.empty() && changes_.front().object->revision() <= revision) forget_oldest();
}

void History::forget_oldest() {
  const uint64_t oldest = changes_.front().object->revision();
  while (!changes_.empty() && changes_.front().object->revision() == oldest) {
    bytes_ -= cost(changes_.front());
    changes_.pop_front();
  }
  if (!planted(PlantedFault::silent_compaction)) compacted_ = oldest;
}

size_t History::first_after(uint64_t revision) const {
  const auto it = std::upper_bound(changes_.begin(), changes_.end(), revision,
                                   [](uint64_t r, const Change& change) { return r < change.object->revision(); });
  return static_cast<size_t>(it - changes_.begin());
}

}  // namespace kabuki::store

#pragma once

#include <cstdint>
#include <deque>

#include "store/engine.hpp"

namespace kabuki::store {

/// The latest changes of a shard, oldest first, bounded by number and by the bytes that only it keeps alive; its
/// owner bounds it by age. What was before `compacted()` is forgotten.
class History {
 public:
  History(size_t changes_max, size_t bytes_max) : changes_max_(changes_max), bytes_max_(bytes_max) {}

  /// Nothing up to `revision` is known.
  void start_at(uint64_t revision) { compacted_ = revision; }
  /// Revisions never fall; changes that share one come in one piece and are forgotten in one piece.
  void push(const Change& change);
  /// Forgets the oldest changes until both bounds hold.
  void trim();
  /// Forgets changes up to this revision.
  void forget(uint64_t revision);

  /// Every change after this revision is there.
  uint64_t compacted() const { return compacted_; }
  size_t size() const { return changes_.size(); }
  size_t bytes() const { return bytes_; }

  const Change& operator[](size_t position) const { return changes_[position]; }
  /// Position of the first change after `revision`; size() where there is none.
  size_t first_after(uint64_t revision) const;

 private:
  static size_t cost(const Change& change);
  void forget_oldest();

  const size_t changes_max_;
  const size_t bytes_max_;
  std::deque<Change> changes_;
  size_t bytes_ = 0;
  uint64_t compacted_ = 0;
};

}  // namespace kabuki::store

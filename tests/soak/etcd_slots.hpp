#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/io/random.hpp"
#include "store/engine.hpp"

namespace kabuki::store::soak {

/// Objects, each with one change under way at a time.
inline constexpr size_t kSlots = 64;

/// An object at a revision; the digest of its body says which change it was, 0 that there is none.
struct SlotState {
  uint64_t revision = 0;
  uint64_t digest = 0;
};

uint64_t body_digest(std::string_view body);

/// The change that a slot makes as the n-th of a round: a put of bytes that occur once only, or a delete.
Mutation slot_change(uint64_t seed, uint64_t round, size_t slot, uint64_t n, const SlotState& now);

/// What may be found in a slot: what was acknowledged last, or what came of the changes whose end is not known.
class SlotExpectation {
 public:
  /// Something is under way whose end may never be known.
  void submitted(uint64_t digest) { maybe_.push_back(digest); }
  /// All that was under way before compares with an older revision and cannot come any more.
  void acknowledged(SlotState state) {
    known_ = state;
    maybe_.clear();
  }
  /// "" or what is wrong. `late` counts what was not acknowledged and is there.
  std::string found(SlotState state, uint64_t* late);
  const SlotState& known() const { return known_; }
  size_t under_way() const { return maybe_.size(); }

 private:
  SlotState known_;
  std::vector<uint64_t> maybe_;
};

}  // namespace kabuki::store::soak

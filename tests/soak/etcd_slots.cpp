#include "tests/soak/etcd_slots.hpp"

#include <algorithm>

#include "messages/kinds.hpp"

namespace kabuki::store::soak {

uint64_t body_digest(std::string_view body) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash | 1;
}

Mutation slot_change(uint64_t seed, uint64_t round, size_t slot, uint64_t n, const SlotState& now) {
  const std::string once =
      std::to_string(seed) + "/" + std::to_string(round) + "/" + std::to_string(slot) + "/" + std::to_string(n);
  io::Random random = io::Random(seed).split(once);
  const Key key{kinds::kConfigMap, "default", "t" + std::to_string(slot)};
  Mutation change{key, now.digest == 0 ? 0 : now.revision, nullptr};
  const bool removes = now.digest != 0 && random.chance(0.2);
  if (!removes)
    change.object = Object::make(key.kind, key.ns, key.name, 0, once + std::string(random.below(500), '.'));
  return change;
}

std::string SlotExpectation::found(SlotState state, uint64_t* late) {
  const bool same = state.digest == known_.digest && (state.digest == 0 || state.revision == known_.revision);
  if (same) return "";
  if (std::find(maybe_.begin(), maybe_.end(), state.digest) == maybe_.end()) {
    return "revision " + std::to_string(known_.revision) + " was acknowledged, revision " +
           std::to_string(state.revision) + " is found, which nobody wrote after it";
  }
  if (state.digest != 0 && state.revision <= known_.revision) return "a later change has an older revision";
  ++*late;
  // What else is under way compares with the revision before, or comes after this.
  known_ = state;
  return "";
}

}  // namespace kabuki::store::soak

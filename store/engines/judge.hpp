#pragma once

#include <absl/container/flat_hash_set.h>
#include <cstdint>
#include <utility>

#include "store/engine.hpp"
#include "store/key_order.hpp"
#include "store/planted_fault.hpp"

namespace kabuki::store {

/// What may be written, by the room that is left.
enum class Admit { everything, what_does_not_grow, deletes };

/// What an update may add to an object that "does not grow": room for what a deletion and a status write down.
inline constexpr size_t kGrowthBytes = 256;

/// Judges mutations one after the other against what was judged before them, durable or not, and gives revisions.
/// Holds one pointer per object, in a hash set that is never iterated: 9 to 18 bytes an object. Not thread-safe.
class Judge {
 public:
  /// What a load found, before anything is judged.
  void loaded(ObjectPtr object) { current_.insert(std::move(object)); }
  void loaded_revision(uint64_t highest) { revision_ = highest; }
  void reserve(size_t objects) { current_.reserve(objects); }

  /// The highest revision given so far. Grows with every commit and never goes back.
  uint64_t revision() const { return revision_; }

  /// Appends to `changes` when the mutation is committed. Deleting what is absent is a conflict. What `admit` keeps
  /// out is refused, unless it is a conflict anyway.
  MutationResult judge(const Mutation& mutation, std::vector<Change>* changes, Admit admit = Admit::everything) {
    const auto it = current_.find(KeyView(mutation.key));
    const uint64_t now = it == current_.end() ? 0 : (*it)->revision();
    const bool expected = now == mutation.expected_revision || planted(PlantedFault::lost_update);
    if (!expected || (now == 0 && !mutation.object)) return {Outcome::conflict, now};
    if (mutation.provided) {
      const auto other = current_.find(KeyView(mutation.provided->key));
      const uint64_t there = other == current_.end() ? 0 : (*other)->revision();
      if (there != mutation.provided->revision) return {Outcome::unmet};
    }
    if (admit != Admit::everything && mutation.object) {
      const bool grows = now == 0 || mutation.object->size() > (*it)->size() + kGrowthBytes;
      if (grows || admit == Admit::deletes) return {Outcome::refused, now};
    }
    Change change;
    if (now != 0) {
      change.previous = *it;
      current_.erase(it);
    }
    change.type = mutation.object ? Change::Type::put : Change::Type::deleted;
    change.object = Object::at_revision(mutation.object ? *mutation.object : *change.previous, ++revision_);
    if (mutation.object) current_.insert(change.object);
    changes->push_back(std::move(change));
    return {Outcome::committed, revision_};
  }

 private:
  absl::flat_hash_set<ObjectPtr, KeyHash, KeyEqual> current_;
  uint64_t revision_ = kFirstRevision;
};

}  // namespace kabuki::store

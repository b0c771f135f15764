#pragma once

#include <optional>
#include <vector>

#include "messages/bus/objects.pb.h"
#include "messages/result.hpp"
#include "runtime/actor.hpp"
#include "runtime/message.hpp"
#include "store/shard_state.hpp"

namespace kabuki::store {

/// A list being answered, in steps, so that a long one lets other messages through. It stays at its revision whatever
/// is committed meanwhile.
class ListJob {
 public:
  /// Error: BadRequest for a bad selection, Expired and ResourceVersionTooLarge by the revision asked for.
  static Result<ListJob> make(const bus::ListObjects& request, ShardState& state);

  /// Looks at about `scan_max` objects more; true when the list is complete.
  bool step(const ShardState& state, size_t scan_max);
  /// The answer, once complete.
  runtime::MessagePtr answer(ShardState& state);
  /// How many objects were looked at.
  size_t scanned() const { return scanned_; }

  runtime::Reply reply;

 private:
  SnapshotPtr at_;
  Selection selection_;
  std::optional<Key> start_after_;
  std::optional<Key> next_;
  size_t limit_ = 0;
  size_t scanned_ = 0;
  std::vector<ObjectPtr> objects_;
};

}  // namespace kabuki::store

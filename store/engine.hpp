#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "messages/object.hpp"
#include "messages/result.hpp"

namespace kabuki::store {

/// Where a shard begins: a revision that no change ever has. Not 0, which Kubernetes' clients read as "any".
inline constexpr uint64_t kFirstRevision = 1;

/// One life of one leader, as a Lease says it: its holder, and how often it has changed hands.
struct Term {
  std::string lease;
  std::string holder;
  uint32_t number = 0;
  bool operator==(const Term&) const = default;
};

/// Another key of the same shard, which must be at this revision (0: absent) for a change to happen.
struct Condition {
  Key key;
  uint64_t revision = 0;
};

/// One change of one key. `object` null deletes. `expected_revision` is what the key's revision must be for the
/// change to happen; 0 means the key must be absent. Whatever else is asked is judged in the same instant.
struct Mutation {
  Key key;
  uint64_t expected_revision = 0;
  ObjectPtr object;  // its revision() is ignored: the commit gives it one
  /// The change happens only while this term lasts; null: whoever leads. Engines that alone write do not look: there,
  /// one host leads everything in one life.
  std::shared_ptr<const Term> under = {};
  /// With this change the term begins that fences are compared with; null: it is no matter of leading.
  std::shared_ptr<const Term> begins = {};
  std::shared_ptr<const Condition> provided = {};
};

/// What became of one mutation. `unknown`: it may or may not be durable; only the feed will tell. Nothing was changed
/// where it is `refused`: there is no room for it; `deposed`: its term is over; `unmet`: what it was provided on is
/// not so.
enum class Outcome { committed, conflict, unknown, refused, deposed, unmet };

struct MutationResult {
  Outcome outcome = Outcome::unknown;
  uint64_t revision = 0;  // committed: the new one; conflict, refused: the key's current one (0: absent); else 0
  bool operator==(const MutationResult&) const = default;
};

/// A durable change, as it enters the visible state. Deletions carry the last version of the object, at the revision
/// of the deletion.
struct Change {
  enum class Type { put, deleted };
  Type type = Type::put;
  ObjectPtr object;
  ObjectPtr previous;  // null when created
};

/// Keeps one shard's objects durably. Asynchronous: `submit` returns at once, results come by `done` and confirmed
/// changes by the feed, both on any thread, the feed strictly in revision order and a batch's feed before its
/// `done`. Nothing is fed before it is durable. Entries of one batch are judged one by one, in order. Where others
/// write to the same data (etcd), the feed has their changes too.
class Engine {
 public:
  /// Changes up to `revision`; none when it was reached without any.
  using Feed = std::function<void(uint64_t revision, std::vector<Change> changes)>;
  using Done = std::function<void(std::vector<MutationResult>)>;
  /// The engine cannot go on (fsync failed, disk gone): the shard must stop and recover from what is durable.
  using Failed = std::function<void(Error)>;

  virtual ~Engine() = default;
  /// Reads everything back: `sink` gets every object in key order, then the highest revision ever given is returned
  /// (kFirstRevision when there was none).
  /// Refuses (with file and offset where known) what is corrupt, locked or of another format version. Called once,
  /// before start.
  virtual Result<uint64_t> load(const std::function<void(ObjectPtr)>& sink) = 0;
  virtual void start(Feed feed, Failed failed) = 0;
  virtual void submit(std::vector<Mutation> batch, Done done) = 0;
  /// Calls `done`, on any thread, with a revision that nothing acknowledged before this call, to whomever, is above:
  /// a reader whose feed has reached it reads nothing stale. Error: Unavailable when that cannot be learned now (no
  /// quorum). The default is for engines that alone write: what they acknowledged, they have fed.
  virtual void barrier(std::function<void(Result<uint64_t>)> done) { done(kFirstRevision); }
  /// What somebody is to do when changes are refused because there is no room.
  virtual std::string how_to_make_room() const { return "nothing is created until deletes have made room"; }
  /// Waits for what was submitted, then closes. No callback comes after it.
  virtual void stop() = 0;
};

}  // namespace kabuki::store

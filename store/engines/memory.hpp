#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "runtime/io/clock.hpp"
#include "runtime/io/time.hpp"
#include "store/engine.hpp"
#include "store/key_order.hpp"
#include "store/shards.hpp"

namespace kabuki::store {

/// How a MemoryMedium misbehaves.
struct MemoryFaults {
  /// A sync takes something between the two, drawn evenly. Without timers syncs take no time.
  io::Duration latency_min{0};
  io::Duration latency_max{0};
  /// Chance that a sync fails, which ends the engine.
  double sync_failure = 0;
  bool operator==(const MemoryFaults&) const = default;
};

/// The "disk" of a memory engine: what is durable. It outlives engines and their hosts' crashes. Thread-safe.
class MemoryMedium {
 public:
  void set_faults(MemoryFaults faults);
  MemoryFaults faults() const;
  /// The next sync fails, whatever the faults say.
  void fail_next_sync();

  size_t objects() const;
  /// The highest revision that is durable.
  uint64_t revision() const;

 private:
  friend class MemoryCore;
  mutable std::mutex mutex_;
  ObjectSet objects_;
  uint64_t revision_ = kFirstRevision;
  std::optional<ShardIdentity> identity_;
  bool open_ = false;
  bool fail_next_ = false;
  MemoryFaults faults_;
};

struct MemoryOptions {
  ShardIdentity identity;
  /// Null: a sync ends before `submit` returns, callbacks included.
  io::Timers* timers = nullptr;
  uint64_t seed = 0;
  /// Where an unused medium begins.
  uint64_t first_revision = kFirstRevision;
};

/// An engine over `medium`. One that is destroyed without `stop` has crashed: of what it had not acknowledged, a
/// random prefix is durable. So it is after a failed sync.
std::unique_ptr<Engine> make_memory_engine(std::shared_ptr<MemoryMedium> medium, MemoryOptions options);

}  // namespace kabuki::store

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "messages/object.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::controllers {

/// Keys to be reconciled, each at most once at a time and in order of arrival. A key that was taken is held back
/// until `finished`, whatever happens to it meanwhile; then it comes again if it was added in between. Pure: time
/// comes in.
class WorkQueue {
 public:
  /// Of the n-th failure in a row: 5 ms doubled up to 60 s.
  static io::Duration backoff(uint32_t failures);

  /// The key may need work: now, even when it was to wait.
  void add(const Key& key);
  /// The next key that is due; held back until it is finished.
  std::optional<Key> take(io::MonoTime now);
  /// Done with a taken key; `again` asks for it at that time.
  void finished(const Key& key, std::optional<io::MonoTime> again = std::nullopt);
  /// The attempt failed: it comes again after its backoff.
  void failed(const Key& key, io::MonoTime now);
  /// Failures in a row of this key.
  uint32_t failures(const Key& key) const;
  /// When the next waiting key is due; none when keys are due already or none waits.
  std::optional<io::MonoTime> next_due() const;

  bool ready(io::MonoTime now) const {
    return !ready_.empty() || (!waiting_.empty() && waiting_.begin()->first <= now);
  }
  size_t queued() const { return ready_.size(); }
  size_t held() const { return held_; }
  size_t waiting() const { return waiting_.size(); }
  size_t failing() const { return failing_; }

 private:
  enum class State : uint8_t { idle, ready, held, waiting };
  struct Entry {
    State state = State::idle;
    bool added_meanwhile = false;
    uint32_t failures = 0;
    io::MonoTime due;
  };

  void make_ready(const Key& key, Entry& entry);
  void wait_until(const Key& key, Entry& entry, io::MonoTime due);

  std::map<Key, Entry> entries_;
  std::deque<Key> ready_;
  std::set<std::pair<io::MonoTime, Key>> waiting_;
  size_t held_ = 0;
  size_t failing_ = 0;
};

}  // namespace kabuki::controllers

#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "runtime/io/clock.hpp"

namespace kabuki::io {

/// Timers on one thread of their own: a heap ordered by time, then by the order of the calls. What it runs must be
/// short. The destructor forgets what has not run and waits for what is running; not to be destroyed from a timer.
class LiveTimers final : public Timers {
 public:
  /// `clock` must outlive it and run at the speed of the system's monotonic clock.
  explicit LiveTimers(const Clock& clock);
  ~LiveTimers() override;

  Id after(Duration delay, std::function<void()> run) override;
  void cancel(Id id) override;

 private:
  struct Due {
    int64_t at = 0;
    Id id = 0;
    bool operator>(const Due& other) const { return at != other.at ? at > other.at : id > other.id; }
  };

  void loop();
  void drop_cancelled();

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Due> heap_;  // may still hold cancelled ones
  std::unordered_map<Id, std::function<void()>> waiting_;
  Id last_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace kabuki::io

#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace kabuki::store::etcd {

/// A thread that does one thing after the other, in the order posted. Outlives what posts to it by being shared.
class Loop {
 public:
  ~Loop();
  void start();
  /// Dropped when the loop has ended. From any thread.
  void post(std::function<void()> run);
  /// Ends the loop after what runs now; what is posted is dropped.
  void end();
  /// Waits for the end. Not to be called from the loop's own thread.
  void join();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace kabuki::store::etcd

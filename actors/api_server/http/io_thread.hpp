#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace kabuki::api_server::http {

class IoThread;

/// A connection as its I/O thread knows it. All calls come on that thread.
class Session {
 public:
  virtual ~Session() = default;
  /// Something was queued for it on another thread.
  virtual void pump() = 0;
  /// Once a sweep: look at the deadlines.
  virtual void sweep() = 0;
  virtual void close() = 0;
  /// The server stops: closes, after what the peer should still be told.
  virtual void shut_down() = 0;
};

/// Owns a descriptor and waits for it on an I/O thread. At most one wait of each direction at a time; destroying it
/// closes the descriptor, and waits under way never call back. Used on that thread only.
class Readiness {
 public:
  Readiness(IoThread& thread, int fd);
  ~Readiness();
  void when_readable(std::function<void()> call);
  void when_writable(std::function<void()> call);
  /// The peer has ended its direction or the connection is broken, whatever of what it sent is still to be read.
  bool peer_gone() const;
  int fd() const { return fd_; }

 private:
  struct Waiter;
  const int fd_;
  std::unique_ptr<Waiter> waiter_;
};

/// One thread that runs a reactor (Asio's) and the sessions given to it.
class IoThread : public std::enable_shared_from_this<IoThread> {
 public:
  explicit IoThread(int sweep_ms);
  ~IoThread();

  void start();
  /// Closes every session and joins the thread. Calls that come later are dropped.
  void stop();

  /// Any thread: runs `call` on this one, in order.
  void post(std::function<void()> call);
  /// Any thread: has the session pumped soon. All sessions queued until the thread wakes cost one wake-up.
  void pump(std::shared_ptr<Session> session);

  // The rest is for this thread only.
  uint64_t add(std::shared_ptr<Session> session);
  void remove(uint64_t id);
  /// Sweeps so far: the clock of all deadlines.
  int64_t sweeps() const { return sweeps_; }
  /// Called at every sweep, after the sessions.
  void on_sweep(std::function<void()> call) { on_sweep_ = std::move(call); }
  /// Room to read into; valid until the caller returns to the loop.
  std::span<char> scratch() { return scratch_; }
  /// An empty buffer that may have capacity from earlier use, and its way back.
  std::string take_buffer();
  void give_buffer(std::string buffer);

 private:
  friend class Readiness;
  struct Reactor;
  void run_pumps();
  void sweep_all();
  void schedule_sweep();

  const int sweep_ms_;
  std::unique_ptr<Reactor> reactor_;
  std::thread thread_;
  std::mutex mutex_;
  bool stopped_ = false;                         // guarded by mutex_
  std::vector<std::shared_ptr<Session>> dirty_;  // guarded by mutex_
  std::map<uint64_t, std::shared_ptr<Session>> sessions_;
  uint64_t next_id_ = 1;
  int64_t sweeps_ = 0;
  std::function<void()> on_sweep_;
  std::vector<char> scratch_;
  std::vector<std::string> buffers_;
};

}  // namespace kabuki::api_server::http

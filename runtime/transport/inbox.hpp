#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/transport/peer.hpp"

namespace kabuki::runtime {

/// The list through which other threads reach the network's thread, with an eventfd that is written only when the
/// list was empty. Outlives the network where an answer is still owed. Thread-safe.
class Inbox {
 public:
  struct Item {
    PeerPtr peer;
    std::string frame;
  };

  Inbox();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// Runs `command` on the network's thread, if that still runs.
  void post(std::function<void()> command);
  void push(PeerPtr peer, std::string frame);
  /// Readable while something waits.
  int fd() const { return fd_; }
  /// Takes everything; the vectors come back in order.
  void take(std::vector<Item>* items, std::vector<std::function<void()>>* commands);

 private:
  void wake();

  int fd_ = -1;
  std::mutex mutex_;
  std::vector<Item> items_;
  std::vector<std::function<void()>> commands_;
};

}  // namespace kabuki::runtime

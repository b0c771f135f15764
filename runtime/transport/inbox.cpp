#include "runtime/transport/inbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

namespace kabuki::runtime {

Inbox::Inbox() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Inbox::~Inbox() { ::close(fd_); }

void Inbox::wake() {
  uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] auto written = ::write(fd_, &one, sizeof one);
}

void Inbox::post(std::function<void()> command) {
  bool was_empty = false;
  {
    std::lock_guard lock(mutex_);
    was_empty = commands_.empty() && items_.empty();
    commands_.push_back(std::move(command));
  }
  if (was_empty) wake();
}

void Inbox::push(PeerPtr peer, std::string frame) {
  bool was_empty = false;
  {
    std::lock_guard lock(mutex_);
    was_empty = commands_.empty() && items_.empty();
    items_.push_back({std::move(peer), std::move(frame)});
  }
  if (was_empty) wake();
}

void Inbox::take(std::vector<Item>* items, std::vector<std::function<void()>>* commands) {
  uint64_t count = 0;
  [[maybe_unused]] auto read = ::read(fd_, &count, sizeof count);
  std::lock_guard lock(mutex_);
  items->swap(items_);
  commands->swap(commands_);
}

}  // namespace kabuki::runtime

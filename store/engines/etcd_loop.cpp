#include "store/engines/etcd_loop.hpp"

namespace kabuki::store::etcd {

Loop::~Loop() {
  end();
  join();
}

void Loop::start() {
  thread_ = std::thread([this] { run(); });
}

void Loop::post(std::function<void()> run) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  queue_.push_back(std::move(run));
  wake_.notify_one();
}

void Loop::end() {
  std::deque<std::function<void()>> dropped;
  const std::lock_guard lock(mutex_);
  ended_ = true;
  dropped.swap(queue_);
  wake_.notify_one();
}

void Loop::join() {
  if (thread_.joinable()) thread_.join();
}

void Loop::run() {
  while (true) {
    std::function<void()> next;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return ended_ || !queue_.empty(); });
      if (ended_) return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next();
  }
}

}  // namespace kabuki::store::etcd

#include "actors/api_server/http/io_thread.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <poll.h>

namespace kabuki::api_server::http {
namespace {

namespace asio = boost::asio;

constexpr size_t kScratchBytes = 64 * 1024;
constexpr size_t kPooledBuffers = 64;
constexpr size_t kPooledBufferBytes = 256 * 1024;

}  // namespace

struct IoThread::Reactor {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer timer{context};
};

struct Readiness::Waiter {
  asio::posix::stream_descriptor descriptor;
};

Readiness::Readiness(IoThread& thread, int fd)
    : fd_(fd), waiter_(new Waiter{asio::posix::stream_descriptor(thread.reactor_->context, fd)}) {}
Readiness::~Readiness() = default;

void Readiness::when_readable(std::function<void()> call) {
  waiter_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [call = std::move(call)](const boost::system::error_code& error) {
                                   if (!error) call();
                                 });
}

void Readiness::when_writable(std::function<void()> call) {
  waiter_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                 [call = std::move(call)](const boost::system::error_code& error) {
                                   if (!error) call();
                                 });
}

bool Readiness::peer_gone() const {
  pollfd look = {.fd = fd_, .events = POLLRDHUP, .revents = 0};
  return ::poll(&look, 1, 0) > 0;
}

IoThread::IoThread(int sweep_ms)
    : sweep_ms_(sweep_ms), reactor_(std::make_unique<Reactor>()), scratch_(kScratchBytes) {}

IoThread::~IoThread() { stop(); }

void IoThread::start() {
  schedule_sweep();
  thread_ = std::thread([this] { reactor_->context.run(); });
}

void IoThread::stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  if (!thread_.joinable()) return;
  asio::post(reactor_->context, [this] {
    while (!sessions_.empty()) {
      auto session = sessions_.begin()->second;
      session->shut_down();
    }
    on_sweep_ = nullptr;
    reactor_->timer.cancel();
    reactor_->work.reset();
  });
  thread_.join();
  std::lock_guard lock(mutex_);
  dirty_.clear();
}

void IoThread::post(std::function<void()> call) {
  std::lock_guard lock(mutex_);
  if (!stopped_) asio::post(reactor_->context, std::move(call));
}

void IoThread::pump(std::shared_ptr<Session> session) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  dirty_.push_back(std::move(session));
  if (dirty_.size() == 1) asio::post(reactor_->context, [this] { run_pumps(); });
}

void IoThread::run_pumps() {
  std::vector<std::shared_ptr<Session>> sessions;
  {
    std::lock_guard lock(mutex_);
    sessions.swap(dirty_);
  }
  for (auto& session : sessions) session->pump();
}

void IoThread::schedule_sweep() {
  reactor_->timer.expires_after(std::chrono::milliseconds(sweep_ms_));
  reactor_->timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) sweep_all();
  });
}

void IoThread::sweep_all() {
  ++sweeps_;
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    auto session = (it++)->second;  // it may close and so remove itself
    session->sweep();
  }
  if (on_sweep_) on_sweep_();
  if (!reactor_->work.owns_work()) return;
  schedule_sweep();
}

uint64_t IoThread::add(std::shared_ptr<Session> session) {
  sessions_.emplace(next_id_, std::move(session));
  return next_id_++;
}

void IoThread::remove(uint64_t id) { sessions_.erase(id); }

std::string IoThread::take_buffer() {
  if (buffers_.empty()) return {};
  std::string out = std::move(buffers_.back());
  buffers_.pop_back();
  return out;
}

void IoThread::give_buffer(std::string buffer) {
  if (buffers_.size() >= kPooledBuffers || buffer.capacity() < 1024 || buffer.capacity() > kPooledBufferBytes) return;
  buffer.clear();
  buffers_.push_back(std::move(buffer));
}

}  // namespace kabuki::api_server::http

#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "actors/api_server/http/certificates.hpp"
#include "actors/api_server/http/server.hpp"
#include "tests/actors/api_server/http/http_client.hpp"

namespace kabuki::test {

/// A server on a free port. Requests below /echo are answered at once with method, path, query and body; all others
/// wait until the test takes them.
class HttpServer {
 public:
  explicit HttpServer(api_server::http::ServerOptions options = {})
      : server_(std::move(options),
                [this](auto request, auto sink) { handle(std::move(request), std::move(sink)); }) {
    started_ = server_.start().ok();
  }

  struct Taken {
    api_server::http::Request request;
    std::shared_ptr<api_server::http::ResponseSink> sink;
  };
  /// The next request that waits; one without a sink after ten seconds.
  Taken take() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, std::chrono::seconds(10), [&] { return !taken_.empty(); })) return {};
    Taken out = std::move(taken_.front());
    taken_.pop_front();
    return out;
  }
  uint16_t port() const { return server_.port(); }
  bool started() const { return started_; }
  api_server::http::Server& server() { return server_; }

 private:
  void handle(api_server::http::Request request, std::shared_ptr<api_server::http::ResponseSink> sink) {
    if (request.path.starts_with("/echo")) {
      std::string body = request.method + " " + request.path;
      for (const auto& [name, value] : request.query) body += " " + name + "=" + value;
      body += " [" + request.body + "]";
      sink->respond(200, {{"Content-Type", "text/plain"}}, std::move(body));
      return;
    }
    std::lock_guard lock(mutex_);
    taken_.push_back({std::move(request), std::move(sink)});
    arrived_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Taken> taken_;
  bool started_ = false;
  api_server::http::Server server_;  // last: its threads call handle()
};

/// A one-time signal that a test waits for.
class Signal {
 public:
  void set() {
    std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool is_set() {
    std::lock_guard lock(mutex_);
    return set_;
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

}  // namespace kabuki::test

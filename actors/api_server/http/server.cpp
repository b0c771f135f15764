#include "actors/api_server/http/server.hpp"

#include <csignal>
#include <unistd.h>

#include "actors/api_server/http/h1_session.hpp"
#include "actors/api_server/http/io_thread.hpp"
#include "actors/api_server/http/listener.hpp"

namespace kabuki::api_server::http {

struct Server::State {
  ServerOptions options;
  std::shared_ptr<ServerContext> context;
  std::vector<std::shared_ptr<IoThread>> threads;
  std::shared_ptr<Listener> listener;
  uint16_t port = 0;
  size_t next_thread = 0;

  void accepted(int fd) {
    if (context->connections >= options.limits.connections_max) {
      ::close(fd);
      return;
    }
    auto thread = threads[next_thread++ % threads.size()];
    if (thread == threads.front()) return H1Session::start(thread, context, fd);
    // A thread that is being stopped drops the call; the socket must not stay open then.
    auto owned = std::shared_ptr<int>(new int(fd), [](int* left) {
      if (*left >= 0) ::close(*left);
      delete left;
    });
    thread->post(
        [thread, context = context, owned] { H1Session::start(thread, context, std::exchange(*owned, -1)); });
  }
};

Server::Server(ServerOptions options, Handler handler) : state_(std::make_unique<State>()) {
  state_->context = std::make_shared<ServerContext>();
  state_->context->limits = options.limits;
  state_->context->handler = std::move(handler);
  state_->context->tls = options.tls;
  state_->context->plain_identity = options.plain_identity;
  state_->options = std::move(options);
}

Server::~Server() { stop(); }

Result<> Server::start() {
  auto socket = listen_on(state_->options.address, state_->options.port);
  if (!socket.ok()) return socket.error();
  state_->port = socket->port;
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
  for (int i = 0; i < std::max(1, state_->options.io_threads); ++i) {
    state_->threads.push_back(std::make_shared<IoThread>(state_->options.limits.sweep_ms));
  }
  auto& first = state_->threads.front();
  state_->listener =
      std::make_shared<Listener>(*first, socket->fd, [state = state_.get()](int fd) { state->accepted(fd); });
  first->on_sweep([listener = state_->listener] { listener->sweep(); });
  for (auto& thread : state_->threads) thread->start();
  first->post([listener = state_->listener] { listener->start(); });
  return Ok{};
}

uint16_t Server::port() const { return state_->port; }

size_t Server::connections() const { return state_->context->connections; }

void Server::stop() {
  if (state_->threads.empty()) return;
  state_->threads.front()->post([listener = state_->listener] { listener->stop(); });
  for (auto& thread : state_->threads) thread->stop();
  state_->listener.reset();
  state_->threads.clear();
}

}  // namespace kabuki::api_server::http

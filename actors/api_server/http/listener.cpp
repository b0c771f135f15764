#include "actors/api_server/http/listener.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kabuki::api_server::http {
namespace {

constexpr int kBacklog = 4096;
constexpr int kInlineAccepts = 64;
// A client that vanished without a word is asked for after a minute, and given up after another.
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 15;
constexpr int kKeepAliveProbes = 4;

Error cannot_listen(const std::string& address, uint16_t port, int error) {
  Error out;
  std::string place = address + ":" + std::to_string(port);
  out.message = "cannot listen on " + place + ": ";
  switch (error) {
    case EADDRINUSE:
      out.message += "another program listens there. Stop it (\"ss -ltnp\" names it) or choose another port.";
      break;
    case EADDRNOTAVAIL:
      out.message += "this machine does not have that address. Choose one it has.";
      break;
    case EACCES:
      out.message += "ports below 1024 need root. Choose a higher one.";
      break;
    case EINVAL:
      out.message += "not a numeric address. Give one such as 127.0.0.1 or ::1.";
      break;
    default:
      out.message += std::strerror(error);
  }
  return out;
}

void set_options(int fd) {
  const auto set = [fd](int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

}  // namespace

Result<ListeningSocket> listen_on(const std::string& address, uint16_t port) {
  std::string numeric = address == "localhost" ? "127.0.0.1" : address;
  sockaddr_in6 six{};
  sockaddr_in four{};
  sockaddr* where = nullptr;
  socklen_t size = 0;
  if (inet_pton(AF_INET, numeric.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    where = reinterpret_cast<sockaddr*>(&four);
    size = sizeof four;
  } else if (inet_pton(AF_INET6, numeric.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    where = reinterpret_cast<sockaddr*>(&six);
    size = sizeof six;
  } else {
    return cannot_listen(address, port, EINVAL);
  }
  int fd = ::socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return cannot_listen(address, port, errno);
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, where, size) != 0 || ::listen(fd, kBacklog) != 0) {
    int error = errno;
    ::close(fd);
    return cannot_listen(address, port, error);
  }
  ::getsockname(fd, where, &size);
  return ListeningSocket{fd, ntohs(where->sa_family == AF_INET ? four.sin_port : six.sin6_port)};
}

Listener::Listener(IoThread& thread, int fd, std::function<void(int fd)> accepted)
    : socket_(thread, fd), accepted_(std::move(accepted)) {}

void Listener::start() {
  if (waiting_ || stopped_) return;
  waiting_ = true;
  socket_.when_readable([self = shared_from_this()] {
    self->waiting_ = false;
    self->accept_some();
  });
}

void Listener::stop() {
  stopped_ = true;
  ::shutdown(socket_.fd(), SHUT_RDWR);  // ends the wait, whose callback sees stopped_
}

void Listener::sweep() { start(); }

void Listener::accept_some() {
  for (int i = 0; i < kInlineAccepts && !stopped_; ++i) {
    int fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return;  // sweep() goes on
      break;
    }
    set_options(fd);
    accepted_(fd);
  }
  start();
}

}  // namespace kabuki::api_server::http

#include "tools/benchmarks/https_load.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "messages/status.hpp"
#include "runtime/io/live_clock.hpp"

namespace kabuki::bench {
namespace {

using Tls = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

Error tls_error(const std::string& doing) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return unavailable(doing + ": " + text);
}

/// A ConfigMap of about `bytes` as JSON, or the path that reads it again.
std::string request_of(const HttpsLoadOptions& options, const std::string& name) {
  const std::string path = "/api/v1/namespaces/default/configmaps";
  const std::string host = "\r\nhost: " + options.host + "\r\n";
  if (options.read) return "GET " + path + "/" + name + " HTTP/1.1" + host + "\r\n";
  std::string body =
      R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":")" + name + R"("},"data":{"value":")";
  for (size_t i = 0; body.size() + 3 < options.bytes; ++i) body += static_cast<char>('a' + i * 7 % 26);
  body += "\"}}";
  return "POST " + path + " HTTP/1.1" + host +
         "content-type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// One connection that has one request under way at a time.
class Connection {
 public:
  Connection(SSL_CTX* tls, int socket) : socket_(socket), ssl_(SSL_new(tls), SSL_free) {
    SSL_set_fd(ssl_.get(), socket);
  }
  ~Connection() { ::close(socket_); }

  int socket() const { return socket_; }
  bool handshake() { return SSL_connect(ssl_.get()) == 1; }

  bool send(const std::string& request, int64_t now) {
    began_ = now;
    in_.clear();
    // A request is far smaller than a socket's buffer, which is empty between requests.
    return SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size())) ==
           static_cast<int>(request.size());
  }

  /// The status when an answer is complete, 0 while it is not, -1 when the connection is gone.
  int receive() {
    char buffer[16 * 1024];
    int n = 0;
    while ((n = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0) in_.append(buffer, static_cast<size_t>(n));
    if (SSL_get_error(ssl_.get(), n) != SSL_ERROR_WANT_READ) return -1;
    const size_t head = in_.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    size_t length = 0;
    std::string lower = in_.substr(0, head);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    const size_t field = lower.find("content-length:");
    if (field == std::string::npos) return -1;
    const char* digits = lower.c_str() + field + std::strlen("content-length:");
    while (*digits == ' ') ++digits;
    std::from_chars(digits, lower.c_str() + lower.size(), length);
    if (in_.size() < head + 4 + length) return 0;
    int status = 0;
    std::from_chars(in_.data() + std::strlen("HTTP/1.1 "), in_.data() + head, status);
    return status;
  }
  int64_t began() const { return began_; }

 private:
  int socket_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  std::string in_;
  int64_t began_ = 0;
};

Result<Tls> tls_of(const HttpsLoadOptions& options) {
  Tls tls(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (SSL_CTX_load_verify_locations(tls.get(), options.authority.c_str(), nullptr) != 1 ||
      SSL_CTX_use_certificate_chain_file(tls.get(), options.certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls.get(), options.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return tls_error("cannot read the certificates");
  }
  SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER, nullptr);
  return tls;
}

Result<int> connect_to(const HttpsLoadOptions& options) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &found) != 0) {
    return unavailable("cannot resolve " + options.host);
  }
  const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(socket, found->ai_addr, found->ai_addrlen) == 0;
  ::freeaddrinfo(found);
  if (!connected) return unavailable("cannot connect to " + options.host + ":" + std::to_string(options.port));
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace

Result<HttpsLoadResult> run_https_load(const HttpsLoadOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  auto tls = tls_of(options);
  if (!tls) return tls.error();
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Connection>> connections;
  for (size_t i = 0; i < options.connections; ++i) {
    auto socket = connect_to(options);
    if (!socket) return socket.error();
    auto& connection = connections.emplace_back(std::make_unique<Connection>(tls->get(), *socket));
    if (!connection->handshake()) return tls_error("the handshake failed");
    ::fcntl(*socket, F_SETFL, O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, *socket, &event);
  }
  const io::LiveClock clock;
  const std::string run = options.run.empty() ? "load-" + std::to_string(clock.wall().ns) : options.run;
  HttpsLoadResult result;
  result.run = run;
  size_t next = 0;
  const auto send = [&](Connection& connection) {
    const size_t number = options.read && options.names > 0 ? next++ % options.names : next++;
    return connection.send(request_of(options, run + "-" + std::to_string(number)), clock.mono().ns);
  };
  const int64_t began = clock.mono().ns;
  const int64_t end = began + static_cast<int64_t>(options.seconds * 1e9);
  for (auto& connection : connections) {
    if (!send(*connection)) return tls_error("cannot send");
  }
  size_t under_way = connections.size();
  std::vector<int64_t> latencies;
  std::vector<epoll_event> ready(connections.size());
  while (under_way > 0) {
    const int n = ::epoll_wait(poll, ready.data(), static_cast<int>(ready.size()), 10'000);
    if (n <= 0) return timed_out("the server answers no more");
    for (int i = 0; i < n; ++i) {
      Connection& connection = *connections[ready[i].data.u64];
      const int status = connection.receive();
      if (status == 0) continue;
      if (status < 0) return unavailable("the server closed a connection");
      const int64_t now = clock.mono().ns;
      latencies.push_back(now - connection.began());
      ++(status == (options.read ? 200 : 201) ? result.done : result.refused);
      if (now >= end) {
        --under_way;
      } else if (!send(connection)) {
        return tls_error("cannot send");
      }
    }
  }
  ::close(poll);
  result.seconds = static_cast<double>(clock.mono().ns - began) * 1e-9;
  std::sort(latencies.begin(), latencies.end());
  result.p50_ms = static_cast<double>(latencies[latencies.size() / 2]) * 1e-6;
  result.p99_ms = static_cast<double>(latencies[latencies.size() * 99 / 100]) * 1e-6;
  return result;
}

}  // namespace kabuki::bench

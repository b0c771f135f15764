#include "tests/actors/api_server/http/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "actors/api_server/http/openssl.hpp"

namespace kabuki::test {

using namespace api_server::http;  // NOLINT: OpenSSL's owners

std::string HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

HttpClient::HttpClient(uint16_t port, std::string authority_pem, std::string certificate_pem, std::string key_pem,
                       int receive_buffer) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{10, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (receive_buffer) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
  if (authority_pem.empty()) return;
  context_ = SSL_CTX_new(TLS_client_method());
  auto authority = read_certificate_pem(authority_pem);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority.get());
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  if (!certificate_pem.empty()) {
    SSL_CTX_use_certificate(context_, read_certificate_pem(certificate_pem).get());
    SSL_CTX_use_PrivateKey(context_, read_key_pem(key_pem).get());
  }
  ssl_ = SSL_new(context_);
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), "127.0.0.1");
  SSL_set_fd(ssl_, fd_);
  connected_ = SSL_connect(ssl_) == 1;
}

HttpClient::~HttpClient() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  ::close(fd_);
}

void HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                     : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void HttpClient::end_sending() {
  if (ssl_) SSL_shutdown(ssl_);
  ::shutdown(fd_, SHUT_WR);
}

bool HttpClient::fill() {
  char buffer[16 * 1024];
  ssize_t n = ssl_ ? SSL_read(ssl_, buffer, sizeof buffer) : ::recv(fd_, buffer, sizeof buffer, 0);
  if (n <= 0) return false;
  in_.append(buffer, static_cast<size_t>(n));
  return true;
}

std::string HttpClient::receive_some() {
  if (in_.empty()) fill();
  return std::exchange(in_, {});
}

std::string HttpClient::receive_all() {
  while (fill()) {
  }
  return std::exchange(in_, {});
}

std::optional<std::string> HttpClient::line() {
  size_t end = 0;
  while ((end = in_.find("\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  std::string out = in_.substr(0, end);
  in_.erase(0, end + 2);
  return out;
}

std::optional<std::string> HttpClient::bytes(size_t n) {
  while (in_.size() < n) {
    if (!fill()) return std::nullopt;
  }
  std::string out = in_.substr(0, n);
  in_.erase(0, n);
  return out;
}

std::optional<HttpResponse> HttpClient::response_head() {
  auto first = line();
  if (!first || first->size() < 12) return std::nullopt;
  HttpResponse out;
  out.status = std::stoi(first->substr(9, 3));
  while (true) {
    auto next = line();
    if (!next) return std::nullopt;
    if (next->empty()) return out;
    size_t colon = next->find(": ");
    std::string name = next->substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out.headers.emplace_back(name, next->substr(colon + 2));
  }
}

std::optional<std::string> HttpClient::chunk() {
  auto size = line();
  if (!size) return std::nullopt;
  auto data = bytes(std::stoul(*size, nullptr, 16));
  if (!data || !line()) return std::nullopt;
  return data;
}

std::optional<HttpResponse> HttpClient::response(bool of_head) {
  auto out = response_head();
  if (!out || of_head) return out;
  if (out->header("transfer-encoding") == "chunked") {
    while (true) {
      auto piece = chunk();
      if (!piece) return std::nullopt;
      if (piece->empty()) return out;
      out->body += *piece;
    }
  }
  if (out->header("content-length").empty()) return out;
  auto body = bytes(std::stoul(out->header("content-length")));
  if (!body) return std::nullopt;
  out->body = *body;
  return out;
}

}  // namespace kabuki::test

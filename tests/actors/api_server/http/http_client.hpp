#pragma once

#include <cstdint>
#include <openssl/types.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kabuki::test {

/// A response as it came over the socket.
struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::string header(std::string_view name) const;
};

/// A blocking HTTP/1.1 client that sends exactly what it is told. Every wait ends after ten seconds.
class HttpClient {
 public:
  /// Plain, or over TLS when `authority_pem` is given; then with a client certificate when that is given too.
  explicit HttpClient(uint16_t port, std::string authority_pem = {}, std::string certificate_pem = {},
                      std::string key_pem = {}, int receive_buffer = 0);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// The TLS handshake went through (plain: connected).
  bool connected() const { return connected_; }
  void send(std::string_view bytes);
  /// Ends this side's direction.
  void end_sending();
  /// Whatever comes next; "" when the server closed.
  std::string receive_some();
  /// Everything until the server closes.
  std::string receive_all();
  /// The next response; none when the connection closes before its end.
  std::optional<HttpResponse> response(bool of_head = false);
  /// The next chunk of a chunked response whose head was read by response_head; "" is the last one.
  std::optional<HttpResponse> response_head();
  std::optional<std::string> chunk();

 private:
  bool fill();
  std::optional<std::string> line();
  std::optional<std::string> bytes(size_t n);

  int fd_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  std::string in_;
};

}  // namespace kabuki::test

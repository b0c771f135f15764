#include <cerrno>
#include <sys/socket.h>

#include "actors/api_server/http/transport.hpp"

namespace kabuki::api_server::http {
namespace {

class PlainTransport final : public Transport {
 public:
  PlainTransport(int fd, Identity identity) : fd_(fd), identity_(std::move(identity)) {}

  Io handshake() override { return Io::ok; }

  Io read(char* data, size_t size, size_t* got) override {
    ssize_t n = ::recv(fd_, data, size, 0);
    if (n > 0) {
      *got = static_cast<size_t>(n);
      return Io::ok;
    }
    if (n == 0) return Io::ended;
    return errno == EAGAIN || errno == EINTR ? Io::want_read : Io::broken;
  }

  Io write(const char* data, size_t size, size_t* put) override {
    ssize_t n = ::send(fd_, data, size, MSG_NOSIGNAL);
    if (n >= 0) {
      *put = static_cast<size_t>(n);
      return Io::ok;
    }
    return errno == EAGAIN || errno == EINTR ? Io::want_write : Io::broken;
  }

  void end_writing() override { ::shutdown(fd_, SHUT_WR); }
  Identity identity() const override { return identity_; }

 private:
  const int fd_;
  const Identity identity_;
};

}  // namespace

std::unique_ptr<Transport> plain_transport(int fd, Identity identity) {
  return std::make_unique<PlainTransport>(fd, std::move(identity));
}

}  // namespace kabuki::api_server::http

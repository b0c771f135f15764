#pragma once

#include <cstddef>
#include <memory>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/http/tls_context.hpp"

namespace kabuki::api_server::http {

/// What became of a step on a non-blocking connection: done, come back when readable or writable, the peer ended
/// its direction, or the connection is broken.
enum class Io { ok, want_read, want_write, ended, broken };

/// Bytes over one non-blocking socket, in the clear or under TLS. Used by one thread at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual Io handshake() = 0;
  /// Reads at most `size` bytes; `*got` is set when ok.
  virtual Io read(char* data, size_t size, size_t* got) = 0;
  /// Writes at most `size` bytes; `*put` is set when ok. After want_* the next call must bring the same bytes.
  virtual Io write(const char* data, size_t size, size_t* put) = 0;
  /// Tells the peer that nothing follows; reading goes on.
  virtual void end_writing() = 0;
  /// Whom the connection belongs to. After the handshake.
  virtual Identity identity() const = 0;
};

/// `fd` stays the caller's. Plain connections belong to `identity`.
std::unique_ptr<Transport> plain_transport(int fd, Identity identity);
std::unique_ptr<Transport> tls_transport(int fd, const TlsContext& context);

}  // namespace kabuki::api_server::http

#pragma once

#include <memory>
#include <openssl/types.h>
#include <string>

#include "messages/result.hpp"

namespace kabuki::api_server::http {

/// A server's TLS settings: TLS 1.2 and 1.3, its certificate, and the authority whose client certificates it
/// accepts. A client without a certificate is let in, one with a certificate of somebody else's is not. Immutable;
/// thread-safe.
class TlsContext {
 public:
  /// All PEM. `client_authority` may be empty: then no client certificate is asked for. Error: internal error that
  /// says which part OpenSSL refused and why.
  static Result<std::shared_ptr<TlsContext>> make(const std::string& certificate_pem, const std::string& key_pem,
                                                  const std::string& client_authority_pem);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  SSL_CTX* get() const { return context_; }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  SSL_CTX* context_;
};

}  // namespace kabuki::api_server::http

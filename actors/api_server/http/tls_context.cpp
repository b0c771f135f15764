#include "actors/api_server/http/tls_context.hpp"

#include <openssl/ssl.h>

#include "actors/api_server/http/openssl.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server::http {
namespace {

// Only HTTP/1.1 is spoken here; clients that offer h2 too settle for it.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  auto** chosen = const_cast<unsigned char**>(out);
  int found = SSL_select_next_proto(chosen, out_size, kOurs, sizeof kOurs - 1, offered, offered_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

Error refused(std::string_view what) {
  return internal_error("the server's " + std::string(what) + " cannot be used: " + openssl_error());
}

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<TlsContext>> TlsContext::make(const std::string& certificate_pem, const std::string& key_pem,
                                                     const std::string& client_authority_pem) {
  std::shared_ptr<TlsContext> out(new TlsContext(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* context = out->context_;
  if (!context) return refused("TLS library");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Clients keep connections; resuming sessions would buy little and would have to carry the client's certificate.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);

  auto certificate = read_certificate_pem(certificate_pem);
  if (!certificate || SSL_CTX_use_certificate(context, certificate.get()) != 1) return refused("certificate");
  auto key = read_key_pem(key_pem);
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return refused("private key");
  if (!client_authority_pem.empty()) {
    auto authority = read_certificate_pem(client_authority_pem);
    if (!authority || X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return refused("client authority");
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  return out;
}

}  // namespace kabuki::api_server::http

#pragma once

#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string>
#include <string_view>

namespace kabuki::api_server::http {

/// Frees an OpenSSL object with the function that belongs to its type.
struct Freed {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Freed>;

inline Owned<BIO> read_only(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Null when `pem` holds no certificate.
inline Owned<X509> read_certificate_pem(std::string_view pem) {
  auto bio = read_only(pem);
  return Owned<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

/// Null when `pem` holds no private key (or an encrypted one: nobody is asked for a password).
inline Owned<EVP_PKEY> read_key_pem(std::string_view pem) {
  auto bio = read_only(pem);
  auto no_password = [](char*, int, int, void*) { return 0; };
  return Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
}

/// Takes OpenSSL's last error of this thread off its queue, as text.
inline std::string openssl_error() {
  char text[256] = "unknown OpenSSL error";
  unsigned long code = ERR_get_error();
  if (code) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

}  // namespace kabuki::api_server::http

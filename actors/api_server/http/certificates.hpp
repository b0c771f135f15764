#pragma once

#include <array>
#include <string>
#include <vector>

#include "messages/result.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server::http {

/// A certificate and its private key, both PEM (EC P-256, the key as PKCS#8). Who writes the key to a file gives it
/// mode 0600.
struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};

/// A certificate's serial number: 16 random bytes of the caller's. One authority must never see the same twice.
using Serial = std::array<unsigned char, 16>;

/// From when until when a certificate holds. Whole seconds count.
struct Validity {
  io::WallTime from;
  io::WallTime until;
};

/// A new, self-signed authority. Keys come from OpenSSL's own generator, never from a seed.
Result<KeyPair> make_authority(const std::string& common_name, const Serial& serial, const Validity& validity);

/// A server certificate for localhost, 127.0.0.1, ::1, the names and the address of Service default/kubernetes, and
/// `more_names`, each a DNS name or a numeric address.
Result<KeyPair> make_server_certificate(const KeyPair& authority, const std::vector<std::string>& more_names,
                                        const Serial& serial, const Validity& validity);

/// A client certificate: `user` is its CN, `groups` its O. Administrators are in system:masters.
Result<KeyPair> make_client_certificate(const KeyPair& authority, const std::string& user,
                                        const std::vector<std::string>& groups, const Serial& serial,
                                        const Validity& validity);

/// What a certificate says.
struct CertificateInfo {
  std::string user;
  std::vector<std::string> groups;
  std::vector<std::string> names;  // DNS names and addresses, in the certificate's order
  io::WallTime from;
  io::WallTime until;
  bool authority = false;
};
Result<CertificateInfo> read_certificate(const std::string& certificate_pem);

/// Checks a pair that was read from files: both parse and belong together. Error: says which part is wrong.
Result<> check_key_pair(const KeyPair& pair);
/// Checks that `certificate_pem` was signed by `authority_pem`.
Result<> check_signed_by(const std::string& certificate_pem, const std::string& authority_pem);

}  // namespace kabuki::api_server::http

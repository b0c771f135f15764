#include "actors/api_server/http/certificates.hpp"

#include <arpa/inet.h>
#include <ctime>

#include "actors/api_server/http/identity.hpp"
#include "actors/api_server/http/openssl.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server::http {
namespace {

// The first address of the service range, which Service default/kubernetes has.
constexpr const char* kFixedNames[] = {
    "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
    "127.0.0.1", "::1",        "10.96.0.1"};

Error failed(std::string_view what) {
  return internal_error("cannot make a certificate: " + std::string(what) + ": " + openssl_error());
}

bool is_address(const std::string& name) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, name.c_str(), bytes) == 1 || inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

std::string to_pem(X509* certificate) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

std::string to_pem(EVP_PKEY* key) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

/// All that differs between an authority's, a server's and a client's certificate.
struct Template {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::pair<int, std::string>> extensions;
};

bool add_entry(X509_NAME* name, const char* field, const std::string& value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool set_serial(X509* certificate, Serial serial) {
  serial[0] = (serial[0] & 0x7f) | 0x40;  // positive, and of full length
  Owned<BIGNUM> number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, const Validity& validity) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), validity.from.seconds()) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), validity.until.seconds()) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Result<KeyPair> issue(const Template& wanted, const KeyPair* authority, const Serial& serial,
                      const Validity& validity) {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  Owned<X509> certificate(X509_new());
  if (!key || !certificate) return failed("no key");
  Owned<X509> issuer;
  Owned<EVP_PKEY> issuer_key;
  if (authority) {
    issuer = read_certificate_pem(authority->certificate_pem);
    if (!issuer) return failed("the authority's certificate");
    issuer_key = read_key_pem(authority->key_pem);
    if (!issuer_key) return failed("the authority's key");
  }
  X509* issued_by = authority ? issuer.get() : certificate.get();

  X509_set_version(certificate.get(), X509_VERSION_3);
  if (!set_serial(certificate.get(), serial)) return failed("serial number");
  if (!set_validity(certificate.get(), validity)) return failed("validity");
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  for (const std::string& organization : wanted.organizations) {
    if (!add_entry(subject, "O", organization)) return failed("group \"" + organization + "\"");
  }
  if (!add_entry(subject, "CN", wanted.common_name)) return failed("name \"" + wanted.common_name + "\"");
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issued_by));
  X509_set_pubkey(certificate.get(), key.get());
  for (const auto& [nid, value] : wanted.extensions) {
    if (!add_extension(certificate.get(), issued_by, nid, value)) return failed(value);
  }
  if (X509_sign(certificate.get(), authority ? issuer_key.get() : key.get(), EVP_sha256()) == 0) {
    return failed("signature");
  }
  return KeyPair{to_pem(certificate.get()), to_pem(key.get())};
}

io::WallTime to_wall(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return {static_cast<int64_t>(timegm(&parts)) * 1'000'000'000};
}

std::vector<std::string> alternative_names(X509* certificate) {
  std::vector<std::string> out;
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    const ASN1_STRING* text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    const auto* data = ASN1_STRING_get0_data(text);
    int size = ASN1_STRING_length(text);
    if (name->type == GEN_DNS) {
      out.emplace_back(reinterpret_cast<const char*>(data), size);
    } else if (name->type == GEN_IPADD) {
      char printed[INET6_ADDRSTRLEN] = "";
      inet_ntop(size == 4 ? AF_INET : AF_INET6, data, printed, sizeof printed);
      out.emplace_back(printed);
    }
  }
  GENERAL_NAMES_free(names);
  return out;
}

}  // namespace

Result<KeyPair> make_authority(const std::string& common_name, const Serial& serial, const Validity& validity) {
  Template wanted{common_name,
                  {},
                  {{NID_basic_constraints, "critical,CA:TRUE"},
                   {NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature"},
                   {NID_subject_key_identifier, "hash"}}};
  return issue(wanted, nullptr, serial, validity);
}

Result<KeyPair> make_server_certificate(const KeyPair& authority, const std::vector<std::string>& more_names,
                                        const Serial& serial, const Validity& validity) {
  std::vector<std::string> names(std::begin(kFixedNames), std::end(kFixedNames));
  for (const std::string& name : more_names) {
    // A comma would begin another entry of OpenSSL's list.
    if (name.empty() || name.find_first_of(",:\n ") != std::string::npos) {
      if (!is_address(name)) return bad_request("\"" + name + "\" is neither a DNS name nor an address");
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::string listed;
  for (const std::string& name : names) {
    if (!listed.empty()) listed += ',';
    listed += (is_address(name) ? "IP:" : "DNS:") + name;
  }
  Template wanted{"kube-apiserver",
                  {},
                  {{NID_basic_constraints, "critical,CA:FALSE"},
                   {NID_key_usage, "critical,digitalSignature"},
                   {NID_ext_key_usage, "serverAuth"},
                   {NID_authority_key_identifier, "keyid"},
                   {NID_subject_alt_name, listed}}};
  return issue(wanted, &authority, serial, validity);
}

Result<KeyPair> make_client_certificate(const KeyPair& authority, const std::string& user,
                                        const std::vector<std::string>& groups, const Serial& serial,
                                        const Validity& validity) {
  Template wanted{user,
                  groups,
                  {{NID_basic_constraints, "critical,CA:FALSE"},
                   {NID_key_usage, "critical,digitalSignature"},
                   {NID_ext_key_usage, "clientAuth"},
                   {NID_authority_key_identifier, "keyid"}}};
  return issue(wanted, &authority, serial, validity);
}

Result<CertificateInfo> read_certificate(const std::string& certificate_pem) {
  auto certificate = read_certificate_pem(certificate_pem);
  if (!certificate) return internal_error("not a PEM certificate: " + openssl_error());
  Identity identity = identity_of(certificate.get());
  CertificateInfo out;
  if (!identity.anonymous()) {
    out.user = identity.user;
    out.groups = identity.groups;
    out.groups.pop_back();  // system:authenticated, which no certificate says
  }
  out.names = alternative_names(certificate.get());
  out.from = to_wall(X509_get0_notBefore(certificate.get()));
  out.until = to_wall(X509_get0_notAfter(certificate.get()));
  out.authority = X509_check_ca(certificate.get()) == 1;
  return out;
}

Result<> check_key_pair(const KeyPair& pair) {
  auto certificate = read_certificate_pem(pair.certificate_pem);
  if (!certificate) return internal_error("not a PEM certificate: " + openssl_error());
  auto key = read_key_pem(pair.key_pem);
  if (!key) return internal_error("not a PEM private key without a password: " + openssl_error());
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return internal_error("the certificate and the private key do not belong together");
  }
  return Ok{};
}

Result<> check_signed_by(const std::string& certificate_pem, const std::string& authority_pem) {
  auto certificate = read_certificate_pem(certificate_pem);
  auto authority = read_certificate_pem(authority_pem);
  if (!certificate || !authority) return internal_error("not a PEM certificate: " + openssl_error());
  if (X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) != 1) {
    ERR_clear_error();
    return internal_error("the certificate was signed by another authority");
  }
  return Ok{};
}

}  // namespace kabuki::api_server::http

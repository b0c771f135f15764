#include "actors/api_server/http/identity.hpp"

#include <openssl/x509.h>

namespace kabuki::api_server::http {
namespace {

std::vector<std::string> subject_entries(X509* certificate, int nid) {
  std::vector<std::string> out;
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (int at = X509_NAME_get_index_by_NID(subject, nid, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(subject, nid, at)) {
    unsigned char* text = nullptr;
    int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size < 0) continue;
    out.emplace_back(reinterpret_cast<char*>(text), size);
    OPENSSL_free(text);
  }
  return out;
}

}  // namespace

Identity identity_of(X509* certificate) {
  if (!certificate) return {};
  auto names = subject_entries(certificate, NID_commonName);
  if (names.empty() || names.front().empty()) return {};
  Identity out;
  out.user = names.front();
  out.groups = subject_entries(certificate, NID_organizationName);
  out.groups.emplace_back("system:authenticated");
  return out;
}

}  // namespace kabuki::api_server::http

// Source: pkg/apis/certificates/validation. What a request says in its X.509 is not read, nor its signature checked:
// signers do that, and nothing of messages/ knows certificates.
#include <array>
#include <set>
#include <string>

#include "messages/api/certificates/v1/certificate_signing_request.pb.h"
#include "messages/base64.hpp"
#include "messages/field_route.hpp"
#include "messages/validation/pem.hpp"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

using certificates::CertificateSigningRequest;
using Conditions = google::protobuf::RepeatedPtrField<certificates::CertificateSigningRequestCondition>;

constexpr std::array<std::string_view, 23> kUsages = {"any",
                                                      "cert sign",
                                                      "client auth",
                                                      "code signing",
                                                      "content commitment",
                                                      "crl sign",
                                                      "data encipherment",
                                                      "decipher only",
                                                      "digital signature",
                                                      "email protection",
                                                      "encipher only",
                                                      "ipsec end system",
                                                      "ipsec tunnel",
                                                      "ipsec user",
                                                      "key agreement",
                                                      "key encipherment",
                                                      "microsoft sgc",
                                                      "netscape sgc",
                                                      "ocsp signing",
                                                      "s/mime",
                                                      "server auth",
                                                      "signing",
                                                      "timestamping"};
constexpr int kShortestSeconds = 600;
constexpr int kDomainMost = 253;
constexpr int kPathMost = 253 + 63 + 1;

bool is_usage(std::string_view usage) { return std::find(kUsages.begin(), kUsages.end(), usage) != kUsages.end(); }

/// The first label that `check` finds wrong is the last that is told.
void check_signer_labels(std::string_view segment, NameProblems (*check)(std::string_view), const FieldPath& path,
                         Findings* findings) {
  for (size_t begin = 0; begin <= segment.size();) {
    const size_t end = std::min(segment.find('.', begin), segment.size());
    const std::string_view label = segment.substr(begin, end - begin);
    const NameProblems problems = check(label);
    for (const std::string& problem : problems) {
      findings->invalid(path, segment, "validating label \"" + std::string(label) + "\": " + problem);
    }
    if (!problems.empty()) return;
    begin = end + 1;
  }
}

void check_signer_name(std::string_view name, const FieldPath& path, Findings* findings) {
  if (name.empty()) return findings->required(path);
  if (name == "kubernetes.io/legacy-unknown") {
    return findings->invalid(path, name, "the legacy signerName is not allowed via this API version");
  }
  const size_t slash = name.find('/');
  if (slash == std::string_view::npos || name.find('/', slash + 1) != std::string_view::npos) {
    return findings->invalid(path, name,
                             "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  const std::string_view domain = name.substr(0, slash);
  if (domain.size() > kDomainMost) findings->too_long(path, kDomainMost);
  check_signer_labels(domain, check_dns1123_label, path, findings);
  if (domain.find('.') == std::string_view::npos) {
    findings->invalid(path, domain, "should be a domain with at least two segments separated by dots");
  }
  check_signer_labels(name.substr(slash + 1), check_dns1123_subdomain, path, findings);
  if (name.size() > kDomainMost + 1 + kPathMost) findings->too_long(path, kDomainMost + 1 + kPathMost);
}

void check_spec(const certificates::CertificateSigningRequestSpec& spec, Findings* findings) {
  const FieldPath path("spec");
  const auto blocks = pem_blocks(spec.request());
  if (blocks.empty() || blocks[0].type != "CERTIFICATE REQUEST") {
    std::string base64;
    append_base64(spec.request(), &base64);
    findings->invalid(path.child("request"), base64, "PEM block type must be CERTIFICATE REQUEST");
  }
  const FieldPath usages = path.child("usages");
  if (spec.usages().empty()) findings->required(usages);
  for (int i = 0; i < spec.usages_size(); ++i) {
    if (!is_usage(spec.usages(i)))
      findings->unsupported(usages.index(static_cast<size_t>(i)), spec.usages(i), kUsages);
  }
  std::set<std::string_view> seen;
  for (int i = 0; i < spec.usages_size(); ++i) {
    if (!seen.insert(spec.usages(i)).second)
      findings->duplicate(usages.index(static_cast<size_t>(i)), spec.usages(i));
  }
  check_signer_name(spec.signername(), path.child("signerName"), findings);
  if (spec.has_expirationseconds() && spec.expirationseconds() < kShortestSeconds) {
    findings->invalid(path.child("expirationSeconds"), spec.expirationseconds(),
                      "may not specify a duration less than 600 seconds (10 minutes)");
  }
}

bool decides(std::string_view type) { return type == "Approved" || type == "Denied"; }

void check_conditions(const Conditions& conditions, const FieldPath& path, Findings* findings) {
  std::set<std::string_view> seen;
  for (int i = 0; i < conditions.size(); ++i) {
    const auto& condition = conditions[i];
    const FieldPath at = path.index(static_cast<size_t>(i));
    const FieldPath type = at.child("type");
    if (condition.type().empty()) findings->required(type);
    if (decides(condition.type()) || condition.type() == "Failed") {
      findings->check_choice(at.child("status"), condition.status(), {"True"});
    } else {
      findings->check_choice(at.child("status"), condition.status(), {"False", "True", "Unknown"});
    }
    const std::string_view other = condition.type() == "Approved" ? "Denied" : "Approved";
    if (decides(condition.type()) && seen.contains(other)) {
      findings->invalid(type, condition.type(), "Approved and Denied conditions are mutually exclusive");
    }
    if (!seen.insert(condition.type()).second) findings->duplicate(type, condition.type());
  }
}

std::vector<std::string> of_type(const Conditions& conditions, std::string_view type) {
  std::vector<std::string> found;
  for (const auto& condition : conditions) {
    if (condition.type() == type) found.push_back(condition.SerializeAsString());
  }
  return found;
}

/// What was said stays said, and what decides is only /approval's to say.
void check_conditions_change(const Conditions& old, const Conditions& now, bool may_decide, const FieldPath& path,
                             Findings* findings) {
  for (const char* type : {"Approved", "Denied", "Failed"}) {
    if (of_type(now, type).size() < of_type(old, type).size()) {
      findings->forbidden(path, "updates may not remove a condition of type \"" + std::string(type) + "\"");
    }
  }
  if (may_decide) return;
  for (const char* type : {"Approved", "Denied"}) {
    const auto before = of_type(old, type), after = of_type(now, type);
    const std::string quoted = "\"" + std::string(type) + "\"";
    if (after.size() > before.size()) {
      findings->forbidden(path, "updates may not add a condition of type " + quoted);
    } else if (after.size() == before.size() && after != before) {
      findings->forbidden(path, "updates may not modify a condition of type " + quoted);
    }
  }
}

std::string certificate_problem(std::string_view text) {
  const auto blocks = pem_blocks(text);
  for (const PemBlock& block : blocks) {
    if (block.type != "CERTIFICATE") {
      return "only CERTIFICATE PEM blocks are allowed, found \"" + block.type + "\"";
    }
    if (block.has_headers) return "no PEM block headers are permitted";
  }
  return blocks.empty() ? "must contain at least one CERTIFICATE PEM block" : "";
}

}  // namespace

void check_signing_request(const CertificateSigningRequest& request, Findings* findings) {
  check_spec(request.spec(), findings);
}

void check_signing_request_change(const CertificateSigningRequest& old, const CertificateSigningRequest& now,
                                  std::string_view subresource, Findings* findings) {
  const FieldPath status("status");
  const FieldPath conditions = status.child("conditions");
  const FieldPath certificate = status.child("certificate");
  if (!same(old.status(), now.status())) check_conditions(now.status().conditions(), conditions, findings);
  const std::string& signed_text = now.status().certificate();
  const bool resigned = signed_text != old.status().certificate();
  if (resigned && !signed_text.empty()) {
    const std::string problem = certificate_problem(signed_text);
    if (!problem.empty()) findings->invalid(certificate, "<certificate data>", problem);
  }
  check_conditions_change(old.status().conditions(), now.status().conditions(), subresource == "approval", conditions,
                          findings);
  if (resigned && !old.status().certificate().empty()) {
    findings->forbidden(certificate, "updates may not modify existing certificate content");
  }
}

}  // namespace kabuki::validation

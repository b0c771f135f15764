#include <gtest/gtest.h>

#include "messages/api/batch/v1/cron_job.pb.h"
#include "messages/api/certificates/v1/certificate_signing_request.pb.h"
#include "messages/validation/pem.hpp"
#include "tests/messages/validation/expect_causes.hpp"

namespace kabuki {
namespace {

using Request = ::k8s::io::api::certificates::v1::CertificateSigningRequest;

constexpr const char* kPem = R"(-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n)";

std::string spec(const std::string& request, const std::string& signer, const std::string& rest) {
  return "metadata { name: 'x' } spec { request: '" + request + "' signerName: '" + signer + "' " + rest + " }";
}

Lines made(const std::string& text) { return created<Request>(kinds::kCertificateSigningRequest, text); }

TEST(SigningRequest, IsPemWithKnownUsagesAndAFullSignerName) {
  EXPECT_EQ(made(spec(kPem, "example.com/s", "usages: 'client auth' expirationSeconds: 600")), Lines{});
  const std::string usages = "usages: 'any'";
  EXPECT_EQ(made(spec("a", "example.com/s", usages)),
            Lines{"spec.request: Invalid value: \"YQ==\": PEM block type must be CERTIFICATE REQUEST"});
  EXPECT_EQ(made(spec("", "example.com/s", usages)),
            Lines{"spec.request: Invalid value: \"\": PEM block type must be CERTIFICATE REQUEST"});
  EXPECT_EQ(made(spec(kPem, "", usages)), Lines{"spec.signerName: Required value"});
  EXPECT_EQ(made(spec(kPem, "s", usages)), Lines{"spec.signerName: Invalid value: \"s\": must be a fully qualified "
                                                 "domain and path of the form 'example.com/signer-name'"});
  EXPECT_EQ(made(spec(kPem, "a/b", usages)),
            Lines{"spec.signerName: Invalid value: \"a\": should be a domain with at "
                  "least two segments separated by dots"});
  EXPECT_EQ(made(spec(kPem, "kubernetes.io/legacy-unknown", usages)),
            Lines{"spec.signerName: Invalid value: \"kubernetes.io/legacy-unknown\": the legacy signerName is not "
                  "allowed via this API version"});
  EXPECT_EQ(made(spec(kPem, "a.b/C", usages)).size(), 1u);
  EXPECT_EQ(
      made(spec(kPem, "a.b/c", "expirationSeconds: 599 usages: 'x' usages: 'any' usages: 'any'")),
      (Lines{"spec.usages[0]: Unsupported value: \"x\": supported values: \"any\", \"cert sign\", \"client "
             "auth\", \"code signing\", \"content commitment\", \"crl sign\", \"data encipherment\", \"decipher "
             "only\", \"digital signature\", \"email protection\", \"encipher only\", \"ipsec end system\", "
             "\"ipsec tunnel\", \"ipsec user\", \"key agreement\", \"key encipherment\", \"microsoft sgc\", "
             "\"netscape sgc\", \"ocsp signing\", \"s/mime\", \"server auth\", \"signing\", \"timestamping\"",
             "spec.usages[2]: Duplicate value: \"any\"",
             "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 "
             "minutes)"}));
  EXPECT_EQ(made(spec(kPem, "a.b/c", "")), Lines{"spec.usages: Required value"});
}

TEST(SigningRequest, IsDecidedByApprovalAloneAndOnlyOnce) {
  const std::string open = "metadata { name: 'x' }";
  const auto with = [&](const std::string& type, const std::string& status = "True") {
    return open + " status { conditions { type: '" + type + "' status: '" + status + "' } }";
  };
  const auto change = [](const std::string& old, const std::string& now, std::string_view part) {
    return updated<Request>(kinds::kCertificateSigningRequest, old, now, part);
  };
  EXPECT_EQ(change(open, with("Approved"), "approval"), Lines{});
  EXPECT_EQ(change(open, with("Failed"), "status"), Lines{});
  EXPECT_EQ(change(open, with("Approved"), "status"),
            Lines{"status.conditions: Forbidden: updates may not add a condition of type \"Approved\""});
  EXPECT_EQ(change(with("Denied"), open, "approval"),
            Lines{"status.conditions: Forbidden: updates may not remove a condition of type \"Denied\""});
  EXPECT_EQ(change(open, with("Approved", "False"), "approval"),
            Lines{"status.conditions[0].status: Unsupported value: \"False\": supported values: \"True\""});
  EXPECT_EQ(change(with("Approved"),
                   open + " status { conditions { type: 'Approved' status: 'True' } "
                          "conditions { type: 'Denied' status: 'True' } }",
                   "approval"),
            Lines{"status.conditions[1].type: Invalid value: \"Denied\": Approved and Denied conditions are mutually "
                  "exclusive"});
}

TEST(SigningRequest, ACertificateIsPemAndIsNotReplaced) {
  const std::string open = "metadata { name: 'x' }";
  const auto with = [&](const std::string& certificate) {
    return open + " status { certificate: '" + certificate + "' }";
  };
  const std::string one = R"(-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n)";
  const auto change = [](const std::string& old, const std::string& now) {
    return updated<Request>(kinds::kCertificateSigningRequest, old, now, "status");
  };
  EXPECT_EQ(change(open, with(one)), Lines{});
  EXPECT_EQ(change(open, with("x")),
            Lines{"status.certificate: Invalid value: \"<certificate data>\": must contain at "
                  "least one CERTIFICATE PEM block"});
  EXPECT_EQ(change(open, with(kPem)), Lines{"status.certificate: Invalid value: \"<certificate data>\": only "
                                            "CERTIFICATE PEM blocks are allowed, found \"CERTIFICATE REQUEST\""});
  EXPECT_EQ(change(with(one), with(one + one)),
            Lines{"status.certificate: Forbidden: updates may not modify existing certificate content"});
}

TEST(SigningRequest, PemPassesByWhatIsNoBlock) {
  const auto types = [](std::string_view text) {
    std::string found;
    for (const auto& block : validation::pem_blocks(text)) {
      found += block.type + (block.has_headers ? "+" : "") + "=" + std::to_string(block.bytes.size()) + ";";
    }
    return found;
  };
  EXPECT_EQ(types("text\n-----BEGIN A-----\nMAA=\n-----END A-----\nmore\n-----BEGIN B B-----\r\nX: "
                  "y\r\n\r\nMA\r\nA=\r\n-----END B B-----"),
            "A=2;B B+=2;");
  EXPECT_EQ(types("-----BEGIN A-----\nMAA=\n-----END B-----\n"), "");
  EXPECT_EQ(types("-----BEGIN A-----\n!\n-----END A-----\n-----BEGIN C-----\n-----END C-----\n"), "C=0;");
  EXPECT_EQ(types("-----BEGIN A-----\nMAA=\n-----BEGIN C-----\nMAA=\n-----END C-----\n"), "C=2;");
  EXPECT_EQ(types("-----BEGIN A-----"), "");
}

TEST(CronJobZone, AnUnknownZoneIsRefusedUntilItWasThereBefore) {
  // What stands there already does not stand in the way of other changes.
  const std::string start = "metadata { name: 'x' namespace: 'default' } spec { ";
  const std::string rest =
      " concurrencyPolicy: 'Allow' jobTemplate { spec { template { spec { restartPolicy: 'Never' containers { name: "
      "'c' image: 'i' } } } } } }";
  const auto cron = [&](const std::string& zone, const std::string& schedule) {
    return start + "schedule: '" + schedule + "' timeZone: '" + zone + "'" + rest;
  };
  using CronJob = ::k8s::io::api::batch::v1::CronJob;
  const Lines unknown = {"spec.timeZone: Invalid value: \"No/Where\": unknown time zone No/Where"};
  EXPECT_EQ(updated<CronJob>(kinds::kCronJob, cron("No/Where", "* * * * *"), cron("No/Where", "1 * * * *")), Lines{});
  EXPECT_EQ(updated<CronJob>(kinds::kCronJob, cron("Etc/UTC", "* * * * *"), cron("No/Where", "* * * * *")), unknown);
  EXPECT_EQ(updated<CronJob>(kinds::kCronJob, cron("No/Where", "* * * * *"), cron("Etc/UTC", "* * * * *")), Lines{});
}

}  // namespace
}  // namespace kabuki

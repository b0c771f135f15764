#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/actors/api_server/http/http_fixture.hpp"

namespace kabuki {
namespace {

using namespace api_server::http;  // NOLINT: the folder under test
using test::HttpClient;
using test::HttpServer;

// 2020 to 2120: certificates are checked against the machine's clock.
const Validity kValid{{1'577'836'800'000'000'000}, {4'733'510'400'000'000'000}};
const Validity kPast{{1'577'836'800'000'000'000}, {1'577'836'900'000'000'000}};

Serial serial(unsigned char n) { return Serial{n, 1, 2, 3}; }

struct Pki {
  KeyPair authority = *make_authority("kabuki-ca", serial(1), kValid);
  KeyPair server = *make_server_certificate(authority, {"10.1.2.3", "host-1.example"}, serial(2), kValid);
  KeyPair admin =
      *make_client_certificate(authority, "kubernetes-admin", {"system:masters", "dev"}, serial(3), kValid);

  ServerOptions options() const {
    ServerOptions out;
    out.tls = *TlsContext::make(server.certificate_pem, server.key_pem, authority.certificate_pem);
    return out;
  }
};

const Pki& pki() {
  static const Pki pki;
  return pki;
}

TEST(HttpCertificates, SayWhatTheyWereMadeFor) {
  auto authority = *read_certificate(pki().authority.certificate_pem);
  EXPECT_TRUE(authority.authority);
  EXPECT_EQ(authority.from, kValid.from);
  EXPECT_EQ(authority.until, kValid.until);
  auto server = *read_certificate(pki().server.certificate_pem);
  EXPECT_FALSE(server.authority);
  EXPECT_EQ(server.names, (std::vector<std::string>{"localhost", "kubernetes", "kubernetes.default",
                                                    "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
                                                    "127.0.0.1", "::1", "10.96.0.1", "10.1.2.3", "host-1.example"}));
  auto admin = *read_certificate(pki().admin.certificate_pem);
  EXPECT_EQ(admin.user, "kubernetes-admin");
  EXPECT_EQ(admin.groups, (std::vector<std::string>{"system:masters", "dev"}));
}

TEST(HttpCertificates, BelongToTheirKeyAndAuthority) {
  EXPECT_TRUE(check_key_pair(pki().server).ok());
  EXPECT_FALSE(check_key_pair({pki().server.certificate_pem, pki().admin.key_pem}).ok());
  EXPECT_FALSE(check_key_pair({"nonsense", pki().admin.key_pem}).ok());
  EXPECT_TRUE(check_signed_by(pki().admin.certificate_pem, pki().authority.certificate_pem).ok());
  KeyPair other = *make_authority("kabuki-ca", serial(9), kValid);
  EXPECT_FALSE(check_signed_by(pki().admin.certificate_pem, other.certificate_pem).ok());
}

TEST(HttpCertificates, RefuseNamesThatAreNone) {
  EXPECT_FALSE(make_server_certificate(pki().authority, {"a,DNS:b"}, serial(4), kValid).ok());
  EXPECT_FALSE(make_server_certificate({"x", "y"}, {}, serial(4), kValid).ok());
}

TEST(HttpTls, AClientCertificateIsTheIdentity) {
  HttpServer server(pki().options());
  HttpClient client(server.port(), pki().authority.certificate_pem, pki().admin.certificate_pem, pki().admin.key_pem);
  ASSERT_TRUE(client.connected());
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  auto taken = server.take();
  EXPECT_EQ(taken.request.identity.user, "kubernetes-admin");
  EXPECT_EQ(taken.request.identity.groups,
            (std::vector<std::string>{"system:masters", "dev", "system:authenticated"}));
  taken.sink->respond(200, {}, std::string(300'000, 'x'));
  EXPECT_EQ(client.response()->body.size(), 300'000u);
}

TEST(HttpTls, WithoutACertificateAClientIsAnonymous) {
  HttpServer server(pki().options());
  HttpClient client(server.port(), pki().authority.certificate_pem);
  ASSERT_TRUE(client.connected());
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  auto taken = server.take();
  EXPECT_TRUE(taken.request.identity.anonymous());
  EXPECT_EQ(taken.request.identity.groups, std::vector<std::string>{"system:unauthenticated"});
}

TEST(HttpTls, SomebodyElsesOrAnOldCertificateIsRefused) {
  HttpServer server(pki().options());
  KeyPair other = *make_authority("kabuki-ca", serial(9), kValid);
  KeyPair forged = *make_client_certificate(other, "kubernetes-admin", {"system:masters"}, serial(3), kValid);
  KeyPair old = *make_client_certificate(pki().authority, "kubernetes-admin", {"system:masters"}, serial(5), kPast);
  KeyPair wrong_use = pki().server;
  for (const KeyPair& pair : {forged, old, wrong_use}) {
    HttpClient client(server.port(), pki().authority.certificate_pem, pair.certificate_pem, pair.key_pem);
    client.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.receive_all(), "");
  }
}

TEST(HttpTls, NonsenseInsteadOfAHandshakeIsClosed) {
  HttpServer server(pki().options());
  HttpClient client(server.port());
  client.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.receive_all(), ::testing::Not(::testing::HasSubstr("200")));
}

TEST(HttpTls, BadPemIsAnErrorThatSaysWhich) {
  auto made = TlsContext::make("nonsense", pki().server.key_pem, "");
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, ::testing::HasSubstr("certificate cannot be used"));
  auto mixed = TlsContext::make(pki().server.certificate_pem, pki().admin.key_pem, "");
  ASSERT_FALSE(mixed.ok());
  EXPECT_THAT(mixed.error().message, ::testing::HasSubstr("private key cannot be used"));
}

TEST(HttpTls, StreamsUnderTls) {
  HttpServer server(pki().options());
  HttpClient client(server.port(), pki().authority.certificate_pem);
  client.send("GET /watch HTTP/1.1\r\nHost: x\r\n\r\n");
  auto taken = server.take();
  taken.sink->start_stream(200, {});
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    auto piece = std::make_shared<const std::string>(std::string(3'000, static_cast<char>('a' + i % 26)));
    expected += *piece;
    EXPECT_TRUE(taken.sink->send({piece}));
  }
  taken.sink->end_stream();
  EXPECT_EQ(client.response()->body, expected);
}

}  // namespace
}  // namespace kabuki

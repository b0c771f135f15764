#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "actors/api_server/http/uri.hpp"
#include "tests/actors/api_server/http/http_fixture.hpp"

namespace kabuki {
namespace {

using api_server::http::Limits;
using api_server::http::ServerOptions;
using test::HttpClient;
using test::HttpServer;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kGet = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(HttpUri, DecodesPathAndQuery) {
  auto target = api_server::http::parse_target("/api/v1/a%2Fb%20c?x=1&y=a%3Db+c&flag&x=2&=&&z=");
  ASSERT_TRUE(target.ok());
  api_server::http::Target expected{"/api/v1/a/b c",
                                    {{"x", "1"}, {"y", "a=b c"}, {"flag", ""}, {"x", "2"}, {"", ""}, {"z", ""}}};
  EXPECT_EQ(*target, expected);
  EXPECT_EQ(api_server::http::parse_target("https://host:1/p?q=1")->path, "/p");
  EXPECT_EQ(api_server::http::parse_target("http://host")->path, "/");
}

TEST(HttpUri, RefusesBrokenTargets) {
  for (const char* target : {"", "*", "x", "/%", "/%4", "/%zz", "/a?b=%g0", "/%00", "/a b", "/\x7f"}) {
    EXPECT_FALSE(api_server::http::parse_target(target).ok()) << target;
  }
}

TEST(HttpUri, EncodedTextDecodesToItself) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(*api_server::http::percent_decode(api_server::http::percent_encode(all), true), all);
}

TEST(HttpH1, AnswersOverAKeptConnection) {
  HttpServer server;
  HttpClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send("POST /echo/a%20b?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    auto response = client.response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "POST /echo/a b x=1 [hello]");
    EXPECT_EQ(response->header("content-type"), "text/plain");
    EXPECT_EQ(response->header("connection"), "");
  }
}

TEST(HttpH1, AnswersPipelinedRequestsInOrder) {
  HttpServer server;
  HttpClient client(server.port());
  std::string all;
  for (int i = 0; i < 200; ++i) all += "GET /echo/" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(all);
  for (int i = 0; i < 200; ++i) {
    auto response = client.response();
    ASSERT_TRUE(response) << i;
    EXPECT_EQ(response->body, "GET /echo/" + std::to_string(i) + " []");
  }
}

TEST(HttpH1, ReadsARequestThatComesByteByByte) {
  HttpServer server;
  HttpClient client(server.port());
  std::string request =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: "
      "y\r\n\r\n";
  for (char c : request + request) client.send(std::string(1, c));
  for (int i = 0; i < 2; ++i) {
    auto response = client.response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "POST /echo [hello world]");
  }
}

TEST(HttpH1, ATrailerNeverBecomesAHeader) {
  HttpServer server;
  HttpClient client(server.port());
  client.send("POST /wait HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Remote-User: root\r\n\r\n");
  auto taken = server.take();
  ASSERT_TRUE(taken.sink);
  EXPECT_EQ(taken.request.header("x-remote-user"), "");
  EXPECT_EQ(taken.request.header("host"), "x");
}

TEST(HttpH1, IgnoresEmptyLinesBeforeARequest) {
  HttpServer server;
  HttpClient client(server.port());
  client.send(std::string("\r\n\r\n") + kGet);
  EXPECT_EQ(client.response()->status, 200);
}

TEST(HttpH1, ClosesWhenAsked) {
  HttpServer server;
  HttpClient client(server.port());
  client.send("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.receive_all(), HasSubstr("Connection: close\r\n"));
  HttpClient old(server.port());
  old.send("GET /echo HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.receive_all(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(HttpH1, AnswersAClientThatHasEndedItsDirection) {
  HttpServer server;
  HttpClient client(server.port());
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  client.end_sending();
  auto taken = server.take();
  ASSERT_TRUE(taken.sink);
  taken.sink->respond(200, {}, "late");
  EXPECT_EQ(client.response()->body, "late");
  EXPECT_EQ(client.receive_some(), "");
}

TEST(HttpH1, HeadHasNoBodyButItsLength) {
  HttpServer server;
  HttpClient client(server.port());
  client.send(std::string("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n") + kGet);
  auto head = client.response(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("content-length"), "13");
  EXPECT_EQ(client.response()->body, "GET /echo []");
}

TEST(HttpH1, NotModifiedHasNoBodyAndNoLength) {
  HttpServer server;
  HttpClient client(server.port());
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  server.take().sink->respond(304, {{"ETag", "\"1\""}}, "");
  EXPECT_EQ(client.receive_some(), "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
}

TEST(HttpH1, AHeaderValueCannotSplitTheResponse) {
  HttpServer server;
  HttpClient client(server.port());
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  server.take().sink->respond(200, {{"Warning", "a\r\nSet-Cookie: b"}}, "");
  EXPECT_EQ(client.response()->header("warning"), "a  Set-Cookie: b");
}

TEST(HttpH1, SendsContinueOnceTheHeadersAreRead) {
  HttpServer server;
  HttpClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive_some(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_EQ(client.response()->body, "POST /echo [ok]");
}

struct Refused {
  const char* why;
  std::string head;
  int status = 400;
};

TEST(HttpH1, RefusesWhatOthersMayReadDifferently) {
  HttpServer server;
  const std::string tail = "\r\n\r\nGET /echo/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  const Refused table[] = {
      {"two lengths", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1"},
      {"two different lengths", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2"},
      {"list of lengths", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1"},
      {"signed length", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +1"},
      {"empty length", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length:"},
      {"huge length", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999"},
      {"length and coding", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"},
      {"coding and length", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1"},
      {"unknown coding", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked"},
      {"chunked not last", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity"},
      {"two codings", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked"},
      {"coding twice", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked"},
      {"chunked in 1.0", "POST /echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked"},
      {"folded line", "GET /echo HTTP/1.1\r\nHost: x\r\nX: a\r\n b"},
      {"folded coding", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked"},
      {"bare line feed", "GET /echo HTTP/1.1\r\nHost: x\nX: y"},
      {"bare carriage return", "GET /echo HTTP/1.1\r\nHost: x\rX: y"},
      {"space before colon", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length : 1"},
      {"NUL", std::string("GET /echo HTTP/1.1\r\nHost: x\r\nX: a") + '\0' + "b"},
      {"no host", "GET /echo HTTP/1.1"},
      {"two hosts", "GET /echo HTTP/1.1\r\nHost: x\r\nHost: x"},
      {"version", "GET /echo HTTP/1.2\r\nHost: x"},
      {"no version", "GET /echo\r\nHost: x"},
      {"relative target", "GET echo HTTP/1.1\r\nHost: x"},
      {"bad escape", "GET /echo/%zz HTTP/1.1\r\nHost: x"},
      {"expectation", "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 1", 417},
  };
  for (const Refused& row : table) {
    HttpClient client(server.port());
    client.send(row.head + tail);
    auto response = client.response();
    ASSERT_TRUE(response) << row.why;
    EXPECT_EQ(response->status, row.status) << row.why;
    EXPECT_EQ(response->header("connection"), "close") << row.why;
    EXPECT_THAT(response->body, HasSubstr("\"kind\":\"Status\"")) << row.why;
    EXPECT_EQ(client.receive_all(), "") << row.why;
  }
}

TEST(HttpH1, RefusesBrokenChunks) {
  HttpServer server;
  for (const char* body : {"zz\r\n", "-1\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "ffffffffffffffffffff\r\n"}) {
    HttpClient client(server.port());
    client.send(std::string("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n") + body);
    auto response = client.response();
    ASSERT_TRUE(response) << body;
    EXPECT_GE(response->status, 400) << body;
    EXPECT_EQ(client.receive_all(), "") << body;
  }
}

TEST(HttpH1, ABodyOverTheLimitIsRefusedAndStillReadByTheClient) {
  ServerOptions options;
  options.limits.body_bytes = 1000;
  HttpServer server(options);
  HttpClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + std::string(2'000'000, 'x'));
  auto response = client.response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 413);
  EXPECT_EQ(response->body,
            "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"Request "
            "entity too large: limit is 1000\",\"reason\":\"RequestEntityTooLarge\",\"code\":413}");

  HttpClient chunked(server.port());
  chunked.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) chunked.send("1f4\r\n" + std::string(500, 'x') + "\r\n");
  EXPECT_EQ(chunked.response()->status, 413);

  HttpClient exact(server.port());
  exact.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_EQ(exact.response()->status, 200);
}

TEST(HttpH1, HeadersOverTheLimitAreRefused) {
  ServerOptions options;
  options.limits.header_bytes = 500;
  HttpServer server(options);
  HttpClient client(server.port());
  client.send("GET /echo HTTP/1.1\r\nHost: x\r\nX: " + std::string(1000, 'x'));
  EXPECT_EQ(client.response()->status, 431);
}

TEST(HttpH1, ADroppedSinkAnswers500) {
  HttpServer server;
  HttpClient client(server.port());
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  server.take();
  auto response = client.response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 500);
}

TEST(HttpH1, ATakenPortIsAnErrorThatSaysWhatToDo) {
  HttpServer first;
  ServerOptions options;
  options.port = first.port();
  api_server::http::Server second(options, [](auto, auto) {});
  auto started = second.start();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().message, "cannot listen on 127.0.0.1:" + std::to_string(first.port()) +
                                         ": another program listens there. Stop it (\"ss -ltnp\" names it) or choose "
                                         "another port.");
}

ServerOptions fast_sweeps() {
  ServerOptions options;
  options.limits.sweep_ms = 5;
  options.limits.header_sweeps = options.limits.body_sweeps = options.limits.idle_sweeps = 3;
  options.limits.drain_sweeps = 3;
  return options;
}

TEST(HttpH1, ClosesConnectionsThatDawdle) {
  HttpServer server(fast_sweeps());
  for (const char* begun : {"", "GET /ec", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"}) {
    HttpClient client(server.port());
    client.send(begun);
    EXPECT_EQ(client.receive_all(), "") << begun;
  }
}

TEST(HttpH1, AWaitingHandlerHasNoDeadline) {
  HttpServer server(fast_sweeps());
  HttpClient client(server.port());
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  auto taken = server.take();
  // An idle connection opened later is closed by the same sweeps that leave this one alone.
  HttpClient(server.port()).receive_all();
  taken.sink->respond(200, {}, "patience");
  EXPECT_EQ(client.response()->body, "patience");
}

TEST(HttpH1, AsksForClientsThatVanish) {
  HttpServer server;
  HttpClient client(server.port());
  client.send(kGet);
  ASSERT_TRUE(client.response());
  int accepted = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in own{}, peer{};
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 || own.sin_family != AF_INET) continue;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) continue;
    if (ntohs(own.sin_port) != server.port()) continue;
    int on = 0;
    socklen_t size = sizeof on;
    EXPECT_EQ(::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &size), 0);
    EXPECT_EQ(on, 1);
    ++accepted;
  }
  EXPECT_EQ(accepted, 1);
}

TEST(HttpH1, ConnectionsAreSharedBetweenThreads) {
  ServerOptions options;
  options.io_threads = 2;
  HttpServer server(options);
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(std::make_unique<HttpClient>(server.port()));
  for (auto& client : clients) client->send(kGet);
  for (auto& client : clients) EXPECT_EQ(client->response()->status, 200);
  EXPECT_EQ(server.server().connections(), 6u);
}

TEST(HttpH1, StopClosesConnectionsAndLaterAnswersAreDropped) {
  HttpServer server;
  HttpClient client(server.port());
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  auto taken = server.take();
  test::Signal closed;
  taken.sink->on_closed([&] { closed.set(); });
  server.server().stop();
  EXPECT_TRUE(closed.wait());
  EXPECT_EQ(server.server().connections(), 0u);
  taken.sink->respond(200, {}, "nobody");
  EXPECT_EQ(client.receive_all(), "");
}

}  // namespace
}  // namespace kabuki

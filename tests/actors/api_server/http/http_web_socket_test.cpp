#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <thread>

#include "actors/api_server/http/h1_response.hpp"
#include "tests/actors/api_server/http/http_fixture.hpp"
#include "tests/actors/api_server/http/web_socket_frames.hpp"

namespace kabuki {
namespace {

using api_server::http::Chunk;
using api_server::http::ServerOptions;
using test::close_frame;
using test::closed_with;
using test::frame;
using test::HttpClient;
using test::HttpServer;
using test::Signal;
using test::text;
using test::told;
using testing::ElementsAre;

constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* kUpgrade =
    "GET /watch HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

Chunk chunk(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

/// The client's side after the head.
struct Reader {
  HttpClient& client;
  std::string in;
  /// The next whole frame, as bytes; "" when the server closed.
  std::string next() {
    while (true) {
      const size_t mark = in.size() < 2 ? 0 : static_cast<uint8_t>(in[1]);
      const size_t wide = mark == 126 ? 2 : mark == 127 ? 8 : 0;
      if (in.size() >= 2 + wide) {
        size_t length = wide ? 0 : mark;
        for (size_t i = 0; i < wide; ++i) length = length << 8 | static_cast<uint8_t>(in[2 + i]);
        if (in.size() >= 2 && in.size() >= 2 + wide + length) {
          std::string frame = in.substr(0, 2 + wide + length);
          in.erase(0, frame.size());
          return frame;
        }
      }
      std::string more = client.receive_some();
      if (more.empty()) return more;
      in += more;
    }
  }
};

struct Upgraded {
  explicit Upgraded(HttpServer* server, std::function<void(std::string)> on_message = nullptr,
                    std::string protocol = "", int receive_buffer = 0, const std::string& early = "")
      : client(server->port(), {}, {}, {}, receive_buffer) {
    client.send(kUpgrade + early);
    sink = server->take().sink;
    if (!sink) return;
    sink->on_closed([this] { closed.set(); });
    sink->start_web_socket(std::move(protocol), false, std::move(on_message));
    head = client.response_head();
  }
  Signal closed;
  HttpClient client;
  Reader reader{client, {}};
  std::shared_ptr<api_server::http::ResponseSink> sink;
  std::optional<test::HttpResponse> head;
};

TEST(HttpWebSocket, EachChunkIsAMessageAndTheEndAClose) {
  HttpServer server;
  Upgraded ws(&server, nullptr, "chat");
  ASSERT_TRUE(ws.head);
  EXPECT_EQ(ws.head->status, 101);
  EXPECT_EQ(ws.head->header("upgrade"), "websocket");
  EXPECT_EQ(ws.head->header("connection"), "Upgrade");
  EXPECT_EQ(ws.head->header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(ws.head->header("sec-websocket-protocol"), "chat");
  EXPECT_EQ(ws.head->header("transfer-encoding"), "");
  EXPECT_TRUE(ws.sink->send({chunk("one"), chunk("two")}));
  EXPECT_EQ(ws.reader.next(), told(0x81, "one"));
  EXPECT_EQ(ws.reader.next(), told(0x81, "two"));
  ws.client.send(frame(0x89, "ping"));
  EXPECT_EQ(ws.reader.next(), told(0x8a, "ping"));
  EXPECT_TRUE(ws.sink->send({chunk("three")}));
  ws.sink->end_stream();
  EXPECT_EQ(ws.reader.next(), told(0x81, "three"));
  EXPECT_EQ(ws.reader.next(), closed_with(1000));
  ws.client.send(close_frame(1000));
  EXPECT_EQ(ws.reader.next(), "");
  EXPECT_TRUE(ws.closed.wait());
}

TEST(HttpWebSocket, AClientThatClosesIsAnsweredAndReported) {
  HttpServer server;
  Upgraded ws(&server);
  ws.client.send(close_frame(1000));
  EXPECT_EQ(ws.reader.next(), closed_with(1000));
  EXPECT_EQ(ws.reader.next(), "");
  EXPECT_TRUE(ws.closed.wait());
  EXPECT_TRUE(ws.sink->send({chunk("dropped")}));
}

TEST(HttpWebSocket, AClientThatLeavesIsReported) {
  HttpServer server;
  Upgraded ws(&server);
  ws.client.end_sending();
  EXPECT_TRUE(ws.closed.wait());
}

TEST(HttpWebSocket, AnAbandonedOneIsClosedAsAFault) {
  HttpServer server;
  Upgraded ws(&server);
  EXPECT_TRUE(ws.sink->send({chunk("last words")}));
  ws.sink.reset();
  EXPECT_EQ(ws.reader.next(), told(0x81, "last words"));
  EXPECT_EQ(ws.reader.next(), closed_with(1011));
}

TEST(HttpWebSocket, AServerThatStopsSaysSo) {
  auto server = std::make_unique<HttpServer>();
  Upgraded ws(server.get());
  server->server().stop();
  EXPECT_EQ(ws.reader.next(), closed_with(1001));
  EXPECT_EQ(ws.reader.next(), "");
  EXPECT_TRUE(ws.closed.wait());
}

TEST(HttpWebSocket, WhoBreaksTheProtocolIsToldAndClosed) {
  HttpServer server;
  Upgraded ws(&server);
  ws.client.send(told(0x81, "unmasked") + text("more"));
  EXPECT_EQ(ws.reader.next(), closed_with(1002));
  EXPECT_EQ(ws.reader.next(), "");
  EXPECT_TRUE(ws.closed.wait());
}

TEST(HttpWebSocket, NobodyLeavesHttp10) {
  HttpServer server;
  HttpClient client(server.port());
  client.send(
      "GET /watch HTTP/1.0\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_FALSE(asks_for_web_socket(server.take().request));
}

TEST(HttpWebSocket, ARefusedVersionIsToldTheRightOne) {
  HttpServer server;
  HttpClient client(server.port());
  client.send(kUpgrade);
  auto taken = server.take();
  EXPECT_TRUE(asks_for_web_socket(taken.request));
  taken.sink->respond(426, {}, "");
  auto response = client.response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->header("sec-websocket-version"), "13");
  EXPECT_EQ(response->header("upgrade"), "websocket");
  client.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.response()->body, "GET /echo []");
}

/// Messages as the handler gets them.
struct Inbox {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> messages;
  std::function<void(std::string)> put() {
    return [this](std::string message) {
      std::lock_guard lock(mutex);
      messages.push_back(std::move(message));
      changed.notify_all();
    };
  }
  size_t wait_for(size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(10), [&] { return messages.size() >= count; });
    return messages.size();
  }
};

TEST(HttpWebSocket, MessagesOfTheClientArriveAlsoThoseSentTooEarly) {
  HttpServer server;
  Inbox inbox;
  Upgraded ws(&server, inbox.put(), "", 0, text("early"));
  ws.client.send(frame(0x01, "in ") + frame(0x89, "") + frame(0x80, "two"));
  EXPECT_EQ(inbox.wait_for(2), 2u);
  EXPECT_THAT(inbox.messages, ElementsAre("early", "in two"));
  EXPECT_EQ(ws.reader.next(), told(0x8a, ""));
}

TEST(HttpWebSocket, AClientIsNotReadOnWhileItsMessagesWait) {
  ServerOptions options;
  options.limits.web_socket_input_bytes = 10'000;
  HttpServer server(options);
  Inbox inbox;
  Upgraded ws(&server, inbox.put());
  const std::string message(1'000, 'x');
  // More than the kernel buffers, so that the client is held up too.
  constexpr size_t kMessages = 20'000;
  std::thread writer([&] {
    const std::string bytes = text(message);
    for (size_t i = 0; i < kMessages; ++i) ws.client.send(bytes);
  });
  size_t seen = 0, most = 0;
  while (seen < kMessages) {
    const size_t now = inbox.wait_for(seen + 1);
    ASSERT_GT(now, seen);
    most = std::max(most, now - seen);
    ws.sink->consumed((now - seen) * message.size());
    seen = now;
  }
  writer.join();
  // What is over the limit when it is noticed comes out of one read.
  EXPECT_LE(most, 10 + 64 * 1024 / 1'000 + 2);
}

TEST(HttpWebSocket, AClientThatLeavesIsReportedAlsoWhileItsMessagesWait) {
  ServerOptions options;
  options.limits.web_socket_input_bytes = 10;
  options.limits.sweep_ms = 5;
  HttpServer server(options);
  Inbox inbox;
  Upgraded ws(&server, inbox.put());
  ws.client.send(text("more than ten bytes"));
  EXPECT_EQ(inbox.wait_for(1), 1u);
  ws.client.send(text("not read"));
  ws.client.end_sending();
  EXPECT_TRUE(ws.closed.wait());
  EXPECT_THAT(inbox.messages, ElementsAre("more than ten bytes"));
}

TEST(HttpWebSocket, AnEmptyMessageOfTheClientSaysNothing) {
  HttpServer server;
  Inbox inbox;
  Upgraded ws(&server, inbox.put());
  ws.client.send(text("") + frame(0x01, "") + frame(0x80, "") + text("one"));
  EXPECT_EQ(inbox.wait_for(1), 1u);
  EXPECT_THAT(inbox.messages, ElementsAre("one"));
}

TEST(HttpWebSocket, WhoPingsWithoutReadingIsNotReadOn) {
  api_server::http::Limits limits;
  auto outbox = std::make_shared<api_server::http::Outbox>();
  outbox->begun = outbox->streaming = outbox->web_socket = true;
  api_server::http::H1Response response(limits, outbox, {.web_socket_key = kKey});
  ASSERT_TRUE(response.begin());
  int pings = 0;
  for (; pings < 1'000 && response.wants_input(); ++pings) response.take(frame(0x89, "p"));
  EXPECT_EQ(pings, 64);
  std::string pongs, expected;
  EXPECT_TRUE(response.append_piece(&pongs));
  for (int i = 0; i < pings; ++i) expected += told(0x8a, "p");
  EXPECT_EQ(pongs, expected);
  EXPECT_TRUE(response.wants_input());
}

TEST(HttpWebSocket, ASlowReaderLosesNothingAndItsPongsPassBetweenMessages) {
  ServerOptions options;
  options.limits.stream_queue_bytes = 50'000;
  HttpServer server(options);
  Upgraded ws(&server, nullptr, "", 4096);
  Signal drained;
  ws.sink->on_writable([&] { drained.set(); });
  const std::string block(10'000, 'x');
  int sent = 0;
  while (sent < 5'000 && ws.sink->send({chunk(block + std::to_string(sent))})) ++sent;
  ASSERT_LT(sent, 5'000);
  ws.client.send(frame(0x89, "between"));
  int pongs = 0;
  auto read = [&](int i) {
    std::string got = ws.reader.next();
    if (got == told(0x8a, "between")) {
      ++pongs;
      got = ws.reader.next();
    }
    ASSERT_EQ(got, told(0x81, block + std::to_string(i)));
  };
  for (int i = 0; i < sent; ++i) ASSERT_NO_FATAL_FAILURE(read(i));
  ASSERT_TRUE(drained.wait());
  EXPECT_TRUE(ws.sink->send({chunk(block + std::to_string(sent))}));
  ASSERT_NO_FATAL_FAILURE(read(sent));
  if (pongs == 0) {
    EXPECT_EQ(ws.reader.next(), told(0x8a, "between"));
  }
}

TEST(HttpWebSocket, AReaderThatTakesNothingIsClosed) {
  ServerOptions options;
  options.limits.stream_queue_bytes = 100'000'000;
  options.limits.sweep_ms = 5;
  options.limits.stalled_write_sweeps = 3;
  HttpServer server(options);
  Upgraded ws(&server, nullptr, "", 4096);
  auto megabyte = chunk(std::string(1'000'000, 'x'));
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(ws.sink->send({megabyte}));
  EXPECT_TRUE(ws.closed.wait());
}

TEST(HttpWebSocket, OneChunkIsSharedByManyConnections) {
  HttpServer server;
  std::vector<std::unique_ptr<Upgraded>> all;
  for (int i = 0; i < 200; ++i) all.push_back(std::make_unique<Upgraded>(&server));
  auto shared = chunk("event\n");
  for (auto& each : all) EXPECT_TRUE(each->sink->send({shared}));
  for (auto& each : all) EXPECT_EQ(each->reader.next(), told(0x81, "event\n"));
  for (auto& each : all) each->client.send(close_frame(1000));
  for (auto& each : all) EXPECT_TRUE(each->closed.wait());
  EXPECT_EQ(shared.use_count(), 1);
}

// Whatever is sent after the upgrade, the connection ends and the server lives.
TEST(HttpWebSocket, RandomBytesHurtOnlyTheirSender) {
  HttpServer server;
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    Inbox inbox;
    Upgraded ws(&server, inbox.put());
    std::string bytes;
    for (int i = 0; i < 2'000; ++i) bytes += static_cast<char>(random());
    if (seed % 2) bytes = text("fine") + bytes;
    ws.client.send(bytes);
    ws.client.end_sending();
    while (!ws.reader.next().empty()) {
    }
    EXPECT_TRUE(ws.closed.wait()) << seed;
  }
  HttpClient client(server.port());
  client.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.response()->body, "GET /echo []");
}

}  // namespace
}  // namespace kabuki

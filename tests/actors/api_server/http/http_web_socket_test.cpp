#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <thread>

#include "actors/api_server/http/h1_response.hpp"
#include "actors/api_server/http/web_socket.hpp"
#include "tests/actors/api_server/http/http_fixture.hpp"

namespace kabuki {
namespace {

using api_server::http::Chunk;
using api_server::http::CloseCode;
using api_server::http::Headers;
using api_server::http::Request;
using api_server::http::ServerOptions;
using api_server::http::WebSocket;
using test::HttpClient;
using test::HttpServer;
using test::Signal;
using testing::ElementsAre;

constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* kUpgrade =
    "GET /watch HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

Chunk chunk(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

/// A frame; `mask` "" for none, as a server sends them.
std::string frame(uint8_t first, std::string payload, const std::string& mask = "\x12\x34\x56\x78") {
  std::string out(1, static_cast<char>(first));
  const uint8_t bit = mask.empty() ? 0 : 0x80;
  const int bytes = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  out += static_cast<char>(bit | (bytes == 0 ? payload.size() : bytes == 2 ? 126 : 127));
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(payload.size() >> (8 * i));
  for (size_t i = 0; i < payload.size() && bit; ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  return out + mask + payload;
}
std::string text(const std::string& payload) { return frame(0x81, payload); }
std::string close_frame(uint16_t code, const std::string& mask = "\x12\x34\x56\x78") {
  return frame(0x88, {static_cast<char>(code >> 8), static_cast<char>(code)}, mask);
}
std::string told(uint8_t first, const std::string& payload) { return frame(first, payload, ""); }
std::string closed_with(uint16_t code) { return close_frame(code, ""); }

struct Heard {
  std::vector<std::string> messages;
  std::string answer;
  bool closed = false;
  bool operator==(const Heard&) const = default;
};
void PrintTo(const Heard& heard, std::ostream* out) {
  *out << testing::PrintToString(heard.messages) << " answered " << testing::PrintToString(heard.answer)
       << (heard.closed ? " closed" : "");
}

/// What comes of a client's bytes, fed in pieces of `step`.
Heard hear(const std::string& bytes, size_t step) {
  Heard heard;
  WebSocket socket(
      {.message_bytes_max = 200, .on_message = [&](std::string message) { heard.messages.push_back(message); }});
  for (size_t at = 0; at < bytes.size(); at += step) socket.take(std::string_view(bytes).substr(at, step));
  socket.append_control(&heard.answer);
  heard.closed = socket.closed();
  return heard;
}

struct Case {
  const char* name;
  std::string bytes;
  Heard heard;
};

class Frames : public testing::TestWithParam<Case> {};

TEST_P(Frames, AreHeardHoweverTheyArrive) {
  for (size_t step : {1000, 7, 1})
    EXPECT_EQ(hear(GetParam().bytes, step), GetParam().heard) << "in steps of " << step;
}

const std::string kLong(150, 'x');
const std::string kUtf8 = "\xc3\xa4\xf0\x9f\x8e\xad";

INSTANTIATE_TEST_SUITE_P(
    WebSocket, Frames,
    testing::Values(
        Case{"text", text("hello") + text(""), {{"hello", ""}, ""}},
        Case{"binary", frame(0x82, std::string("\0\xff", 2)), {{std::string("\0\xff", 2)}, ""}},
        Case{"long_length", text(kLong), {{kLong}, ""}},
        Case{"fragments", frame(0x01, "a") + frame(0x00, "") + frame(0x00, "b") + frame(0x80, "c"), {{"abc"}, ""}},
        Case{"ping_between_fragments",
             frame(0x01, "a") + frame(0x89, "now") + frame(0x80, "b"),
             {{"ab"}, told(0x8a, "now")}},
        Case{"pings_and_a_pong",
             frame(0x89, "") + frame(0x8a, "x") + frame(0x89, "2"),
             {{}, told(0x8a, "") + told(0x8a, "2")}},
        Case{"utf8_split_between_fragments",
             frame(0x01, kUtf8.substr(0, 1)) + frame(0x80, kUtf8.substr(1)),
             {{kUtf8}, ""}},
        Case{"close", text("last") + close_frame(1000) + text("deaf"), {{"last"}, closed_with(1000), true}},
        Case{"close_of_their_own", close_frame(4000), {{}, closed_with(4000), true}},
        Case{"close_without_code", frame(0x88, ""), {{}, told(0x88, ""), true}},
        Case{"close_after_ping", frame(0x89, "p") + close_frame(1001), {{}, closed_with(1001), true}},
        Case{"close_with_a_code_that_is_none", close_frame(1005), {{}, closed_with(1002), true}},
        Case{"unmasked", told(0x81, "hello"), {{}, closed_with(1002), true}},
        Case{"reserved_bit", frame(0xc1, "hello"), {{}, closed_with(1002), true}},
        Case{"unknown_opcode", frame(0x83, "x"), {{}, closed_with(1002), true}},
        Case{"continuation_of_nothing", frame(0x80, "x"), {{}, closed_with(1002), true}},
        Case{"message_inside_a_message", frame(0x01, "a") + text("b"), {{}, closed_with(1002), true}},
        Case{"fragmented_ping", frame(0x09, "x"), {{}, closed_with(1002), true}},
        Case{"ping_too_long", frame(0x89, kLong), {{}, closed_with(1002), true}},
        Case{
            "length_not_minimal", std::string("\x81\xfe\x00\x01\x00\x00\x00\x00x", 9), {{}, closed_with(1002), true}},
        Case{"negative_length", "\x81\xff" + std::string(8, '\xff') + "mask", {{}, closed_with(1002), true}},
        Case{"too_large", text("ok") + text(std::string(201, 'x')) + text("deaf"), {{"ok"}, closed_with(1009), true}},
        Case{"too_large_in_fragments", frame(0x01, kLong) + frame(0x80, kLong), {{}, closed_with(1009), true}},
        Case{"not_utf8", text("ok") + text("\xff"), {{"ok"}, closed_with(1007), true}},
        Case{"utf8_cut_at_the_end", text(kUtf8.substr(0, 1)), {{}, closed_with(1007), true}},
        Case{"half_a_frame", text("hello").substr(0, 8), {{}, ""}}),
    [](const auto& info) { return info.param.name; });

TEST(WebSocketFrames, AreWrittenWholeInTurn) {
  WebSocket socket({.message_bytes_max = 200});
  std::string out;
  socket.append_message("one", &out);
  socket.take(frame(0x89, "p"));
  EXPECT_EQ(socket.waiting(), 1u);
  socket.append_message(kLong, &out);
  socket.append_control(&out);
  const std::string huge(70'000, 'y');
  socket.append_message(huge, &out);
  EXPECT_FALSE(socket.closing());
  socket.close(CloseCode::normal);
  socket.close(CloseCode::going_away);
  EXPECT_TRUE(socket.closing());
  EXPECT_FALSE(socket.closed());
  socket.append_control(&out);
  EXPECT_TRUE(socket.closed());
  socket.append_control(&out);
  EXPECT_EQ(out, told(0x81, "one") + told(0x81, kLong) + told(0x8a, "p") + told(0x81, huge) + closed_with(1000));
}

TEST(WebSocketFrames, AreBinaryWhenSoAsked) {
  WebSocket socket({.binary = true, .message_bytes_max = 200});
  std::string out;
  socket.append_message(std::string("\0", 1), &out);
  EXPECT_EQ(out, told(0x82, std::string("\0", 1)));
}

// Whatever comes: nothing breaks, and it is the same however it is cut.
TEST(WebSocketFrames, OfRandomBytesAreHeardTheSameHoweverTheyArrive) {
  for (uint32_t seed = 0; seed < 3'000; ++seed) {
    std::mt19937 random(seed);
    auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
    std::string bytes;
    for (uint32_t i = below(12); i > 0; --i) {
      std::string payload(below(4) ? below(20) : below(260), 'a');
      if (below(3) == 0) {
        for (char& c : payload) c = static_cast<char>(random());
      }
      const uint8_t opcodes[] = {0x81, 0x82, 0x01, 0x00, 0x80, 0x89, 0x8a, 0x88};
      const uint8_t first =
          below(8) ? opcodes[below(sizeof opcodes - (below(4) != 0))] : static_cast<uint8_t>(random());
      bytes += frame(first, payload, below(20) ? "mask" : "");
    }
    for (uint32_t i = below(3); i > 0 && !bytes.empty(); --i)
      bytes[below(bytes.size())] = static_cast<char>(random());
    if (below(10) == 0) {
      bytes.clear();
      for (uint32_t i = below(300); i > 0; --i) bytes += static_cast<char>(random());
    }
    // wslay looks for UTF-8 in a Close's reason only as far as that comes at once, so why it closes may differ.
    const Heard slowly = hear(bytes, 1), quickly = hear(bytes, 1000);
    EXPECT_EQ(slowly.messages, quickly.messages) << "seed " << seed;
    EXPECT_EQ(slowly.closed, quickly.closed) << "seed " << seed;
  }
}

struct Handshake {
  const char* name;
  Headers headers;
  bool asks;
  int refused = 0;  // of one that asks
  std::vector<std::string> protocols;
};

TEST(WebSocketHandshake, IsReadAsTheRfcHasIt) {
  const std::vector<Handshake> table = {
      {"the RFC's own",
       {{"upgrade", "websocket"},
        {"connection", "Upgrade"},
        {"sec-websocket-key", kKey},
        {"sec-websocket-version", "13"}},
       true},
      {"in a list, in any case",
       {{"upgrade", "h2c, WebSocket"},
        {"connection", "keep-alive"},
        {"connection", "x ,\tUPGRADE"},
        {"sec-websocket-key", kKey},
        {"sec-websocket-version", "13"}},
       true},
      {"no connection", {{"upgrade", "websocket"}, {"connection", "keep-alive"}}, false},
      {"another upgrade", {{"upgrade", "SPDY/3.1"}, {"connection", "Upgrade"}}, false},
      {"a longer word", {{"upgrade", "websockets"}, {"connection", "Upgrade"}}, false},
      {"none", {}, false},
      {"old version",
       {{"upgrade", "websocket"},
        {"connection", "Upgrade"},
        {"sec-websocket-key", kKey},
        {"sec-websocket-version", "8"}},
       true,
       426},
      {"no version", {{"upgrade", "websocket"}, {"connection", "Upgrade"}, {"sec-websocket-key", kKey}}, true, 426},
      {"no key", {{"upgrade", "websocket"}, {"connection", "Upgrade"}, {"sec-websocket-version", "13"}}, true, 400},
      {"short key",
       {{"upgrade", "websocket"},
        {"connection", "Upgrade"},
        {"sec-websocket-key", "AAAA"},
        {"sec-websocket-version", "13"}},
       true,
       400},
      {"a key that is not base64",
       {{"upgrade", "websocket"},
        {"connection", "Upgrade"},
        {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZ!=="},
        {"sec-websocket-version", "13"}},
       true,
       400},
      {"protocols",
       {{"upgrade", "websocket"},
        {"connection", "Upgrade"},
        {"sec-websocket-key", kKey},
        {"sec-websocket-version", "13"},
        {"sec-websocket-protocol", "v5.channel.k8s.io, v4.channel.k8s.io"},
        {"sec-websocket-protocol", ",chat ,"}},
       true,
       0,
       {"v5.channel.k8s.io", "v4.channel.k8s.io", "chat"}},
  };
  for (const Handshake& each : table) {
    Request request;
    request.method = "GET";
    request.headers = each.headers;
    EXPECT_EQ(asks_for_web_socket(request), each.asks) << each.name;
    EXPECT_EQ(offered_protocols(request), each.protocols) << each.name;
    request.method = "POST";
    EXPECT_FALSE(asks_for_web_socket(request)) << each.name;
    if (!each.asks) continue;
    auto fit = check_web_socket(request);
    EXPECT_EQ(fit ? 0 : fit.error().code, each.refused) << each.name;
  }
  EXPECT_EQ(api_server::http::web_socket_accept(kKey), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

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

#include "actors/api_server/http/web_socket.hpp"

#include <gtest/gtest.h>
#include <random>

#include "actors/api_server/http/exchange.hpp"
#include "tests/actors/api_server/http/web_socket_frames.hpp"

namespace kabuki {
namespace {

using api_server::http::CloseCode;
using api_server::http::Headers;
using api_server::http::Request;
using api_server::http::WebSocket;
using test::close_frame;
using test::closed_with;
using test::frame;
using test::text;
using test::told;

constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";

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

}  // namespace
}  // namespace kabuki

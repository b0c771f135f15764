#include <gtest/gtest.h>
#include <zlib.h>

#include "actors/api_server/http/gzip.hpp"
#include "tests/actors/api_server/http/http_fixture.hpp"

namespace kabuki {
namespace {

using api_server::http::accepts_gzip;
using api_server::http::GzipStream;
using test::HttpClient;
using test::HttpServer;

constexpr size_t kFrom = 128 * 1024;

std::string unzipped(const std::string& bytes, size_t size) {
  std::string out(size + 1, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

/// Numbers, so that every place of it is another.
std::string body_of(size_t size) {
  std::string out;
  for (size_t i = 0; out.size() < size; ++i) out += std::to_string(i * 7919) + ",";
  out.resize(size);
  return out;
}

struct Got {
  test::HttpResponse head;
  std::string body;
};

Got ask(HttpServer& server, HttpClient& client, const std::string& request, int status, const std::string& body) {
  client.send(request);
  auto taken = server.take();
  taken.sink->respond(status, {{"content-type", "application/json"}, {"vary", "Accept"}}, body);
  Got got{*client.response_head(), ""};
  if (got.head.header("transfer-encoding") != "chunked") return got;
  while (auto chunk = client.chunk()) {
    if (chunk->empty()) break;
    got.body += *chunk;
  }
  return got;
}

TEST(Gzip, IsTakenWhereTheClientNamesIt) {
  for (const char* yes : {"gzip", "gzip, deflate", "deflate ,  gzip", "br;q=1, gzip;q=0.5"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const char* no : {"", "identity", "gzip;q=0", "deflate, gzip; q=0.0", "xgzip", "*"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

TEST(Gzip, PiecesMakeOneWhole) {
  const std::string body = body_of(300'000);
  GzipStream gzip;
  std::string out;
  for (size_t at = 0; at < body.size(); at += 1000) gzip.add(std::string_view(body).substr(at, 1000), false, &out);
  gzip.add("", true, &out);
  EXPECT_LT(out.size(), body.size());
  EXPECT_EQ(unzipped(out, body.size()), body);
}

TEST(Gzip, BodiesFrom128KiBOnAreCompressedForWhoAcceptsIt) {
  HttpServer server;
  HttpClient client(server.port());
  const std::string get = "GET /list HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n";
  for (size_t size : {kFrom, 20 * kFrom + 17}) {
    const std::string body = body_of(size);
    Got got = ask(server, client, get, 200, body);
    EXPECT_EQ(got.head.header("content-encoding"), "gzip");
    EXPECT_EQ(got.head.header("content-length"), "");
    EXPECT_LT(got.body.size(), body.size());
    EXPECT_EQ(unzipped(got.body, body.size()), body) << "over one kept connection";
  }
}

TEST(Gzip, OtherBodiesAreSentAsTheyAre) {
  HttpServer server;
  const std::string plain = "GET /list HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string get = "GET /list HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n";
  struct Row {
    std::string request;
    int status;
    size_t size;
  };
  for (const Row& row : {Row{plain, 200, kFrom}, Row{get, 200, kFrom - 1}, Row{get, 500, kFrom},
                         Row{"GET /list HTTP/1.0\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n", 200, kFrom}}) {
    HttpClient client(server.port());
    Got got = ask(server, client, row.request, row.status, body_of(row.size));
    EXPECT_EQ(got.head.header("content-encoding"), "");
    EXPECT_EQ(got.head.header("content-length"), std::to_string(row.size));
  }
}

TEST(Gzip, StreamsAreSentAsTheyAre) {
  HttpServer server;
  HttpClient client(server.port());
  client.send("GET /watch HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
  auto taken = server.take();
  taken.sink->start_stream(200, {});
  const std::string event = body_of(2 * kFrom);
  taken.sink->send({std::make_shared<const std::string>(event)});
  taken.sink->end_stream();
  EXPECT_EQ(client.response_head()->header("content-encoding"), "");
  std::string body;
  while (auto chunk = client.chunk()) {
    if (chunk->empty()) break;
    body += *chunk;
  }
  EXPECT_EQ(body, event);
}

}  // namespace
}  // namespace kabuki

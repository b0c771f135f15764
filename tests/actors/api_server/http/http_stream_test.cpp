#include <gtest/gtest.h>
#include <thread>

#include "tests/actors/api_server/http/http_fixture.hpp"

namespace kabuki {
namespace {

using api_server::http::Chunk;
using api_server::http::ServerOptions;
using test::HttpClient;
using test::HttpServer;
using test::Signal;

constexpr const char* kWatch = "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n";

Chunk chunk(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

TEST(HttpStream, SendsEachBatchAsItComes) {
  HttpServer server;
  HttpClient client(server.port());
  client.send(kWatch);
  auto taken = server.take();
  taken.sink->start_stream(200, {{"Content-Type", "application/json"}});
  auto head = client.response_head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("transfer-encoding"), "chunked");
  EXPECT_TRUE(taken.sink->send({chunk("one\n"), chunk("two\n")}));
  EXPECT_EQ(client.chunk(), "one\ntwo\n");
  EXPECT_TRUE(taken.sink->send({chunk(""), chunk("three\n")}));
  EXPECT_EQ(client.chunk(), "three\n");
  Signal closed;
  taken.sink->on_closed([&] { closed.set(); });
  taken.sink->end_stream();
  EXPECT_EQ(client.chunk(), "");
  EXPECT_TRUE(closed.wait());
  client.send("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.response()->body, "GET /echo []");
}

TEST(HttpStream, OneChunkIsSharedByManyConnections) {
  HttpServer server;
  std::vector<std::unique_ptr<HttpClient>> clients;
  std::vector<HttpServer::Taken> taken;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server.port()));
    clients.back()->send(kWatch);
    taken.push_back(server.take());
    taken.back().sink->start_stream(200, {});
  }
  auto shared = chunk("event\n");
  for (auto& each : taken) EXPECT_TRUE(each.sink->send({shared}));
  for (auto& client : clients) {
    ASSERT_TRUE(client->response_head());
    EXPECT_EQ(client->chunk(), "event\n");
  }
}

TEST(HttpStream, AClientThatLeavesIsReported) {
  HttpServer server;
  Signal closed;
  std::shared_ptr<api_server::http::ResponseSink> sink;
  {
    HttpClient client(server.port());
    client.send(kWatch);
    sink = server.take().sink;
    sink->on_closed([&] { closed.set(); });
    sink->start_stream(200, {});
    ASSERT_TRUE(client.response_head());
  }
  EXPECT_TRUE(closed.wait());
  EXPECT_TRUE(sink->send({chunk("dropped")}));
  Signal late;
  sink->on_closed([&] { late.set(); });
  EXPECT_TRUE(late.wait());
}

TEST(HttpStream, AnAbandonedStreamIsCutNotEnded) {
  HttpServer server;
  HttpClient client(server.port());
  client.send(kWatch);
  {
    auto taken = server.take();
    taken.sink->start_stream(200, {});
    EXPECT_TRUE(taken.sink->send({chunk("last words\n")}));
  }
  ASSERT_TRUE(client.response_head());
  EXPECT_EQ(client.chunk(), "last words\n");
  EXPECT_EQ(client.chunk(), std::nullopt);
}

// The slow-reader protocol: a refused batch was not queued; once told that the stream is writable, the producer goes
// on from there; the client gets everything once and in order.
void slow_reader(HttpServer* server, HttpClient* client) {
  client->send(kWatch);
  auto taken = server->take();
  ASSERT_TRUE(taken.sink);
  std::mutex mutex;
  std::condition_variable changed;
  int drained = 0;
  taken.sink->on_writable([&] {
    std::lock_guard lock(mutex);
    ++drained;
    changed.notify_all();
  });
  taken.sink->start_stream(200, {});
  const std::string block(10'000, 'x');
  int sent = 0, refusals = 0;
  // Until the client's and the kernel's buffers are full.
  for (; sent < 5'000; ++sent) {
    if (!taken.sink->send({chunk(block + std::to_string(sent) + "\n")})) break;
  }
  ASSERT_LT(sent, 5'000);
  const int total = sent + 1'000;
  std::thread reader([&] {
    auto response = client->response();
    ASSERT_TRUE(response);
    size_t at = 0;
    for (int i = 0; i < total; ++i) {
      std::string expected = block + std::to_string(i) + "\n";
      ASSERT_EQ(response->body.compare(at, expected.size(), expected), 0) << i;
      at += expected.size();
    }
    EXPECT_EQ(at, response->body.size());
  });
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(10), [&] { return drained > 0; }));
  }
  while (sent < total) {
    int before = 0;
    {
      std::lock_guard lock(mutex);
      before = drained;
    }
    if (taken.sink->send({chunk(block + std::to_string(sent) + "\n")})) {
      ++sent;
      continue;
    }
    ++refusals;
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(10), [&] { return drained > before; }));
  }
  taken.sink->end_stream();
  reader.join();
}

TEST(HttpStream, ASlowReaderLosesNothing) {
  ServerOptions options;
  options.limits.stream_queue_bytes = 50'000;
  HttpServer server(options);
  HttpClient client(server.port(), {}, {}, {}, 4096);
  slow_reader(&server, &client);
}

TEST(HttpStream, AReaderThatTakesNothingIsClosed) {
  ServerOptions options;
  options.limits.stream_queue_bytes = 100'000'000;
  options.limits.sweep_ms = 5;
  options.limits.stalled_write_sweeps = 3;
  HttpServer server(options);
  HttpClient client(server.port(), {}, {}, {}, 4096);
  client.send(kWatch);
  auto taken = server.take();
  Signal closed;
  taken.sink->on_closed([&] { closed.set(); });
  taken.sink->start_stream(200, {});
  // More than the kernel buffers.
  auto megabyte = chunk(std::string(1'000'000, 'x'));
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(taken.sink->send({megabyte}));
  EXPECT_TRUE(closed.wait());
}

TEST(HttpStream, ABatchLargerThanTheCapPassesWhenTheQueueIsEmpty) {
  ServerOptions options;
  options.limits.stream_queue_bytes = 1'000;
  HttpServer server(options);
  HttpClient client(server.port());
  client.send(kWatch);
  auto taken = server.take();
  taken.sink->start_stream(200, {});
  EXPECT_TRUE(taken.sink->send({chunk(std::string(500'000, 'x'))}));
  taken.sink->end_stream();
  EXPECT_EQ(client.response()->body.size(), 500'000u);
}

}  // namespace
}  // namespace kabuki

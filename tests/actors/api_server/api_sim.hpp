#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "actors/api_server/api_server_actor.hpp"
#include "actors/store_shard/store_shard_actor.hpp"
#include "actors/write.hpp"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/service_account.pb.h"
#include "messages/meta.hpp"
#include "store/engines/memory.hpp"
#include "tests/runtime/sim_test.hpp"

namespace kabuki::api_server {

using namespace std::chrono_literals;

/// The far end of a request, as a connection whose reader can be slow.
struct FakeSink : http::ResponseSink {
  int status = 0;
  http::Headers headers;
  std::string body;   // of a response, or what a stream has been sent
  bool full = false;  // refuses what a stream is sent
  bool ended = false;
  int refused = 0;
  std::function<void()> closed, writable;
  bool web_socket = false, binary = false;
  std::string protocol;
  std::function<void(std::string)> on_message;
  std::vector<std::string> messages;  // what a WebSocket has been sent
  size_t consumed_bytes = 0;

  void respond(int code, http::Headers with, std::string text) override {
    EXPECT_EQ(status, 0) << "answered twice";
    status = code;
    headers = std::move(with);
    body = std::move(text);
    ended = true;
  }
  void start_stream(int code, http::Headers with) override {
    EXPECT_EQ(status, 0) << "answered twice";
    status = code;
    headers = std::move(with);
  }
  void start_web_socket(std::string chosen, bool as_binary, std::function<void(std::string)> call) override {
    start_stream(101, {});
    web_socket = true;
    protocol = std::move(chosen);
    binary = as_binary;
    on_message = std::move(call);
  }
  void consumed(size_t bytes) override { consumed_bytes += bytes; }
  bool send(std::vector<http::Chunk> chunks) override {
    EXPECT_FALSE(ended) << "sent after the end";
    refused += full;
    if (full) return false;
    for (const auto& chunk : chunks) {
      body += *chunk;
      if (web_socket) messages.push_back(*chunk);
    }
    return true;
  }
  void end_stream() override {
    EXPECT_FALSE(ended) << "ended twice";
    ended = true;
  }
  void on_closed(std::function<void()> call) override { closed = std::move(call); }
  void on_writable(std::function<void()> call) override { writable = std::move(call); }

  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  /// Of a watch: "ADDED a", "BOOKMARK", "ERROR 410", ... in order.
  std::vector<std::string> events() const {
    std::vector<std::string> out;
    for (size_t at = 0, end; (end = body.find('\n', at)) != std::string::npos; at = end + 1) {
      auto event = nlohmann::json::parse(body.substr(at, end - at));
      std::string type = event["type"];
      if (type == "ERROR") {
        out.push_back(type + " " + std::to_string(event["object"]["code"].get<int>()));
      } else if (type == "BOOKMARK") {
        bool initial = event["object"]["metadata"].contains("annotations");
        out.push_back(initial ? "BOOKMARK initial" : "BOOKMARK");
      } else {
        out.push_back(type + " " + event["object"]["metadata"]["name"].get<std::string>());
      }
    }
    return out;
  }
};

/// A store and an API server on `host-1`, asked over HTTP's gate, by its own host and by `host-2`.
struct ApiSim : runtime::sim::SimTest {
  std::map<std::string, std::shared_ptr<store::MemoryMedium>> media;
  std::shared_ptr<HttpGate> gate = std::make_shared<HttpGate>();
  store::ShardBounds bounds;  // of every shard
  ShardClient::Bounds waiting;
  io::Duration sync{0};  // how long the store's disk takes
  std::shared_ptr<const Documents> documents;

  void SetUp() override {
    begin(11);
    store::ShardMap map = store::ShardMap::standard();
    std::vector<runtime::ChildSpec> children;
    for (const std::string& name : map.names()) {
      auto medium = media[name] = std::make_shared<store::MemoryMedium>();
      children.push_back(
          {.name = name, .make = store::store_shard({.name = name, .mapping = map, .bounds = bounds}, [=, this] {
                           io::Timers* timers = sync > sync.zero() ? &world->timers() : nullptr;
                           return store::make_memory_engine(medium,
                                                            {.identity = map.identity(name), .timers = timers});
                         })});
      medium->set_faults({.latency_min = sync, .latency_max = sync});
    }
    ApiServerOptions options;
    options.shard_of = [map](KindId kind) { return map.shard_of(kind); };
    options.gate = gate;
    options.shard_bounds = waiting;
    options.documents = documents;
    children.push_back({.name = "api", .make = [options] { return make_api_server(options); }});
    runtime::Host& first = world->add_host(named("host-1"));
    runtime::Host& second = world->add_host(named("host-2"));
    for (runtime::Host* host : {&first, &second}) {
      host->set_role(std::string(runtime::roles::kApiServer), {"host-1/api"});
    }
    for (const std::string& name : map.names()) {
      first.set_role(std::string(runtime::roles::kShardPrefix) + name, {"host-1/" + name});
    }
    ASSERT_TRUE(first.start(runtime::tree(std::move(children), runtime::Strategy::one_for_one, 1000)).ok());
    ASSERT_TRUE(second.start(runtime::tree({})).ok());
    world->connect_all();
    ::k8s::io::api::core::v1::Namespace space;
    space.mutable_metadata()->set_name("default");
    ::k8s::io::api::core::v1::ServiceAccount account;
    account.mutable_metadata()->set_name("default");
    account.mutable_metadata()->set_namespace_("default");
    for (const auto& one :
         {actors::Write::create(kinds::kNamespace, space), actors::Write::create(kinds::kServiceAccount, account)}) {
      auto outcome = write({one});
      ASSERT_FALSE(outcome[0].error) << outcome[0].error->message;
    }
    world->run_for(1s);
  }

  std::vector<actors::WriteOutcome> write(std::vector<actors::Write> writes, const std::string& from = "host-1") {
    return actors::read_outcomes(ask(from, "@api-server", actors::write_message(writes, "test"), 30s), writes.size());
  }
  /// 0 when it was done, else the code of its failure.
  int code_of(const actors::Write& one, const std::string& from) {
    auto outcome = write({one}, from)[0];
    return outcome.error ? outcome.error->code : 0;
  }

  /// Starts a request; the query is "a=b&c=d", not encoded.
  std::shared_ptr<FakeSink> send(const std::string& method, const std::string& path, const std::string& body = "",
                                 http::Headers headers = {}) {
    http::Request request;
    request.method = method;
    size_t mark = path.find('?');
    request.path = path.substr(0, mark);
    for (size_t at = mark; at < path.size();) {
      size_t end = std::min(path.find('&', at + 1), path.size());
      std::string pair = path.substr(at + 1, end - at - 1);
      size_t equals = std::min(pair.find('='), pair.size());
      request.query.emplace_back(pair.substr(0, equals), equals < pair.size() ? pair.substr(equals + 1) : "");
      at = end;
    }
    request.headers = std::move(headers);
    request.body = body;
    request.identity = {.user = "admin", .groups = {"system:masters"}};
    auto sink = std::make_shared<FakeSink>();
    gate->dispatch(std::move(request), sink);
    return sink;
  }
  std::shared_ptr<FakeSink> http(const std::string& method, const std::string& path, const std::string& body = "",
                                 http::Headers headers = {}) {
    auto sink = send(method, path, body, std::move(headers));
    EXPECT_TRUE(world->run_until([&] { return sink->ended; }, 1min)) << method << " " << path;
    return sink;
  }
  /// A watch that has begun.
  std::shared_ptr<FakeSink> watch(const std::string& path) {
    auto sink = send("GET", path);
    EXPECT_TRUE(world->run_until([&] { return sink->status != 0; }, 1min));
    world->run_for(1s);
    return sink;
  }
  void config_map(const std::string& name) {
    EXPECT_EQ(http("POST", "/api/v1/namespaces/default/configmaps",
                   R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":")" + name + "\"}}")
                  ->status,
              201);
  }
  void kill(const std::string& actor) {
    ASSERT_TRUE(ask("host-1", actor, runtime::make_message(bus::KillActor())).ok());
    world->run_for(2s);
  }
};

}  // namespace kabuki::api_server

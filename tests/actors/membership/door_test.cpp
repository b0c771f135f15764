#include "actors/membership/door.hpp"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/membership/member_actor.hpp"
#include "actors/membership/membership_actor.hpp"
#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"
#include "tests/actors/membership/fake_api.hpp"
#include "tests/runtime/test_actor.hpp"

namespace kabuki::membership {
namespace {

using runtime::make_message;
using runtime::MessagePtr;
using std::chrono::seconds;

/// Live hosts in one process, over ZeroMQ with keys.
struct DoorTest : testing::Test {
  io::LiveClock clock;
  io::LiveTimers timers{clock};

  struct Machine {
    std::unique_ptr<runtime::ZmqNetwork> network;
    std::unique_ptr<runtime::Host> host;
    std::unique_ptr<Door> door;
    Machine() = default;
    Machine(Machine&&) = default;
    ~Machine() {
      door.reset();
      if (host) host->stop();
    }
  };

  std::unique_ptr<runtime::ZmqNetwork> listen(const runtime::CurveKeys& keys) {
    auto network =
        runtime::make_zmq_network({.host = "nameless", .listen = "tcp://127.0.0.1:*", .keys = keys}, clock);
    if (!network) throw std::runtime_error(network.error().message);
    return std::move(*network);
  }
  Machine machine(const std::string& name, uint64_t incarnation, std::unique_ptr<runtime::ZmqNetwork> network) {
    Machine made;
    network->rename(name);
    runtime::HostOptions options;
    options.name = name;
    options.incarnation = incarnation;
    runtime::HostServices services;
    services.clock = &clock;
    services.timers = &timers;
    services.network = network.get();
    made.network = std::move(network);
    made.host = runtime::make_live_host(options, services);
    return made;
  }

  static runtime::ChildSpec named_child(const std::string& name,
                                        std::function<std::unique_ptr<runtime::Actor>()> make) {
    runtime::ChildSpec spec;
    spec.name = name;
    spec.make = std::move(make);
    return spec;
  }
  static runtime::ChildSpec member(const runtime::ZmqNetwork& network) {
    MemberOptions options{
        .endpoint = network.endpoint(), .public_key = network.keys().public_key, .pid = 1, .nodes = 0};
    return named_child(kMemberName, [options] { return make_member(options); });
  }
  static runtime::ChildSpec echo() {
    return runtime::child("echo", [](runtime::TestActor& actor) {
      actor.on_message = [](runtime::TestActor&, runtime::Inbound& in) { in.reply.send(in.message); };
    });
  }

  static Result<MessagePtr> ask(runtime::Host& host, const std::string& to, MessagePtr message) {
    auto promise = std::make_shared<std::promise<Result<MessagePtr>>>();
    auto answer = promise->get_future();
    host.ask({to}, std::move(message), seconds(10),
             [promise](Result<MessagePtr> result) { promise->set_value(std::move(result)); });
    return answer.get();
  }
  /// Asks to join until membership has read its table.
  static Result<bus::JoinReply> join(const runtime::JoinFile& file, const bus::Join& what) {
    for (int i = 0;; ++i) {
      auto reply = ask_to_join({file.endpoint, file.server_key}, file.secret, "", what, seconds(10));
      if (reply.ok() || reply.error().code != 503 || i == 10'000) return reply;
    }
  }
};

TEST_F(DoorTest, AJoinFileBringsAHostIn) {
  auto first = machine("host-1", 1, listen(runtime::generate_curve_keys()));
  first.door = std::make_unique<Door>(*first.network, *first.host);
  first.host->set_role("membership", {"host-1/membership"});
  first.host->set_role("api-server", {"host-1/api"});
  auto store = std::make_shared<FakeStore>();
  ASSERT_TRUE(first.host
                  ->start(runtime::tree({named_child("api", [store] { return std::make_unique<FakeApi>(store); }),
                                         named_child(kMembershipName, [] { return make_membership(); }),
                                         member(*first.network), echo()}))
                  .ok());
  auto file = first.door->invite(first.network->endpoint(), 1);

  auto keys = runtime::generate_curve_keys();
  auto network = listen(keys);
  bus::Join request;
  request.set_public_key(keys.public_key);
  request.set_endpoint(network->endpoint());
  auto reply = join(file, request);
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_TRUE(reply->host().starts_with("host-"));
  EXPECT_EQ(reply->incarnation(), 1u);

  auto second = machine(reply->host(), reply->incarnation(), std::move(network));
  apply_members(*second.host, {}, reply->members());
  ASSERT_TRUE(second.host->start(runtime::tree({member(*second.network), echo()})).ok());
  auto answer = ask(*second.host, "host-1/echo", runtime::text("hello"));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(runtime::text_of(*answer), "hello");
  EXPECT_TRUE(ask(*second.host, "@api-server", make_message(bus::GetObjects())).ok());

  // Good for one host: the file's key is not allowed any more, the host's own is.
  EXPECT_EQ(first.network->key_ring().name_of(file.secret.public_key), std::nullopt);
  auto again = ask_to_join({file.endpoint, file.server_key}, keys, "", request, seconds(10));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->host(), reply->host());
  EXPECT_EQ(again->incarnation(), 2u);
}

TEST_F(DoorTest, AWorkersJoinFileMakesNoControlPlaneHost) {
  auto first = machine("host-1", 1, listen(runtime::generate_curve_keys()));
  first.door = std::make_unique<Door>(*first.network, *first.host);
  first.door->offer_kit(bus::MasterKit());
  first.host->set_role("membership", {"host-1/membership"});
  first.host->set_role("api-server", {"host-1/api"});
  auto store = std::make_shared<FakeStore>();
  ASSERT_TRUE(first.host
                  ->start(runtime::tree({named_child("api", [store] { return std::make_unique<FakeApi>(store); }),
                                         named_child(kMembershipName, [] { return make_membership(); }),
                                         member(*first.network)}))
                  .ok());
  bus::Join request;
  request.set_public_key(runtime::generate_curve_keys().public_key);
  request.set_endpoint("tcp://127.0.0.1:1");
  request.set_control_plane(true);
  auto refused = join(first.door->invite(first.network->endpoint(), 0), request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 403);
  EXPECT_NE(refused.error().message.find("join-control-plane.json"), std::string::npos);
  auto let_in = join(first.door->invite(first.network->endpoint(), 0, true), request);
  ASSERT_TRUE(let_in.ok()) << let_in.error().message;
  EXPECT_TRUE(let_in->has_kit());
}

}  // namespace
}  // namespace kabuki::membership

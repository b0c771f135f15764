#pragma once

#include "runtime/sim/world.hpp"
#include "tests/runtime/test_actor.hpp"

namespace kabuki::runtime::sim {

/// A world, hosts in it by name, and asking actors from outside.
struct SimTest : ::testing::Test {
  std::unique_ptr<World> world = std::make_unique<World>(WorldOptions{});

  void begin(uint64_t seed) {
    WorldOptions options;
    options.seed = seed;
    world = std::make_unique<World>(options);
  }

  static HostOptions named(const std::string& name, uint64_t incarnation = 1) {
    HostOptions options;
    options.name = name;
    options.incarnation = incarnation;
    return options;
  }

  Host& add(const std::string& name, SupervisorSpec root, SimHostOptions sim = {}) {
    Host& host = world->add_host(named(name), sim);
    EXPECT_TRUE(host.start(std::move(root)).ok());
    return host;
  }

  Result<MessagePtr> ask(const std::string& from, const std::string& to, MessagePtr message,
                         io::Duration timeout = std::chrono::seconds(5)) {
    auto answer = std::make_shared<std::unique_ptr<Result<MessagePtr>>>();
    world->host(from)->ask({to}, std::move(message), timeout, [answer](Result<MessagePtr> r) {
      EXPECT_FALSE(*answer) << "answered twice";
      *answer = std::make_unique<Result<MessagePtr>>(std::move(r));
    });
    EXPECT_TRUE(world->run_until([answer] { return *answer != nullptr; }, std::chrono::hours(1)));
    return **answer;
  }

  std::string said(const std::string& from, const std::string& to, const std::string& what) {
    return outcome(ask(from, to, text(what)));
  }

  bus::ActorInfo inspect(const std::string& host, const std::string& actor) {
    auto answer = ask(host, actor, make_message(bus::Inspect()));
    const auto* reply = answer.ok() ? (*answer)->as<bus::InspectReply>() : nullptr;
    return reply ? reply->actor() : bus::ActorInfo();
  }
};

inline void echo(TestActor& actor) {
  actor.on_message = [](TestActor&, Inbound& in) { in.reply.send(in.message); };
}

}  // namespace kabuki::runtime::sim

#pragma once

#include <future>

#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"
#include "tests/runtime/test_actor.hpp"

namespace kabuki::runtime {

/// A live host of two threads, and asking it from outside.
struct LiveTest : ::testing::Test {
  io::LiveClock clock;
  io::LiveTimers timers{clock};
  std::unique_ptr<Host> host;

  Result<> start(SupervisorSpec root) {
    HostOptions options;
    options.name = "h";
    HostServices services;
    services.clock = &clock;
    services.timers = &timers;
    host = make_live_host(options, services);
    return host->start(std::move(root));
  }

  Result<MessagePtr> ask(const std::string& to, MessagePtr message, io::Duration timeout = std::chrono::seconds(10)) {
    auto promise = std::make_shared<std::promise<Result<MessagePtr>>>();
    auto answer = promise->get_future();
    host->ask({to}, std::move(message), timeout,
              [promise](Result<MessagePtr> r) { promise->set_value(std::move(r)); });
    return answer.get();
  }
};

}  // namespace kabuki::runtime

#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "messages/bus/control.pb.h"
#include "messages/bus/types.pb.h"
#include "messages/status.hpp"
#include "runtime/host.hpp"

namespace kabuki::runtime {

/// An actor made of functions, with everything it may do open to them.
class TestActor final : public Actor {
 public:
  std::function<void(TestActor&)> on_start;
  std::function<void(TestActor&, Inbound&)> on_message;
  std::function<void(TestActor&)> on_stop;
  std::function<void(TestActor&, const std::string&, const ExitReason&)> on_child_ended;
  bool takes_rest = false;

  using Actor::after;
  using Actor::ask;
  using Actor::cancel;
  using Actor::children;
  using Actor::demonitor;
  using Actor::end;
  using Actor::fail;
  using Actor::forward;
  using Actor::has_child;
  using Actor::host;
  using Actor::mailbox;
  using Actor::monitor;
  using Actor::mono;
  using Actor::name;
  using Actor::now;
  using Actor::random;
  using Actor::spawn;
  using Actor::stop_child;
  using Actor::tell;

 private:
  void started() override {
    if (on_start) on_start(*this);
  }
  void received(Inbound& in) override {
    if (on_message) return on_message(*this, in);
    in.reply.send(make_message(bus::Empty()));
  }
  void stopping() override {
    if (on_stop) on_stop(*this);
  }
  void child_ended(const std::string& name, const ExitReason& reason) override {
    if (on_child_ended) on_child_ended(*this, name, reason);
  }
  bool resolves_rest() const override { return takes_rest; }
};

inline MessagePtr empty() { return make_message(bus::Empty()); }

/// A message that carries a text: the verb does not matter to the runtime.
inline MessagePtr text(const std::string& what) {
  bus::CrashContainer verb;
  verb.set_container(what);
  return make_message(verb);
}
inline std::string text_of(const MessagePtr& message) {
  const auto* verb = message ? message->as<bus::CrashContainer>() : nullptr;
  return verb ? verb->container() : "";
}
/// The text of an answer, or "code reason: message" of its failure.
inline std::string outcome(const Result<MessagePtr>& result) {
  if (result.ok()) return text_of(*result);
  return std::to_string(result.error().code) + " " + result.error().reason + ": " + result.error().message;
}

inline ChildSpec child(std::string name, std::function<void(TestActor&)> build,
                       Restart restart = Restart::permanent) {
  ChildSpec spec;
  spec.name = std::move(name);
  spec.restart = restart;
  spec.make = [build = std::move(build)] {
    auto actor = std::make_unique<TestActor>();
    build(*actor);
    return actor;
  };
  return spec;
}

inline SupervisorSpec tree(std::vector<ChildSpec> children, Strategy strategy = Strategy::one_for_one,
                           int intensity = 10) {
  SupervisorSpec spec;
  spec.strategy = strategy;
  spec.intensity = intensity;
  spec.children = std::move(children);
  return spec;
}

}  // namespace kabuki::runtime

#pragma once

#include <functional>
#include <string>
#include <utility>

#include "runtime/actor.hpp"

namespace kabuki::runtime {

namespace detail {

// A derived class may name the protected members of Actor; what it names are members of Actor itself.
struct ActorVerbs : Actor {
  static const std::string& name_of(const Actor& a) { return (a.*&ActorVerbs::name)(); }
  static const std::string& host_name_of(const Actor& a) { return (a.*&ActorVerbs::host_name)(); }
  static Host& host_of(const Actor& a) { return (a.*&ActorVerbs::host)(); }
  static io::WallTime now_of(const Actor& a) { return (a.*&ActorVerbs::now)(); }
  static io::MonoTime mono_of(const Actor& a) { return (a.*&ActorVerbs::mono)(); }
  static io::Random& random_of(Actor& a) { return (a.*&ActorVerbs::random)(); }
  static Mailbox mailbox_of(const Actor& a) { return (a.*&ActorVerbs::mailbox)(); }
  static void tell_as(Actor& a, const Address& to, MessagePtr message) {
    (a.*&ActorVerbs::tell)(to, std::move(message));
  }
  static void ask_as(Actor& a, const Address& to, MessagePtr message, io::Duration timeout, AskHandler handler) {
    (a.*&ActorVerbs::ask)(to, std::move(message), timeout, std::move(handler));
  }
  static TimerId after_as(Actor& a, io::Duration delay, std::function<void()> run) {
    return (a.*&ActorVerbs::after)(delay, std::move(run));
  }
  static void cancel_as(Actor& a, TimerId timer) { (a.*&ActorVerbs::cancel)(timer); }
  static MonitorId monitor_as(Actor& a, const Address& who, std::function<void(const ExitReason&)> ended) {
    return (a.*&ActorVerbs::monitor)(who, std::move(ended));
  }
  static void demonitor_as(Actor& a, MonitorId monitor) { (a.*&ActorVerbs::demonitor)(monitor); }
};

}  // namespace detail

/// Lends an actor's own verbs to a part of it: for member objects (a watch client, a retrying writer) that speak for
/// the actor they belong to. Used from inside the actor only, and never from its constructor.
class ActorTools {
 public:
  using AskHandler = std::function<void(Result<MessagePtr>)>;
  using TimerId = uint64_t;
  using MonitorId = uint64_t;

  explicit ActorTools(Actor& actor) : actor_(actor) {}

  const std::string& name() const { return Verbs::name_of(actor_); }
  const std::string& host_name() const { return Verbs::host_name_of(actor_); }
  Host& host() const { return Verbs::host_of(actor_); }
  Address address() const { return {name()}; }
  io::WallTime now() const { return Verbs::now_of(actor_); }
  io::MonoTime mono() const { return Verbs::mono_of(actor_); }
  io::Random& random() const { return Verbs::random_of(actor_); }
  Mailbox mailbox() const { return Verbs::mailbox_of(actor_); }
  void tell(const Address& to, MessagePtr message) const { Verbs::tell_as(actor_, to, std::move(message)); }
  void ask(const Address& to, MessagePtr message, io::Duration timeout, AskHandler handler) const {
    Verbs::ask_as(actor_, to, std::move(message), timeout, std::move(handler));
  }
  TimerId after(io::Duration delay, std::function<void()> run) const {
    return Verbs::after_as(actor_, delay, std::move(run));
  }
  void cancel(TimerId timer) const { Verbs::cancel_as(actor_, timer); }
  MonitorId monitor(const Address& who, std::function<void(const ExitReason&)> ended) const {
    return Verbs::monitor_as(actor_, who, std::move(ended));
  }
  void demonitor(MonitorId monitor) const { Verbs::demonitor_as(actor_, monitor); }

 private:
  using Verbs = detail::ActorVerbs;
  Actor& actor_;
};

}  // namespace kabuki::runtime

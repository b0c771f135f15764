#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"
#include "runtime/address.hpp"
#include "runtime/io/clock.hpp"
#include "runtime/io/random.hpp"
#include "runtime/message.hpp"

namespace kabuki::runtime {

class ActorCell;  // the CAF actor that hosts an Actor; runtime/actor_cell.hpp
class Host;

/// Answers one ask, once. Movable; one that goes away unanswered (its actor died, a handler forgot) answers
/// Unavailable by itself, so that nobody waits for a timeout. After a tell, answers go nowhere.
class Reply {
 public:
  Reply() = default;
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&& other) noexcept;
  ~Reply();

  void send(MessagePtr message);
  void fail(Error error);
  /// Either of the two.
  void complete(Result<MessagePtr> result);
  /// Whether anybody waits.
  bool wanted() const { return static_cast<bool>(answer_); }

  using Answer = std::function<void(Result<MessagePtr>)>;
  explicit Reply(Answer answer) : answer_(std::move(answer)) {}

 private:
  Answer answer_;
};

/// A message as its receiver sees it.
struct Inbound {
  MessagePtr message;
  Address from;
  /// The host it came from, proven by its key; never from the message's content.
  std::string from_host;
  /// What is left of the address below the receiver: set when a supervisor is asked for a child it resolves itself.
  std::string rest;
  Reply reply;

  template <class T>
  const T* as() const {
    return message->as<T>();
  }
};

/// Why an actor ended. `normal` and `shutdown` are no failures.
struct ExitReason {
  enum class Kind { normal, shutdown, failed, killed };
  Kind kind = Kind::normal;
  std::string what;
  bool abnormal() const { return kind == Kind::failed || kind == Kind::killed; }
};

/// Lets threads that are not actors (HTTP, the store's engine) and timers run a function inside an actor, in order
/// with its messages. Cheap to copy; does nothing once the actor is gone.
class Mailbox {
 public:
  Mailbox() = default;
  /// False when the actor is known to be gone.
  bool post(std::function<void()> run) const;

 private:
  friend class Actor;
  friend class ActorCell;
  struct Target;
  std::shared_ptr<Target> target_;
};

/// What every component derives from: receives one message at a time, on no thread of its own. An exception out of
/// any handler ends the actor and its supervisor decides; nothing is caught inside. All members are to be used from
/// inside the actor only, never from its constructor.
class Actor {
 public:
  virtual ~Actor();

 protected:
  using AskHandler = std::function<void(Result<MessagePtr>)>;
  using TimerId = uint64_t;

  /// First thing on its own thread of control; a failure here counts as a failed start.
  virtual void started() {}
  /// Every message. What is not understood is to be refused: in.reply.fail(bad_request(...)).
  virtual void received(Inbound& in) = 0;
  /// Asked to shut down; the actor ends when this returns (children first).
  virtual void stopping() {}
  /// A child that this actor spawned itself has ended. Its name is free again.
  virtual void child_ended(const std::string& name, const ExitReason& reason) {}
  /// One line for `kabuki status`: what the actor is doing; "" says nothing.
  virtual std::string health() const { return {}; }
  /// Whether messages to names below this actor that are not its children come to it, with Inbound::rest set. Else
  /// they are refused as Unavailable.
  virtual bool resolves_rest() const { return false; }

  /// Full name: `host-3/kubelet/node-17`.
  const std::string& name() const;
  Address address() const { return {name()}; }
  /// Of the host it runs on: `host-3`.
  const std::string& host_name() const;
  Host& host() const;
  io::WallTime now() const;
  io::MonoTime mono() const;
  /// This actor's own stream, split off by its name and restarts.
  io::Random& random();

  void tell(const Address& to, MessagePtr message);
  /// `handler` is called exactly once, inside this actor: with the reply, with the receiver's error, with Unavailable
  /// when there is no such actor or it died, or with Timeout (504) after `timeout`. Not called once this actor ended.
  void ask(const Address& to, MessagePtr message, io::Duration timeout, AskHandler handler);
  TimerId after(io::Duration delay, std::function<void()> run);
  void cancel(TimerId timer);
  Mailbox mailbox() const;

  /// Calls `ended` once inside this actor when `who` ends, its host goes silent or restarts, or there is no such
  /// actor now. Roles are resolved at once. Forgotten when this actor ends.
  using MonitorId = uint64_t;
  MonitorId monitor(const Address& who, std::function<void(const ExitReason&)> ended);
  void demonitor(MonitorId monitor);

  /// Starts `actor` as a temporary child named `name() + "/" + child`; it is never restarted by the runtime, its
  /// end comes as child_ended, and it ends with its parent. Messages to names below this actor are handed to it
  /// as they are when a child of that name is there. Fails when the name is taken.
  Result<> spawn(const std::string& child, std::unique_ptr<Actor> actor);
  /// Asks a child to shut down; child_ended follows. Kills when `kill`.
  void stop_child(const std::string& child, bool kill = false);
  bool has_child(const std::string& child) const;
  std::vector<std::string> children() const;
  /// Hands `in` on to an actor of this host, keeping who asked.
  void forward(const Address& to, Inbound in);

  /// Ends this actor after the current handler: normally, or as a failure.
  void end();
  void fail(std::string what);

 private:
  friend class ActorCell;
  friend class Supervisor;
  ActorCell* cell_ = nullptr;
};

}  // namespace kabuki::runtime

#pragma once

#include <caf/event_based_actor.hpp>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "messages/bus/control.pb.h"
#include "runtime/actor.hpp"
#include "runtime/admission.hpp"
#include "runtime/caf_envelope.hpp"
#include "runtime/supervisor_actor.hpp"

namespace kabuki::runtime {

class HostCore;

/// What a new cell is made of.
struct CellInit {
  HostCore* host = nullptr;
  std::unique_ptr<Actor> actor;
  std::string name;       // full
  CellPtr parent;         // null: the root
  uint64_t instance = 0;  // unique in its host
  uint64_t seed = 0;      // of its random stream
  uint32_t restarts = 0;
  bool registered = false;  // in the host's table of names
  bool supervised = false;  // its parent is a supervisor
};

/// The CAF actor that hosts an Actor: takes envelopes from its mailbox one at a time, keeps what the actor waits for
/// (asks, timers, monitors), its children, and ends it. Uses no request, link, monitor or timeout of CAF's, because
/// each of them leaks or is lost in some case. What is seldom needed is allocated on first use: pods are many.
class ActorCell final : public caf::event_based_actor {
 public:
  ActorCell(caf::actor_config& config, CellInit* init);
  ~ActorCell() override;
  const char* name() const override { return "cell"; }

  caf::invoke_message_result consume(caf::mailbox_element& element) override;
  void on_exit() override;

  /// Whether there is room for it in the mailbox. Thread-safe.
  bool admit(Envelope* envelope) { return !admission_ || admission_->enter(envelope); }

  // What Actor's members call; from inside the actor only.
  const std::string& full_name() const { return name_; }
  bool one_of_many() const { return one_of_many_; }
  HostCore& host() const { return *host_; }
  io::Random& random();
  void tell(const Address& to, MessagePtr message);
  void ask(const Address& to, MessagePtr message, io::Duration timeout,
           std::function<void(Result<MessagePtr>)> handler);
  uint64_t after(io::Duration delay, std::function<void()> run);
  void cancel(uint64_t timer);
  uint64_t monitor(const Address& who, std::function<void(const ExitReason&)> ended);
  void demonitor(uint64_t id);
  Mailbox mailbox();
  void end(ExitReason reason);
  void forward(const Address& to, Inbound in);

  /// Starts a child; its instance, or an error when the name is taken.
  Result<uint64_t> spawn(const std::string& child, std::unique_ptr<Actor> actor, bool supervised, uint32_t restarts);
  void stop_child(std::string_view child, bool kill);
  bool has_child(std::string_view child) const;
  std::vector<std::string> children() const;
  /// A supervisor's word that all its children have started.
  void notify_started();

  /// Drops everything without a word to anybody, children first: the host crashed. From outside, with nothing
  /// running.
  void crash();

 private:
  enum class State : uint8_t { starting, running, stopping, ending, ended };
  struct Ask {
    std::function<void(Result<MessagePtr>)> handler;
    uint64_t timer = 0;
    uint64_t remote = 0;  // the router's id of it, 0 when local
  };
  struct Timer {
    std::function<void()> run;
    uint64_t timer = 0;
  };
  struct Monitor {
    Address who;
    std::function<void(const ExitReason&)> ended;
    uint64_t remote = 0;  // the router's id of it, 0 when local
  };
  struct Inspection;
  template <class V>
  using Lazy = std::unique_ptr<std::map<uint64_t, V>>;
  using Children = std::map<std::string_view, CellPtr>;  // keys are within the children's own names

  caf::behavior make_behavior() override;

  uint64_t begin_ask(io::Duration timeout, std::function<void(Result<MessagePtr>)> handler);
  Inbound question(uint64_t id, MessagePtr message);
  void handle(Envelope& e);
  void handle_start();
  void handle_message(Envelope& e);
  void handle_reply(uint64_t id, Result<MessagePtr> result);
  void handle_timer(uint64_t id);
  void handle_down(uint64_t id, const ExitReason& reason);
  void handle_child_ended(Envelope& e);
  void handle_stop();
  bool hand_to_child(Envelope& e);
  void answer_inspect(Inbound& in);
  void answer_kill(Inbound& in);
  void list_children(std::shared_ptr<Inspection> inspection, uint32_t depth);

  /// Runs a piece of the component; an exception ends it as failed.
  template <class F>
  void guarded(F&& piece) {
    try {
      piece();
    } catch (...) {
      failed_by(std::current_exception());
    }
  }
  void failed_by(const std::exception_ptr& exception);
  void begin_ending(ExitReason reason);
  void stop_all_children(bool kill);
  void finish_if_alone();
  void release_component();
  bool takes_messages() const { return state_ <= State::stopping && component_; }
  WeakCell weak() { return WeakCell(ctrl()); }
  uint64_t next_id() { return ++last_id_; }
  std::string_view child_name(std::string_view full) const { return full.substr(name_.size() + 1); }

  HostCore* const host_;
  std::unique_ptr<Actor> component_;
  SupervisorActor* supervisor_ = nullptr;  // the component, when it is one
  const std::string name_;
  CellPtr parent_;
  const uint64_t instance_;
  const uint64_t seed_;
  uint64_t last_id_ = 0;
  uint64_t children_made_ = 0;
  const uint32_t restarts_;
  State state_ = State::starting;
  const bool registered_;
  const bool supervised_;
  const bool one_of_many_;
  bool told_started_ = false;
  std::unique_ptr<Admission> admission_;  // of bounded mailboxes
  std::unique_ptr<ExitReason> exit_;      // asked for, or under way
  std::unique_ptr<io::Random> random_;
  Lazy<Ask> asks_;
  Lazy<Timer> timers_;
  Lazy<Monitor> monitors_;
  Lazy<std::unique_ptr<Watch>> watches_;
  std::unique_ptr<Children> children_;
  std::shared_ptr<Mailbox::Target> mailbox_target_;
};

}  // namespace kabuki::runtime

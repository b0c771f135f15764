#include "runtime/actor_cell.hpp"

#include <caf/behavior.hpp>

#include "messages/status.hpp"
#include "runtime/caf_host.hpp"
#include "runtime/log.hpp"
#include "runtime/mailbox.hpp"
#include "runtime/one_of_many.hpp"

namespace kabuki::runtime {
namespace {

std::string_view kind_name(Envelope::Kind kind) {
  static constexpr std::string_view kNames[] = {"start",       "message",       "watch",      "unwatch", "reply",
                                                "ask_timeout", "timer",         "run",        "down",    "stop",
                                                "kill",        "child_started", "child_ended"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view what(const Envelope& e) {
  if (e.in.message && e.in.message->body) return e.in.message->body->GetDescriptor()->name();
  return kind_name(e.kind);
}

template <class Lazy>
auto& make(Lazy& lazy) {
  if (!lazy) lazy = std::make_unique<typename Lazy::element_type>();
  return *lazy;
}

template <class Lazy>
auto take(Lazy& lazy, uint64_t id) -> std::optional<typename Lazy::element_type::mapped_type> {
  if (!lazy) return std::nullopt;
  auto found = lazy->find(id);
  if (found == lazy->end()) return std::nullopt;
  auto value = std::move(found->second);
  lazy->erase(found);
  if (lazy->empty()) lazy.reset();
  return value;
}

}  // namespace

ActorCell::ActorCell(caf::actor_config& config, CellInit* init)
    : caf::event_based_actor(config),
      host_(init->host),
      component_(std::move(init->actor)),
      supervisor_(dynamic_cast<SupervisorActor*>(component_.get())),
      name_(std::move(init->name)),
      parent_(std::move(init->parent)),
      instance_(init->instance),
      seed_(init->seed),
      restarts_(init->restarts),
      registered_(init->registered),
      supervised_(init->supervised),
      one_of_many_(dynamic_cast<OneOfMany*>(component_.get())) {
  component_->cell_ = this;
  if (const auto* bounded = dynamic_cast<const BoundedMailbox*>(component_.get())) {
    auto& refused = host_->metrics().counter("kabuki_asks_refused_total", {{"actor", name_}});
    admission_ = std::make_unique<Admission>(bounded->mailbox_bounds(), refused);
  }
}

ActorCell::~ActorCell() = default;

caf::behavior ActorCell::make_behavior() {
  // CAF ends an actor without behavior. This one is never asked: consume() takes everything.
  static const caf::behavior shared{[](int) {}};
  return shared;
}

caf::invoke_message_result ActorCell::consume(caf::mailbox_element& element) {
  auto& envelope = static_cast<Envelope&>(element);
  host_->step(name_, what(envelope));
  if (admission_) admission_->leave(envelope);
  handle(envelope);
  if (exit_ && state_ < State::ending) begin_ending(*exit_);
  return caf::invoke_message_result::consumed;
}

void ActorCell::failed_by(const std::exception_ptr& exception) {
  std::string why = "unknown exception";
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    why = e.what();
  } catch (...) {
  }
  log(Level::error, name_, "actor failed", {{"why", why}});
  exit_ = std::make_unique<ExitReason>(ExitReason{ExitReason::Kind::failed, why});
}

void ActorCell::handle(Envelope& e) {
  using Kind = Envelope::Kind;
  switch (e.kind) {
    case Kind::start:
      return handle_start();
    case Kind::message:
      return handle_message(e);
    case Kind::watch:
      if (!e.in.rest.empty()) {
        hand_to_child(e);
      } else if (state_ < State::ended) {
        if (e.watch->attached) e.watch->attached(instance_);
        make(watches_)[e.watch->id] = std::move(e.watch);
      }
      return;
    case Kind::unwatch:
      if (!e.in.rest.empty()) {
        hand_to_child(e);
      } else if (auto watch = take(watches_, e.id)) {
        (*watch)->ended = nullptr;
      }
      return;
    case Kind::reply:
      return handle_reply(e.id, e.error ? Result<MessagePtr>(std::move(*e.error)) : std::move(e.in.message));
    case Kind::ask_timeout:
      return handle_reply(e.id, timed_out("no answer in time"));
    case Kind::timer:
      return handle_timer(e.id);
    case Kind::run:
      if (takes_messages()) guarded(e.run);
      return;
    case Kind::down:
      return handle_down(e.id, e.reason);
    case Kind::stop:
      return handle_stop();
    case Kind::kill:
      return begin_ending({ExitReason::Kind::killed, e.reason.what});
    case Kind::child_started:
      if (supervisor_ && takes_messages()) guarded([&] { supervisor_->child_started(e.instance); });
      return;
    case Kind::child_ended:
      return handle_child_ended(e);
  }
}

void ActorCell::handle_start() {
  if (state_ != State::starting) return;
  guarded([&] { component_->started(); });
  if (exit_) return;
  state_ = State::running;
  if (!supervisor_) notify_started();
}

void ActorCell::notify_started() {
  if (std::exchange(told_started_, true)) return;
  if (!parent_) return host_->root_started();
  if (!supervised_) return;
  auto envelope = make_envelope(Envelope::Kind::child_started);
  envelope->instance = instance_;
  post(parent_, std::move(envelope));
}

void ActorCell::handle_message(Envelope& e) {
  if (!e.in.rest.empty() && hand_to_child(e)) return;
  if (!takes_messages()) return e.in.reply.fail(unavailable("actor " + name_ + " is ending"));
  if (!e.in.rest.empty() && !component_->resolves_rest())
    return e.in.reply.fail(unavailable("no actor " + name_ + "/" + e.in.rest));
  if (!e.in.message) return;
  if (e.in.rest.empty()) {
    if (e.in.as<bus::Inspect>()) return answer_inspect(e.in);
    if (e.in.as<bus::KillActor>()) return answer_kill(e.in);
  }
  guarded([&] { component_->received(e.in); });
}

void ActorCell::handle_reply(uint64_t id, Result<MessagePtr> result) {
  auto ask = take(asks_, id);
  if (!ask) return;
  if (ask->timer) host_->services().timers->cancel(ask->timer);
  if (ask->remote) host_->router().forget_ask(ask->remote);
  if (takes_messages()) guarded([&] { ask->handler(std::move(result)); });
}

void ActorCell::handle_timer(uint64_t id) {
  auto timer = take(timers_, id);
  if (!timer) return;
  if (takes_messages()) {
    guarded(timer->run);
  } else if (state_ == State::ending) {
    timer->run();  // the limit on the children's end
  }
}

void ActorCell::handle_down(uint64_t id, const ExitReason& reason) {
  auto monitor = take(monitors_, id);
  if (monitor && takes_messages()) guarded([&] { monitor->ended(reason); });
}

void ActorCell::handle_stop() {
  if (state_ >= State::stopping) return;
  if (supervisor_) {
    state_ = State::stopping;
    return guarded([&] { supervisor_->stop_requested(); });
  }
  state_ = State::stopping;
  stop_all_children(false);
  finish_if_alone();
}

void ActorCell::begin_ending(ExitReason reason) {
  const bool kill = reason.kind == ExitReason::Kind::killed;
  if (state_ == State::ended) return;
  if (state_ == State::ending) {
    if (kill) stop_all_children(true);
    return;
  }
  state_ = State::ending;
  exit_ = std::make_unique<ExitReason>(std::move(reason));
  release_component();
  stop_all_children(kill);
  finish_if_alone();
}

void ActorCell::finish_if_alone() {
  if (children_) return;
  if (state_ == State::stopping && !supervisor_) {
    guarded([&] { component_->stopping(); });
    return begin_ending(exit_ ? *exit_ : ExitReason{ExitReason::Kind::shutdown, {}});
  }
  if (state_ == State::ending) quit();
}

void ActorCell::release_component() {
  auto& timers = *host_->services().timers;
  if (timers_)
    for (auto& [id, timer] : *timers_) timers.cancel(timer.timer);
  if (asks_) {
    for (auto& [id, ask] : *asks_) {
      if (ask.timer) timers.cancel(ask.timer);
      if (ask.remote) host_->router().forget_ask(ask.remote);
    }
  }
  if (monitors_)
    for (auto& [id, monitor] : *monitors_) host_->router().forget_watch(monitor.who, id, monitor.remote);
  // What the handlers hold may answer somebody on its way out, so the order is fixed.
  timers_.reset();
  asks_.reset();
  monitors_.reset();
  supervisor_ = nullptr;
  component_.reset();
  random_.reset();
  mailbox_target_.reset();
}

void ActorCell::on_exit() {
  if (state_ == State::ended) return;
  state_ = State::ended;
  release_component();
  const CellPtr self(ctrl());
  const Address address{name_};
  if (registered_) host_->router().remove_name(address.local(), self);
  const ExitReason reason = exit_ ? *exit_ : ExitReason{};
  if (watches_)
    for (auto& [id, watch] : *watches_) watch->notify(reason);
  watches_.reset();
  if (!parent_) return host_->root_ended(reason);
  auto envelope = make_envelope(Envelope::Kind::child_ended);
  envelope->instance = instance_;
  envelope->in.rest = name_;
  envelope->reason = reason;
  post(std::exchange(parent_, nullptr), std::move(envelope));
}

void ActorCell::crash() {
  if (children_) {
    for (auto& [name, child] : *children_)
      static_cast<ActorCell*>(caf::actor_cast<caf::abstract_actor*>(child))->crash();
  }
  state_ = State::ended;
  release_component();
  if (watches_)
    for (auto& [id, watch] : *watches_) watch->ended = nullptr;
  watches_.reset();
  parent_ = nullptr;
  cleanup(caf::exit_reason::kill, nullptr);
  bhvr_stack_.clear();
  children_.reset();
}

// --- what the component waits for

io::Random& ActorCell::random() {
  if (!random_) random_ = std::make_unique<io::Random>(seed_);
  return *random_;
}

void ActorCell::tell(const Address& to, MessagePtr message) {
  Inbound in;
  in.message = std::move(message);
  in.from = {name_};
  host_->router().send(to, std::move(in));
}

uint64_t ActorCell::begin_ask(io::Duration timeout, std::function<void(Result<MessagePtr>)> handler) {
  const uint64_t id = next_id();
  Ask entry;
  entry.handler = std::move(handler);
  entry.timer = host_->services().timers->after(
      timeout, [self = weak(), id] { post(self, make_envelope(Envelope::Kind::ask_timeout, id)); });
  make(asks_).emplace(id, std::move(entry));
  return id;
}

Inbound ActorCell::question(uint64_t id, MessagePtr message) {
  Inbound in;
  in.message = std::move(message);
  in.from = {name_};
  in.from_host = host_->options().name;
  in.reply = Reply([self = weak(), id](Result<MessagePtr> result) {
    auto envelope = make_envelope(Envelope::Kind::reply, id);
    if (result.ok()) {
      envelope->in.message = std::move(*result);
    } else {
      envelope->error = std::make_unique<Error>(std::move(result.error()));
    }
    post(self, std::move(envelope));
  });
  return in;
}

void ActorCell::ask(const Address& to, MessagePtr message, io::Duration timeout,
                    std::function<void(Result<MessagePtr>)> handler) {
  const uint64_t id = begin_ask(timeout, std::move(handler));
  const uint64_t remote = host_->router().send(to, question(id, std::move(message)));
  if (remote) (*asks_)[id].remote = remote;
}

uint64_t ActorCell::after(io::Duration delay, std::function<void()> run) {
  const uint64_t id = next_id();
  Timer entry;
  entry.run = std::move(run);
  entry.timer = host_->services().timers->after(
      delay, [self = weak(), id] { post(self, make_envelope(Envelope::Kind::timer, id)); });
  make(timers_).emplace(id, std::move(entry));
  return id;
}

void ActorCell::cancel(uint64_t id) {
  if (auto timer = take(timers_, id)) host_->services().timers->cancel(timer->timer);
}

uint64_t ActorCell::monitor(const Address& who, std::function<void(const ExitReason&)> ended) {
  const uint64_t id = host_->router().next_id();
  auto watch = std::make_unique<Watch>();
  watch->id = id;
  watch->ended = [self = weak(), id](const ExitReason& reason) {
    auto envelope = make_envelope(Envelope::Kind::down, id);
    envelope->reason = reason;
    post(self, std::move(envelope));
  };
  Monitor entry;
  entry.who = who;
  entry.ended = std::move(ended);
  entry.remote = host_->router().watch(who, std::move(watch));
  make(monitors_).emplace(id, std::move(entry));
  return id;
}

void ActorCell::demonitor(uint64_t id) {
  if (auto monitor = take(monitors_, id)) host_->router().forget_watch(monitor->who, id, monitor->remote);
}

Mailbox ActorCell::mailbox() {
  if (!mailbox_target_) {
    mailbox_target_ = std::make_shared<Mailbox::Target>();
    mailbox_target_->cell = weak();
  }
  Mailbox mailbox;
  mailbox.target_ = mailbox_target_;
  return mailbox;
}

void ActorCell::end(ExitReason reason) {
  if (!exit_) exit_ = std::make_unique<ExitReason>(std::move(reason));
}

void ActorCell::forward(const Address& to, Inbound in) {
  in.rest.clear();
  host_->router().send(to, std::move(in));
}

}  // namespace kabuki::runtime

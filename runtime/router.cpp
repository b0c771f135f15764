#include "runtime/router.hpp"

#include <google/protobuf/stubs/logging.h>

#include "messages/bus/control.pb.h"
#include "messages/status.hpp"
#include "runtime/actor_cell.hpp"

namespace kabuki::runtime {

Router::Router(const HostOptions& options, const HostServices& services, std::shared_ptr<Metrics> metrics)
    : name_(options.name),
      incarnation_(options.incarnation),
      services_(services),
      metrics_(std::move(metrics)),
      corrupt_(metrics_->counter("kabuki_frames_corrupt_total")),
      stale_(metrics_->counter("kabuki_frames_stale_total")),
      undeliverable_(metrics_->counter("kabuki_messages_undeliverable_total")),
      sent_(metrics_->counter("kabuki_frames_sent_total")),
      received_(metrics_->counter("kabuki_frames_received_total")) {
  metrics_->describe("kabuki_frames_corrupt_total", "Frames from other hosts that were refused as malformed.");
  metrics_->describe("kabuki_frames_stale_total", "Frames dropped for a past incarnation of either side.");
  metrics_->describe("kabuki_asks_refused_total", "Asks refused by 429 because the mailbox was full, by actor.");
  metrics_->describe("kabuki_messages_undeliverable_total", "Messages for a name or role that nobody had.");
}

void Router::open() {
  // What is malformed is counted; Protobuf's own complaints would let a peer fill standard error.
  static std::once_flag silenced;
  std::call_once(silenced, [] { google::protobuf::SetLogHandler(nullptr); });
  if (!services_.network) return;
  const std::weak_ptr<Router> self = weak_from_this();
  services_.network->listen(
      [self](const std::string& from, std::string frame) {
        if (auto router = self.lock()) router->receive(from, frame);
      },
      [self](const std::string& host, bool up) {
        if (auto router = self.lock()) router->peer_changed(host, up);
      });
  services_.network->start();
}

void Router::close() {
  if (closed_.exchange(true)) return;
  if (services_.network) services_.network->stop();
  Names names;
  std::map<uint64_t, RemoteAsk> asks;
  std::map<uint64_t, RemoteWatch> watches;
  {
    std::unique_lock lock(names_mutex_);
    names.swap(names_);
  }
  {
    std::lock_guard lock(remote_mutex_);
    asks.swap(asks_);
    watches.swap(watches_);
    incoming_.clear();
    untold_ends_ = 0;
    peer_calls_.clear();
  }
}

void Router::add_name(std::string_view local, CellPtr cell) {
  std::unique_lock lock(names_mutex_);
  names_[std::string(local)] = std::move(cell);
}

void Router::remove_name(std::string_view local, const CellPtr& cell) {
  std::unique_lock lock(names_mutex_);
  auto found = names_.find(local);
  if (found != names_.end() && found->second == cell) names_.erase(found);
}

Result<Address> Router::resolve(const Address& to) const {
  if (!to.is_role()) return to;
  std::shared_lock lock(names_mutex_);
  auto found = roles_.find(std::string(to.local()));
  if (found == roles_.end()) return unavailable("nobody holds the role " + to.text);
  return found->second;
}

void Router::deliver(std::string_view local, EnvelopePtr envelope) {
  CellPtr cell;
  std::string_view prefix = local;
  {
    std::shared_lock lock(names_mutex_);
    for (;;) {
      if (auto found = names_.find(prefix); found != names_.end()) {
        cell = found->second;
        break;
      }
      if (prefix.empty()) break;
      const auto slash = prefix.rfind('/');
      prefix = slash == std::string_view::npos ? std::string_view() : prefix.substr(0, slash);
    }
  }
  if (!cell || closed_) {
    undeliverable_.add();
    return envelope->in.reply.fail(unavailable("no actor " + name_ + "/" + std::string(local)));
  }
  if (prefix.size() < local.size()) envelope->in.rest = local.substr(prefix.empty() ? 0 : prefix.size() + 1);
  if (!static_cast<ActorCell*>(cell->get())->admit(envelope.get())) {
    return envelope->in.reply.fail(too_many_requests(
        "actor " + name_ + "/" + std::string(prefix) + " has too many requests waiting, please try again later", 1));
  }
  post(cell, std::move(envelope));
}

uint64_t Router::send(const Address& to, Inbound in) {
  auto target = resolve(to);
  if (!target.ok() || closed_) {
    undeliverable_.add();
    in.reply.fail(target.ok() ? unavailable("host " + name_ + " is stopping") : std::move(target.error()));
    return 0;
  }
  if (is_here(*target)) {
    const bool urgent = in.message && (in.as<bus::Inspect>() || in.as<bus::KillActor>());
    auto envelope = std::make_unique<Envelope>(Envelope::Kind::message, urgent);
    envelope->in = std::move(in);
    if (envelope->in.from_host.empty()) envelope->in.from_host = name_;
    deliver(target->local(), std::move(envelope));
    return 0;
  }
  const std::string peer(target->host());
  const bool wanted = in.reply.wanted();
  if (wanted && is_silent(peer)) {
    undeliverable_.add();
    in.reply.fail(unavailable("host " + peer + " is silent"));
    return 0;
  }
  const uint64_t id = wanted ? next_id() : 0;
  auto frame = make_frame(wanted ? bus::Frame::ASK : bus::Frame::TELL, peer, id);
  frame.set_to(target->text);
  frame.set_from(in.from.text);
  frame.set_message(encode_message(*in.message));
  if (wanted) {
    std::lock_guard lock(remote_mutex_);
    asks_[id] = {peer, std::make_unique<Reply>(std::move(in.reply))};
  }
  auto sent = send_frame(frame);
  if (sent.ok()) return id;
  undeliverable_.add();
  std::unique_ptr<Reply> reply;
  if (wanted) {
    std::lock_guard lock(remote_mutex_);
    if (auto found = asks_.find(id); found != asks_.end()) {
      reply = std::move(found->second.reply);
      asks_.erase(found);
    }
  }
  if (reply) reply->fail(std::move(sent.error()));
  return 0;
}

void Router::forget_ask(uint64_t id) {
  std::unique_ptr<Reply> dropped;  // its late answer finds nobody
  std::lock_guard lock(remote_mutex_);
  auto found = asks_.find(id);
  if (found == asks_.end()) return;
  dropped = std::move(found->second.reply);
  asks_.erase(found);
}

uint64_t Router::watch(const Address& who, std::unique_ptr<Watch> watch) {
  auto target = resolve(who);
  if (!target.ok() || closed_) {
    watch->notify({ExitReason::Kind::failed, target.ok() ? "the host is stopping" : target.error().message});
    return 0;
  }
  if (is_here(*target)) {
    auto envelope = make_envelope(Envelope::Kind::watch);
    envelope->watch = std::move(watch);
    deliver(target->local(), std::move(envelope));
    return 0;
  }
  const std::string peer(target->host());
  if (is_silent(peer)) {
    watch->notify({ExitReason::Kind::failed, "host " + peer + " is silent"});
    return 0;
  }
  const uint64_t id = watch->id;
  auto frame = make_frame(bus::Frame::MONITOR, peer, id);
  frame.set_to(target->text);
  {
    std::lock_guard lock(remote_mutex_);
    watches_[id] = {peer, target->text, 0, 0, std::move(watch)};
  }
  // A first attempt that is lost is repeated with the others.
  (void)send_frame(frame).ok();
  arm_repeat();
  return id;
}

void Router::forget_watch(const Address& who, uint64_t local_id, uint64_t remote_id) {
  if (remote_id == 0) {
    auto target = resolve(who);
    if (target.ok() && is_here(*target)) deliver(target->local(), make_envelope(Envelope::Kind::unwatch, local_id));
    return;
  }
  std::unique_ptr<Watch> dropped;
  std::string peer, to;
  {
    std::lock_guard lock(remote_mutex_);
    auto found = watches_.find(remote_id);
    if (found == watches_.end()) return;
    peer = found->second.peer;
    to = found->second.to;
    dropped = std::move(found->second.watch);
    watches_.erase(found);
  }
  dropped->ended = nullptr;
  auto frame = make_frame(bus::Frame::DEMONITOR, peer, remote_id);
  frame.set_to(to);
  (void)send_frame(frame).ok();
}

void Router::set_role(const std::string& role, const Address& holder) {
  std::unique_lock lock(names_mutex_);
  roles_[role] = holder;
}

void Router::remove_role(const std::string& role) {
  std::unique_lock lock(names_mutex_);
  roles_.erase(role);
}

std::map<std::string, Address> Router::roles() const {
  std::shared_lock lock(names_mutex_);
  return roles_;
}

void Router::on_peer_changed(std::function<void(const std::string&, bool)> call) {
  std::lock_guard lock(remote_mutex_);
  peer_calls_.push_back(std::move(call));
}

}  // namespace kabuki::runtime

// What the routers of two hosts say to each other.
#include "messages/bus/control.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "runtime/router.hpp"

namespace kabuki::runtime {
namespace {

constexpr io::Duration kRepeatMonitors = std::chrono::seconds(1);
constexpr int kAttemptsUnheard = 5;

std::string bytes_of(const bus::Frame& frame) {
  std::string bytes;
  frame.SerializeToString(&bytes);  // no maps: one form only
  return bytes;
}

}  // namespace

bus::Frame Router::make_frame(bus::Frame::Kind kind, const std::string& peer, uint64_t id) const {
  bus::Frame frame;
  frame.set_kind(kind);
  frame.set_id(id);
  frame.set_source(name_);
  frame.set_source_incarnation(incarnation_);
  frame.set_destination(peer);
  frame.set_destination_incarnation(incarnation_of(peer));
  return frame;
}

Result<> Router::send_frame(const bus::Frame& frame) {
  if (closed_ || !services_.network) return unavailable("no network to host " + frame.destination());
  sent_.add();
  return services_.network->send(frame.destination(), bytes_of(frame));
}

uint64_t Router::incarnation_of(const std::string& peer) const {
  std::lock_guard lock(remote_mutex_);
  auto found = peers_.find(peer);
  return found == peers_.end() ? 0 : found->second.incarnation;
}

bool Router::is_silent(const std::string& peer) const {
  std::lock_guard lock(remote_mutex_);
  auto found = peers_.find(peer);
  return found != peers_.end() && found->second.silent;
}

bool Router::learn_incarnation(const std::string& peer, uint64_t incarnation) {
  Lost lost;
  {
    std::lock_guard lock(remote_mutex_);
    uint64_t& known = peers_[peer].incarnation;
    if (incarnation < known) return false;
    if (incarnation == known) return true;
    const bool restarted = known != 0;
    known = incarnation;
    if (!restarted) return true;
    lost = take_lost(peer, true);
  }
  tell_lost(std::move(lost), "host " + peer + " restarted");
  return true;
}

void Router::receive(const std::string& from, const std::string& bytes) {
  if (closed_) return;
  received_.add();
  bus::Frame frame;
  // Whose frame it is follows from the network's key, and must agree with what it says.
  if (!frame.ParseFromString(bytes) || frame.source() != from || frame.destination() != name_ ||
      frame.source_incarnation() == 0) {
    corrupt_.add();
    return;
  }
  if (!learn_incarnation(from, frame.source_incarnation())) {
    stale_.add();
    return;
  }
  if (frame.destination_incarnation() != 0 && frame.destination_incarnation() != incarnation_) {
    stale_.add();
    if (frame.kind() != bus::Frame::STALE) (void)send_frame(make_frame(bus::Frame::STALE, from, 0)).ok();
    return;
  }
  {
    std::lock_guard lock(remote_mutex_);
    Peer& peer = peers_[from];
    peer.heard = true;
    peer.silent = false;
  }
  accept(from, frame);
}

void Router::accept(const std::string& from, bus::Frame& frame) {
  switch (frame.kind()) {
    case bus::Frame::TELL:
    case bus::Frame::ASK:
      return accept_message(from, frame);
    case bus::Frame::REPLY:
      return accept_reply(from, frame);
    case bus::Frame::MONITOR:
      return accept_monitor(from, frame);
    case bus::Frame::DEMONITOR:
      return accept_demonitor(from, frame);
    case bus::Frame::MONITORED: {
      std::lock_guard lock(remote_mutex_);
      auto found = watches_.find(frame.id());
      if (found != watches_.end() && found->second.peer == from) found->second.instance = frame.instance();
      return;
    }
    case bus::Frame::DOWN: {
      // Said again until it hears that it was heard.
      (void)send_frame(make_frame(bus::Frame::DEMONITOR, from, frame.id())).ok();
      std::unique_ptr<Watch> watch;
      {
        std::lock_guard lock(remote_mutex_);
        auto found = watches_.find(frame.id());
        if (found == watches_.end() || found->second.peer != from) return;
        watch = std::move(found->second.watch);
        watches_.erase(found);
      }
      const int kind = frame.exit_kind();
      const bool known = kind >= 0 && kind <= static_cast<int>(ExitReason::Kind::killed);
      return watch->notify(
          {known ? static_cast<ExitReason::Kind>(kind) : ExitReason::Kind::failed, frame.exit_what()});
    }
    case bus::Frame::STALE:
      return;  // its source's incarnation was the news
    default:
      corrupt_.add();
  }
}

void Router::accept_message(const std::string& from, bus::Frame& frame) {
  const Address to{frame.to()};
  Address sender{std::move(*frame.mutable_from())};
  auto message = decode_message(frame.message());
  const bool asked = frame.kind() == bus::Frame::ASK;
  if (message.ok() && !is_here(to)) message = bad_request("actor " + to.text + " is not on host " + name_);
  if (message.ok() && !sender.text.empty() && sender.host() != from)
    message = bad_request("host " + from + " speaks for " + sender.text);
  if (!message.ok()) {
    corrupt_.add();
    if (asked) send_reply(from, frame.source_incarnation(), frame.id(), message.error());
    return;
  }
  const bool urgent = (*message)->as<bus::Inspect>() || (*message)->as<bus::KillActor>();
  auto envelope = std::make_unique<Envelope>(Envelope::Kind::message, urgent);
  envelope->in.message = std::move(*message);
  envelope->in.from = std::move(sender);
  envelope->in.from_host = from;
  if (asked) {
    envelope->in.reply = Reply([self = weak_from_this(), from, incarnation = frame.source_incarnation(),
                                id = frame.id()](Result<MessagePtr> result) {
      if (auto router = self.lock()) router->send_reply(from, incarnation, id, std::move(result));
    });
  }
  deliver(to.local(), std::move(envelope));
}

void Router::send_reply(const std::string& peer, uint64_t incarnation, uint64_t id, Result<MessagePtr> result) {
  auto frame = make_frame(bus::Frame::REPLY, peer, id);
  frame.set_destination_incarnation(incarnation);
  if (result.ok()) {
    frame.set_message(encode_message(**result));
  } else {
    error_to_failure(result.error(), frame.mutable_failure());
  }
  (void)send_frame(frame).ok();  // lost, it is the asker's timeout
}

void Router::accept_reply(const std::string& from, bus::Frame& frame) {
  std::unique_ptr<Reply> reply;
  {
    std::lock_guard lock(remote_mutex_);
    auto found = asks_.find(frame.id());
    if (found == asks_.end() || found->second.peer != from) return;
    reply = std::move(found->second.reply);
    asks_.erase(found);
  }
  if (frame.has_failure()) return reply->fail(failure_to_error(frame.failure()));
  auto message = decode_message(frame.message());
  if (!message.ok()) corrupt_.add();
  reply->complete(std::move(message));
}

void Router::accept_monitor(const std::string& from, const bus::Frame& frame) {
  const Address to{frame.to()};
  const std::pair<std::string, uint64_t> key{from, frame.id()};
  uint64_t local_id = 0;
  uint64_t attached = 0;
  {
    std::lock_guard lock(remote_mutex_);
    if (auto found = incoming_.find(key); found != incoming_.end()) {
      if (found->second.ended) return;  // repeated by itself
      attached = found->second.instance;
      if (attached == 0 || attached == frame.instance()) return;
    } else if (frame.instance() == 0 && is_here(to)) {
      local_id = next_id();
      incoming_[key] = {std::string(to.local()), local_id, 0, false, {}};
    }
  }
  if (attached != 0) {
    auto answer = make_frame(bus::Frame::MONITORED, from, frame.id());
    answer.set_instance(attached);
    (void)send_frame(answer).ok();
    return;
  }
  // Attached once, and no longer: it ended, and the frame that said so was lost.
  if (local_id == 0) return send_down(from, frame.id(), {ExitReason::Kind::failed, "the actor has ended"});
  auto envelope = make_envelope(Envelope::Kind::watch);
  envelope->watch = std::make_unique<Watch>();
  envelope->watch->id = local_id;
  envelope->watch->attached = [self = weak_from_this(), key](uint64_t instance) {
    auto router = self.lock();
    if (!router) return;
    {
      std::lock_guard lock(router->remote_mutex_);
      auto found = router->incoming_.find(key);
      if (found == router->incoming_.end()) return;
      found->second.instance = instance;
    }
    auto answer = router->make_frame(bus::Frame::MONITORED, key.first, key.second);
    answer.set_instance(instance);
    (void)router->send_frame(answer).ok();
  };
  envelope->watch->ended = [self = weak_from_this(), key](const ExitReason& reason) {
    auto router = self.lock();
    if (!router) return;
    {
      std::lock_guard lock(router->remote_mutex_);
      auto found = router->incoming_.find(key);
      if (found == router->incoming_.end()) return;
      found->second.ended = true;
      found->second.reason = reason;
      ++router->untold_ends_;
    }
    router->send_down(key.first, key.second, reason);
    router->arm_repeat();
  };
  deliver(to.local(), std::move(envelope));
}

void Router::accept_demonitor(const std::string& from, const bus::Frame& frame) {
  IncomingWatch watch;
  {
    std::lock_guard lock(remote_mutex_);
    auto found = incoming_.find({from, frame.id()});
    if (found == incoming_.end()) return;
    watch = std::move(found->second);
    incoming_.erase(found);
    if (watch.ended) --untold_ends_;
  }
  if (!watch.ended) deliver(watch.to, make_envelope(Envelope::Kind::unwatch, watch.local_id));
}

void Router::send_down(const std::string& peer, uint64_t id, const ExitReason& reason) {
  auto frame = make_frame(bus::Frame::DOWN, peer, id);
  frame.set_exit_kind(static_cast<int>(reason.kind));
  frame.set_exit_what(reason.what);
  (void)send_frame(frame).ok();
}

void Router::set_peer(const std::string& host, uint64_t incarnation, const std::string& endpoint,
                      const std::string& key) {
  if (host == name_) return;
  if (incarnation != 0) learn_incarnation(host, incarnation);
  if (services_.network) services_.network->connect(host, endpoint, key);
}

void Router::remove_peer(const std::string& host) {
  Lost lost;
  {
    std::lock_guard lock(remote_mutex_);
    peers_.erase(host);
    lost = take_lost(host, true);
  }
  if (services_.network) services_.network->disconnect(host);
  tell_lost(std::move(lost), "host " + host + " was removed");
}

void Router::peer_changed(const std::string& peer, bool up) {
  if (closed_) return;
  Lost lost;
  std::vector<std::function<void(const std::string&, bool)>> calls;
  {
    std::lock_guard lock(remote_mutex_);
    calls = peer_calls_;
    Peer& state = peers_[peer];
    state.silent = !up;
    state.heard |= up;
    if (!up) lost = take_lost(peer, false);
  }
  log(up ? Level::info : Level::warning, name_, up ? "peer is up" : "peer is silent", {{"peer", peer}});
  if (!up) tell_lost(std::move(lost), "host " + peer + " is silent");
  for (const auto& call : calls) call(peer, up);
}

Router::Lost Router::take_lost(const std::string& peer, bool restarted) {
  Lost lost;
  for (auto it = asks_.begin(); it != asks_.end();) {
    if (it->second.peer == peer) {
      lost.replies.push_back(std::move(it->second.reply));
      it = asks_.erase(it);
    } else {
      ++it;
    }
  }
  for (auto it = watches_.begin(); it != watches_.end();) {
    if (it->second.peer == peer) {
      lost.watches.push_back(std::move(it->second.watch));
      it = watches_.erase(it);
    } else {
      ++it;
    }
  }
  // A host that is only silent may still be watching when it is heard again.
  if (!restarted) return lost;
  for (auto it = incoming_.lower_bound({peer, 0}); it != incoming_.end() && it->first.first == peer;) {
    if (it->second.ended) {
      --untold_ends_;
    } else {
      lost.incoming.push_back(std::move(it->second));
    }
    it = incoming_.erase(it);
  }
  return lost;
}

void Router::tell_lost(Lost lost, const std::string& why) {
  for (auto& reply : lost.replies) reply->fail(unavailable(why));
  for (auto& watch : lost.watches) watch->notify({ExitReason::Kind::failed, why});
  for (auto& watch : lost.incoming) deliver(watch.to, make_envelope(Envelope::Kind::unwatch, watch.local_id));
}

void Router::arm_repeat() {
  {
    std::lock_guard lock(remote_mutex_);
    if (repeating_ || (watches_.empty() && untold_ends_ == 0)) return;
    repeating_ = true;
  }
  services_.timers->after(kRepeatMonitors, [self = weak_from_this()] {
    if (auto router = self.lock()) router->repeat_monitors();
  });
}

void Router::repeat_monitors() {
  if (closed_) return;
  std::vector<bus::Frame> frames;
  Lost lost;  // hosts that never said anything
  std::vector<std::pair<std::pair<std::string, uint64_t>, ExitReason>> ends;
  {
    std::lock_guard lock(remote_mutex_);
    repeating_ = false;
    if (untold_ends_ > 0) {
      for (const auto& [key, watch] : incoming_)
        if (watch.ended) ends.emplace_back(key, watch.reason);
    }
    for (auto it = watches_.begin(); it != watches_.end();) {
      const uint64_t id = it->first;
      auto& watch = it->second;
      const Peer& peer = peers_[watch.peer];
      if (!peer.heard && ++watch.attempts >= kAttemptsUnheard) {
        lost.watches.push_back(std::move(watch.watch));
        it = watches_.erase(it);
        continue;
      }
      ++it;
      bus::Frame frame;
      frame.set_kind(bus::Frame::MONITOR);
      frame.set_id(id);
      frame.set_source(name_);
      frame.set_source_incarnation(incarnation_);
      frame.set_destination(watch.peer);
      frame.set_destination_incarnation(peer.incarnation);
      frame.set_to(watch.to);
      frame.set_instance(watch.instance);
      frames.push_back(std::move(frame));
    }
  }
  for (const auto& frame : frames) (void)send_frame(frame).ok();
  tell_lost(std::move(lost), "the host does not answer");
  for (const auto& [key, reason] : ends) send_down(key.first, key.second, reason);
  arm_repeat();
}

}  // namespace kabuki::runtime

#include "runtime/transport/zmq_loop.hpp"

#include <algorithm>

#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "runtime/transport/zap.hpp"

namespace kabuki::runtime {
namespace {

// After so many batches the other sockets get their turn.
constexpr int kBatchesPerTurn = 256;

}  // namespace

ZmqLoop::ZmqLoop(const ZmqOptions& options, io::Clock& clock, KeyRing& keys)
    : options_(options), clock_(clock), keys_(keys), context_(1), now_(clock.mono()), watched_(now_) {}

ZmqLoop::~ZmqLoop() {
  links_.clear();
  router_.close();
  zap_.close();
}

Result<std::string> ZmqLoop::bind() {
  try {
    router_ = zmq::socket_t(context_, zmq::socket_type::router);
    router_.set(zmq::sockopt::rcvhwm, options_.high_water_mark);
    router_.set(zmq::sockopt::sndhwm, options_.high_water_mark);
    router_.set(zmq::sockopt::router_mandatory, true);
    router_.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(options_.frame_bytes + options_.batch_bytes));
    router_.set(zmq::sockopt::linger, 0);
    router_.set(zmq::sockopt::ipv6, options_.listen.find('[') != std::string::npos);
    if (!options_.keys.empty()) {
      zap_ = zmq::socket_t(context_, zmq::socket_type::rep);
      zap_.set(zmq::sockopt::linger, 0);
      zap_.bind(kZapEndpoint);
      router_.set(zmq::sockopt::zap_domain, std::string(kZapDomain));
      router_.set(zmq::sockopt::curve_server, true);
      router_.set(zmq::sockopt::curve_secretkey, options_.keys.secret_key);
    }
    router_.bind(options_.listen);
    return router_.get(zmq::sockopt::last_endpoint);
  } catch (const zmq::error_t& error) {
    return unavailable("cannot listen on " + options_.listen + ": " + error.what() +
                       "; choose another address with --listen, or stop what uses it");
  }
}

void ZmqLoop::stop() {
  inbox_->post([this] { stopping_ = true; });
}

void ZmqLoop::run() {
  watched_ = clock_.mono();
  while (!stopping_) {
    poll();
    now_ = clock_.mono();
    if (zap_) serve_zap(zap_, keys_, who());
    receive_batches();
    take_commands();
    watch_peers();
  }
  for (auto& [host, link] : links_) link->flush(now_);
  links_.clear();
}

void ZmqLoop::poll() {
  std::vector<zmq_pollitem_t> items;
  items.push_back({nullptr, inbox_->fd(), ZMQ_POLLIN, 0});
  items.push_back({router_.handle(), 0, ZMQ_POLLIN, 0});
  if (zap_) items.push_back({zap_.handle(), 0, ZMQ_POLLIN, 0});
  std::vector<Link*> waiting;
  for (auto& [host, link] : links_) {
    if (!link->waiting()) continue;
    items.push_back({link->socket().handle(), 0, ZMQ_POLLOUT, 0});
    waiting.push_back(link.get());
  }
  auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options_.heartbeat / 2).count();
  if (zmq_poll(items.data(), static_cast<int>(items.size()), std::max<long>(1, timeout)) <= 0) return;
  auto first = items.size() - waiting.size();
  now_ = clock_.mono();
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (items[first + i].revents & ZMQ_POLLOUT) waiting[i]->flush(now_);
  }
}

Link* ZmqLoop::find(const PeerPtr& peer) {
  auto it = links_.find(peer->host);
  return it != links_.end() && it->second->shared_peer() == peer ? it->second.get() : nullptr;
}

void ZmqLoop::take_commands() {
  std::vector<Inbox::Item> items;
  std::vector<std::function<void()>> commands;
  inbox_->take(&items, &commands);
  // Commands first: a frame sent right after connect() needs its link.
  for (auto& command : commands) command();
  touched_.clear();
  for (auto& item : items) {
    auto* link = find(item.peer);
    if (!link || link->state == Link::State::down) {
      ++item.peer->dropped;
      --item.peer->queued_frames;
      item.peer->queued_bytes -= item.frame.size();
      continue;
    }
    link->push(std::move(item.frame));
    if (touched_.empty() || touched_.back() != link) touched_.push_back(link);
  }
  for (auto* link : touched_) link->flush(now_);
}

void ZmqLoop::connect(PeerPtr peer, const std::string& endpoint, const std::string& public_key) {
  auto host = peer->host;
  disconnect(host);
  try {
    links_[host] = std::make_unique<Link>(context_, options_, std::move(peer), endpoint, public_key, now_);
  } catch (const zmq::error_t& error) {
    links_.erase(host);
    log(Level::error, who(), "cannot connect to a host",
        {{"host", host}, {"endpoint", endpoint}, {"why", error.what()}});
    changed(host, false);
    return;
  }
  links_[host]->beat(now_ + options_.heartbeat);
}

void ZmqLoop::disconnect(const std::string& host) {
  auto it = links_.find(host);
  if (it == links_.end()) return;
  it->second->drop_backlog();
  links_.erase(it);
}

void ZmqLoop::answer(const std::string& routing_id, std::string reply) {
  auto batch = begin_batch(BatchKind::answer, options_.host);
  append_frame(&batch, reply);
  try {
    router_.send(zmq::buffer(routing_id), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
    router_.send(zmq::buffer(batch), zmq::send_flags::dontwait);
  } catch (const zmq::error_t&) {
    // The client has gone; it will ask again if it still wants to know.
  }
}

void ZmqLoop::receive_batches() {
  for (int i = 0; i < kBatchesPerTurn && !stopping_; ++i) {
    zmq::message_t routing_id;
    if (!router_.recv(routing_id, zmq::recv_flags::dontwait)) return;
    zmq::message_t message;
    bool more = routing_id.more();
    if (more) more = router_.recv(message, zmq::recv_flags::none).has_value();
    if (more && !message.more()) {
      take_batch(routing_id.to_string(), message);
      continue;
    }
    while (message.more() && router_.recv(message, zmq::recv_flags::none)) {
    }
  }
}

std::string ZmqLoop::sender_of(const zmq::message_t& message, const Batch& batch) const {
  if (options_.keys.empty()) return batch.sender;
  const char* key = zmq_msg_gets(message.handle(), "User-Id");
  return key ? keys_.name_of(key).value_or("") : "";
}

void ZmqLoop::take_batch(const std::string& routing_id, const zmq::message_t& message) {
  auto batch = parse_batch(message.to_string_view());
  if (!batch) {
    log(Level::warning, who(), "dropped a malformed batch", {{"why", batch.error().message}});
    return;
  }
  auto from = sender_of(message, *batch);
  if (batch->kind == BatchKind::request) {
    if (!from.empty() && batch->frames.size() == 1) take_request(from, routing_id, std::move(batch->frames[0]));
    return;
  }
  // A key that was taken away, or one that may only ask to join.
  if (from.empty() || from.starts_with(kJoiningPrefix)) return;
  heard(from);
  if (batch->kind != BatchKind::frames) return;
  if (auto it = links_.find(from); it != links_.end()) {
    auto& peer = it->second->peer();
    peer.frames_received += batch->frames.size();
    peer.bytes_received += message.size();
  }
  for (auto& frame : batch->frames) receive(from, std::move(frame));
}

void ZmqLoop::take_request(const std::string& from, const std::string& routing_id, std::string request) {
  if (!requested) return;
  requested(from, std::move(request), [this, inbox = inbox_, routing_id](std::string reply) {
    inbox->post([this, routing_id, reply = std::move(reply)]() mutable { answer(routing_id, std::move(reply)); });
  });
}

void ZmqLoop::heard(const std::string& host) {
  auto it = links_.find(host);
  if (it == links_.end()) return;
  auto& link = *it->second;
  link.heard = now_;
  if (link.state == Link::State::up) return;
  link.state = Link::State::up;
  link.peer().refusing = false;
  link.peer().up = true;
  log(Level::info, who(), "peer is up", {{"host", host}});
  changed(host, true);
}

void ZmqLoop::watch_peers() {
  // A process that was itself stopped has not listened: that time is no one's silence.
  auto pause = now_ - watched_;
  bool paused = pause > options_.heartbeat * 2;
  watched_ = now_;
  std::vector<std::string> gone;
  for (auto& [host, link] : links_) {
    if (paused) link->heard = std::min(now_, link->heard + pause);
    link->beat(now_);
    link->revive(now_);
    auto limit = link->state == Link::State::connecting ? options_.connect_limit : options_.silent_limit;
    if (link->state == Link::State::down || now_ - link->heard <= limit) continue;
    link->state = Link::State::down;
    link->peer().refusing = true;
    link->peer().up = false;
    link->drop_backlog();
    gone.push_back(host);
  }
  for (const auto& host : gone) {
    log(Level::warning, who(), "peer is down: silent for too long", {{"host", host}});
    changed(host, false);
  }
}

}  // namespace kabuki::runtime

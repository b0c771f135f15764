#include "runtime/transport/link.hpp"

#include "runtime/transport/batch.hpp"

namespace kabuki::runtime {
namespace {

constexpr int kReconnectMs = 50;
constexpr int kReconnectMaxMs = 1000;
constexpr int kLingerMs = 200;

}  // namespace

Link::Link(zmq::context_t& context, const ZmqOptions& options, PeerPtr peer, std::string endpoint,
           std::string public_key, io::MonoTime now)
    : heard(now),
      context_(context),
      options_(options),
      peer_(std::move(peer)),
      endpoint_(std::move(endpoint)),
      public_key_(std::move(public_key)),
      sent_(now) {
  open();
}

void Link::open() {
  socket_ = zmq::socket_t(context_, zmq::socket_type::dealer);
  // Nothing is queued for a connection that is not there: it would be lost without a word.
  socket_.set(zmq::sockopt::immediate, true);
  socket_.set(zmq::sockopt::sndhwm, options_.high_water_mark);
  socket_.set(zmq::sockopt::linger, kLingerMs);
  socket_.set(zmq::sockopt::reconnect_ivl, kReconnectMs);
  socket_.set(zmq::sockopt::reconnect_ivl_max, kReconnectMaxMs);
  socket_.set(zmq::sockopt::ipv6, endpoint_.find('[') != std::string::npos);
  if (!options_.keys.empty()) {
    socket_.set(zmq::sockopt::curve_publickey, options_.keys.public_key);
    socket_.set(zmq::sockopt::curve_secretkey, options_.keys.secret_key);
    socket_.set(zmq::sockopt::curve_serverkey, public_key_);
  }
  socket_.connect(endpoint_);
}

bool Link::send(const std::string& batch) {
  return socket_.send(zmq::buffer(batch), zmq::send_flags::dontwait).has_value();
}

void Link::flush(io::MonoTime now) {
  while (!head_.empty() || !backlog_.empty()) {
    if (head_.empty()) {
      head_ = begin_batch(BatchKind::frames, options_.host);
      while (!backlog_.empty()) {
        auto& frame = backlog_.front();
        if (head_frames_ > 0 && head_.size() + framed_size(frame) > options_.batch_bytes) break;
        append_frame(&head_, frame);
        ++head_frames_;
        head_bytes_ += frame.size();
        backlog_.pop_front();
      }
    }
    if (!send(head_)) {
      ++peer_->waits;
      return;
    }
    sent_ = now;
    ++peer_->batches_sent;
    peer_->frames_sent += head_frames_;
    peer_->bytes_sent += head_bytes_;
    peer_->queued_frames -= head_frames_;
    peer_->queued_bytes -= head_bytes_;
    head_.clear();
    head_frames_ = head_bytes_ = 0;
  }
}

void Link::beat(io::MonoTime now) {
  if (waiting() || now - sent_ < options_.heartbeat) return;
  if (send(begin_batch(BatchKind::heartbeat, options_.host))) sent_ = now;
}

void Link::drop_backlog() {
  uint64_t frames = head_frames_ + backlog_.size();
  uint64_t bytes = head_bytes_;
  for (const auto& frame : backlog_) bytes += frame.size();
  peer_->dropped += frames;
  peer_->queued_frames -= frames;
  peer_->queued_bytes -= bytes;
  backlog_.clear();
  head_.clear();
  head_frames_ = head_bytes_ = 0;
}

void Link::revive(io::MonoTime now) {
  if (now - sent_ < options_.revive_limit) return;
  socket_.set(zmq::sockopt::linger, 0);
  open();
  sent_ = now;
  ++peer_->reconnects;
}

}  // namespace kabuki::runtime

#include "runtime/transport/zmq_network.hpp"

#include <shared_mutex>
#include <thread>

#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "runtime/transport/endpoint.hpp"
#include "runtime/transport/zmq_loop.hpp"

namespace kabuki::runtime {
namespace {

Error needs_keys(const std::string& endpoint) {
  return bad_request("refusing " + endpoint + " without keys: only loopback addresses may be used unencrypted");
}

class Network final : public ZmqNetwork {
 public:
  Network(ZmqOptions options, io::Clock& clock) : options_(std::move(options)), loop_(options_, clock, keys_) {}
  ~Network() override { stop(); }

  Result<> bind() {
    auto endpoint = loop_.bind();
    if (!endpoint) return endpoint.error();
    endpoint_ = *endpoint;
    return {};
  }

  void listen(Receive receive, PeerChanged changed) override {
    loop_.receive = std::move(receive);
    loop_.changed = std::move(changed);
  }
  void on_request(Requested requested) override {
    loop_.inbox().post([this, requested = std::move(requested)] { loop_.requested = requested; });
  }
  void rename(const std::string& host) override { options_.host = host; }
  std::string endpoint() const override { return endpoint_; }
  const CurveKeys& keys() const override { return options_.keys; }
  KeyRing& key_ring() override { return keys_; }

  void connect(const std::string& host, const std::string& endpoint, const std::string& public_key) override {
    if (host == options_.host) return;
    bool keyed = !options_.keys.empty();
    if (keyed ? !is_curve_key(public_key) : !is_loopback_endpoint(endpoint)) {
      log(Level::error, options_.host + "/transport", "will not connect to a host",
          {{"host", host}, {"why", keyed ? "it has no valid public key" : needs_keys(endpoint).message}});
      return;
    }
    std::unique_lock lock(mutex_);
    auto& entry = peers_[host];
    if (entry.peer && entry.endpoint == endpoint && entry.public_key == public_key) return;
    if (keyed) keys_.allow(public_key, host);
    entry = {std::make_shared<Peer>(host), endpoint, public_key};
    loop_.inbox().post([this, entry] { loop_.connect(entry.peer, entry.endpoint, entry.public_key); });
  }

  void disconnect(const std::string& host) override {
    std::unique_lock lock(mutex_);
    if (peers_.erase(host) == 0) return;
    keys_.revoke_name(host);
    loop_.inbox().post([this, host] { loop_.disconnect(host); });
  }

  Result<> send(const std::string& host, std::string frame) override {
    PeerPtr peer;
    {
      std::shared_lock lock(mutex_);
      auto it = peers_.find(host);
      if (it == peers_.end()) return unavailable("no such host: " + host);
      peer = it->second.peer;
    }
    if (frame.size() > options_.frame_bytes) {
      ++peer->refused;
      return bad_request("message of " + std::to_string(frame.size()) + " bytes is over the limit of " +
                         std::to_string(options_.frame_bytes));
    }
    if (peer->refusing) {
      ++peer->refused;
      return unavailable("host " + host + " does not answer");
    }
    auto bytes = frame.size();
    if (peer->queued_frames >= options_.queue_frames || peer->queued_bytes + bytes > options_.queue_bytes) {
      ++peer->refused;
      return unavailable("too many messages wait for host " + host);
    }
    ++peer->queued_frames;
    peer->queued_bytes += bytes;
    loop_.inbox().push(std::move(peer), std::move(frame));
    return {};
  }

  void start() override {
    if (!thread_.joinable()) thread_ = std::thread([this] { loop_.run(); });
  }

  void stop() override {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
  }

  std::map<std::string, PeerCounters> counters() const override {
    std::shared_lock lock(mutex_);
    std::map<std::string, PeerCounters> out;
    for (const auto& [host, entry] : peers_) out[host] = entry.peer->counters();
    return out;
  }

 private:
  struct Entry {
    PeerPtr peer;
    std::string endpoint;
    std::string public_key;
  };

  ZmqOptions options_;
  KeyRing keys_;
  ZmqLoop loop_;
  std::string endpoint_;
  std::thread thread_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry> peers_;
};

}  // namespace

Result<std::unique_ptr<ZmqNetwork>> make_zmq_network(ZmqOptions options, io::Clock& clock) {
  if (options.keys.empty() && !is_loopback_endpoint(options.listen)) return needs_keys(options.listen);
  auto network = std::make_unique<Network>(std::move(options), clock);
  if (auto bound = network->bind(); !bound) return bound.error();
  return std::unique_ptr<ZmqNetwork>(std::move(network));
}

}  // namespace kabuki::runtime

#include "runtime/sim/sim_network.hpp"

#include <algorithm>

#include "messages/status.hpp"

namespace kabuki::runtime::sim {
namespace {

constexpr io::Duration kReconnect = std::chrono::milliseconds(2);

}  // namespace

NetworkFaults::NetworkFaults(Agenda* agenda, const int64_t* now, io::Random random)
    : agenda_(agenda), now_(now), delays_(random.split("delays")), faults_(random.split("faults")) {}

void NetworkFaults::set_link(const std::string& from, const std::string& to, LinkFaults faults) {
  links_[{from, to}] = faults;
}
void NetworkFaults::clear_link(const std::string& from, const std::string& to) { links_.erase({from, to}); }

void NetworkFaults::cut_one_way(const std::string& from, const std::string& to) {
  cut_.insert({from, to});
  recheck(to, from);
}
void NetworkFaults::cut(const std::string& a, const std::string& b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}
void NetworkFaults::isolate(const std::string& host) {
  isolated_.insert(host);
  recheck_all(host);
}
void NetworkFaults::heal_one_way(const std::string& from, const std::string& to) {
  cut_.erase({from, to});
  recheck(to, from);
}
void NetworkFaults::heal(const std::string& a, const std::string& b) {
  heal_one_way(a, b);
  heal_one_way(b, a);
}
void NetworkFaults::heal_all() {
  cut_.clear();
  isolated_.clear();
  for (const auto& [name, network] : hosts_)
    for (const auto& [peer, state] : network->peers_) recheck(name, peer);
}

bool NetworkFaults::is_cut(const std::string& from, const std::string& to) const {
  return cut_.contains({from, to}) || isolated_.contains(from) || isolated_.contains(to);
}

const LinkFaults& NetworkFaults::link(const std::string& from, const std::string& to) const {
  auto found = links_.find({from, to});
  return found == links_.end() ? defaults_ : found->second;
}

void NetworkFaults::attach(SimNetwork* network) {
  hosts_[network->host_] = network;
  recheck_all(network->host_);
}

void NetworkFaults::detach(SimNetwork* network) {
  auto found = hosts_.find(network->host_);
  if (found == hosts_.end() || found->second != network) return;
  hosts_.erase(found);
  recheck_all(network->host_);
}

bool NetworkFaults::hears(const std::string& host, const std::string& peer) const {
  return hosts_.contains(peer) && !is_cut(peer, host);
}

void NetworkFaults::recheck_all(const std::string& host) {
  for (const auto& [name, network] : hosts_) {
    if (name == host) {
      for (const auto& [peer, state] : network->peers_) recheck(name, peer);
    } else if (network->peers_.contains(host)) {
      recheck(name, host);
    }
  }
}

void NetworkFaults::recheck(const std::string& host, const std::string& peer) {
  auto at = hosts_.find(host);
  if (at == hosts_.end()) return;
  auto found = at->second->peers_.find(peer);
  if (found == at->second->peers_.end()) return;
  SimNetwork::Peer& state = found->second;
  const bool now_hears = hears(host, peer);
  if (now_hears == state.hears) return;
  state.hears = now_hears;
  const uint64_t change = ++state.changes;
  const io::Duration wait = now_hears ? kReconnect : heartbeat_limit_;
  const auto jitter = io::Duration(delays_.below(static_cast<uint64_t>(wait.count() / 4 + 1)));
  agenda_->after(wait + jitter, [this, host, peer, change, now_hears] {
    auto here = hosts_.find(host);
    if (here == hosts_.end()) return;
    auto there = here->second->peers_.find(peer);
    if (there == here->second->peers_.end() || there->second.changes != change || there->second.up == now_hears)
      return;
    there->second.up = now_hears;
    if (here->second->changed_) here->second->changed_(peer, now_hears);
  });
}

void NetworkFaults::transmit(const std::string& from, const std::string& to, std::string frame) {
  ++sent_;
  const LinkFaults& faults = link(from, to);
  if (is_cut(from, to) || (faults.loss > 0 && faults_.chance(faults.loss))) {
    ++lost_;
    return;
  }
  int copies = 1;
  if (faults.duplicate > 0 && faults_.chance(faults.duplicate)) {
    ++copies;
    ++duplicated_;
  }
  if (faults.corrupt > 0 && !frame.empty() && faults_.chance(faults.corrupt))
    frame[faults_.below(frame.size())] ^= static_cast<char>(1 + faults_.below(255));
  for (int copy = 0; copy < copies; ++copy) {
    const double mean = static_cast<double>(faults.delay_mean.count());
    int64_t at = *now_ + faults.delay_min.count() + static_cast<int64_t>(delays_.exponential(mean));
    int64_t& last = last_arrival_[{from, to}];
    const bool overtakes = copy > 0 || (faults.reorder > 0 && faults_.chance(faults.reorder));
    if (!overtakes) last = at = std::max(at, last);
    agenda_->after(io::Duration(at - *now_), [this, from, to, frame] { deliver(from, to, frame); });
  }
}

void NetworkFaults::deliver(const std::string& from, const std::string& to, const std::string& frame) {
  auto found = hosts_.find(to);
  if (found == hosts_.end() || is_cut(from, to) || !found->second->receive_) {
    ++lost_;
    return;
  }
  ++delivered_;
  found->second->receive_(from, frame);
}

void SimNetwork::listen(Receive receive, PeerChanged changed) {
  receive_ = std::move(receive);
  changed_ = std::move(changed);
}

void SimNetwork::connect(const std::string& host, const std::string&, const std::string&) {
  if (peers_.try_emplace(host).second) wires_->recheck(host_, host);
}

void SimNetwork::disconnect(const std::string& host) { peers_.erase(host); }

Result<> SimNetwork::send(const std::string& host, std::string frame) {
  if (!running_ || !peers_.contains(host)) return unavailable("host " + host + " is not known");
  wires_->transmit(host_, host, std::move(frame));
  return {};
}

void SimNetwork::start() {
  running_ = true;
  wires_->attach(this);
}

void SimNetwork::stop() {
  if (!std::exchange(running_, false)) return;
  wires_->detach(this);
}

}  // namespace kabuki::runtime::sim

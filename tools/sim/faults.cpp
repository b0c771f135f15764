#include "tools/sim/faults.hpp"

#include <algorithm>
#include <utility>

#include "actors/node_host.hpp"

namespace kabuki::tools {
namespace {

constexpr std::chrono::seconds kInspectTimeout{3};
constexpr double kPodKills = 0.4;  // of the kills, when there are pods
constexpr double kOneWay = 0.5;    // of the partitions
constexpr std::chrono::seconds kPauseMax{5};
constexpr std::chrono::seconds kCrashTimeout{30};
constexpr int64_t kSkewMaxMs = 30'000;
constexpr int64_t kDriftMaxPpm = 500;

void collect(const bus::ActorInfo& actor, bool pods, std::vector<std::string>* names) {
  if (!pods && actor.name().find("/pods/") != std::string::npos) return;
  names->push_back(actor.name());
  for (const auto& child : actor.children()) collect(child, pods, names);
}

std::string percent(double probability) { return std::to_string(probability * 100).substr(0, 4) + " %"; }

}  // namespace

std::vector<std::string> actor_names(const bus::ActorInfo& actor, bool pods) {
  std::vector<std::string> names;
  collect(actor, pods, &names);
  return names;
}

Faults::Faults(SimCluster& cluster, FaultOptions options)
    : cluster_(cluster), options_(options), random_(cluster.world().random("faults")) {}

void Faults::start() {
  end_ = cluster_.now() + options_.duration;
  break_network();
  plan("kill", options_.kills, &Faults::kill);
  plan("crash", options_.crashes, &Faults::crash);
  plan("partition", options_.partitions, &Faults::partition);
  plan("pause", options_.pauses, &Faults::pause);
  plan("sync-failure", options_.sync_failures, &Faults::fail_sync);
  plan("clock", options_.clocks, &Faults::skew_clock);
  if (cluster_.shared()) {
    plan("store-cut", options_.store_cuts, &Faults::cut_store);
    plan("leader", options_.leader_crashes, &Faults::crash_leader);
  }
  plan("container", options_.container_crashes, &Faults::crash_container);
  plan("take-over", options_.take_overs, &Faults::take_over);
  cluster_.at(options_.duration, [this] { over_ = true; });
}

void Faults::plan(const std::string& kind, int count, Fault fault) {
  for (int i = 0; i < count; ++i) {
    io::Random random = random_.split(kind + "/" + std::to_string(i));
    const auto when = random.below(static_cast<uint64_t>(options_.duration.count()));
    cluster_.at(io::Duration(static_cast<int64_t>(when)), [this, fault, random] { (this->*fault)(random); });
  }
}

size_t Faults::fired(std::string kind, std::string target, std::string detail) {
  records_.push_back({std::move(kind), std::move(target), std::move(detail), cluster_.now().ns, -1});
  return records_.size() - 1;
}

void Faults::revert_later(size_t record, io::Random& random, std::function<void()> revert) {
  ++open_;
  const io::Duration left = end_ - cluster_.now();
  const io::Duration longest = std::clamp<io::Duration>(left, io::Duration(1), options_.down_max);
  const auto delay = io::Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(longest.count()))));
  cluster_.at(delay, [this, record, revert = std::move(revert)] {
    revert();
    records_[record].reverted_ns = cluster_.now().ns;
    --open_;
  });
}

std::string Faults::any_host(io::Random& random, bool workers_only) {
  std::vector<std::string> hosts;
  for (const std::string& host : cluster_.hosts()) {
    if (cluster_.is_up(host) && (!workers_only || host != actors::kFirstHost)) hosts.push_back(host);
  }
  return hosts.empty() ? "" : hosts[random.below(hosts.size())];
}

void Faults::inspect(const std::string& host, std::function<void(const bus::ActorInfo& root)> then) {
  cluster_.ask(host, {host}, runtime::make_message(bus::Inspect()), kInspectTimeout,
               [this, then = std::move(then)](Result<runtime::MessagePtr> answer) {
                 const auto* reply = answer ? (*answer)->as<bus::InspectReply>() : nullptr;
                 if (!reply || over_) return;
                 cluster_.at(io::Duration::zero(), [this, then, root = reply->actor()] {
                   if (!over_) then(root);
                 });
               });
}

void Faults::kill(io::Random random) {
  // The control plane has most of the actors that matter.
  const std::string master = cluster_.serving();
  const std::string host = random.chance(0.5) && cluster_.is_up(master) ? master : any_host(random, false);
  if (host.empty()) return;
  inspect(host, [this, host, random](const bus::ActorInfo& root) { kill_one_of(host, root, random); });
}

void Faults::kill_one_of(const std::string& host, const bus::ActorInfo& root, io::Random random) {
  const auto standing = actor_names(root, false);
  std::vector<std::string> pods;
  for (const std::string& name : actor_names(root, true)) {
    if (name.find("/pods/") != std::string::npos) pods.push_back(name);
  }
  const bool pod = !pods.empty() && random.chance(kPodKills);
  const std::string target = pod ? pods[random.below(pods.size())] : standing[random.below(standing.size())];
  end_actor(host, target, fired("kill", target, ""));
}

/// What the kubelets have sent is still under way when the next ones start.
void Faults::take_over(io::Random random) {
  const std::string host = any_host(random, false);
  if (host.empty()) return;
  const std::string kubelets = host + "/kubelet";
  end_actor(host, kubelets, fired("take-over", kubelets, ""));
  if (!random.chance(0.5) || !cluster_.is_up(actors::kFirstHost)) return;
  const std::string api_server = std::string(actors::kFirstHost) + "/api-server/bus";
  end_actor(actors::kFirstHost, api_server, fired("take-over", api_server, "that " + kubelets + " writes to"));
}

void Faults::end_actor(const std::string& host, const std::string& target, size_t record) {
  bus::KillActor verb;
  verb.set_why("simulated fault");
  cluster_.ask(host, {target}, runtime::make_message(std::move(verb)), kInspectTimeout,
               [this, record](Result<runtime::MessagePtr> answer) {
                 if (answer) {
                   records_[record].reverted_ns = cluster_.now().ns;
                 } else {
                   records_[record].detail = answer.error().message;
                 }
               });
}

void Faults::crash(io::Random random) {
  const std::string host = any_host(random, false);
  if (host.empty()) return;
  cluster_.crash_host(host);
  revert_later(fired("crash-host", host, ""), random, [this, host] { cluster_.restart_host(host); });
}

void Faults::partition(io::Random random) {
  const std::string host = any_host(random, true);
  if (host.empty()) return;
  auto& network = cluster_.world().network();
  if (!random.chance(kOneWay)) {
    network.cut(host, actors::kFirstHost);
    revert_later(fired("partition", host, "from host-1, both ways"), random,
                 [&network, host] { network.heal(host, actors::kFirstHost); });
    return;
  }
  const bool out = random.chance(0.5);
  const std::string from = out ? host : actors::kFirstHost;
  const std::string to = out ? actors::kFirstHost : host;
  network.cut_one_way(from, to);
  revert_later(fired("partition", host, "nothing arrives from " + from + " at " + to), random,
               [&network, from, to] { network.heal_one_way(from, to); });
}

void Faults::pause(io::Random random) {
  const std::string host = any_host(random, false);
  if (host.empty()) return;
  const auto duration =
      io::Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(io::Duration(kPauseMax).count()))));
  cluster_.world().pause_host(host, duration);
  const size_t record = fired("pause", host, "");
  records_[record].reverted_ns = cluster_.now().ns + duration.count();
}

void Faults::fail_sync(io::Random random) {
  if (auto* store = cluster_.shared()) {
    store->lose_leader();
    return revert_later(fired("store-quorum", "the store", "has no quorum"), random,
                        [store] { store->elect_leader(); });
  }
  const auto shards = cluster_.shards().names();
  const std::string shard = shards[random.below(shards.size())];
  cluster_.medium(shard).fail_next_sync();
  const size_t record = fired("sync-failure", "shard " + shard, "the next sync fails");
  records_[record].reverted_ns = cluster_.now().ns;
}

void Faults::cut_store(io::Random random) {
  std::vector<std::string> masters;
  for (const std::string& host : cluster_.hosts()) {
    if (cluster_.is_master(host)) masters.push_back(host);
  }
  const std::string host = masters[random.below(masters.size())];
  auto* store = cluster_.shared();
  store->cut(host);
  revert_later(fired("store-cut", host, "does not reach the store"), random, [store, host] { store->heal(host); });
}

void Faults::crash_leader(io::Random random) {
  const std::string elector = cluster_.serving() + "/scheduler";
  cluster_.ask(cluster_.serving(), {elector}, runtime::make_message(bus::GetLeader()), kInspectTimeout,
               [this, random](Result<runtime::MessagePtr> answer) {
                 const auto* leader = answer ? (*answer)->as<bus::Leader>() : nullptr;
                 if (!leader || leader->holder().empty() || over_) return;
                 cluster_.at(io::Duration::zero(), [this, random, host = leader->holder()] {
                   if (over_ || !cluster_.is_up(host)) return;
                   io::Random own = random;
                   cluster_.crash_host(host);
                   revert_later(fired("crash-host", host, "leads the scheduler"), own,
                                [this, host] { cluster_.restart_host(host); });
                 });
               });
}

void Faults::skew_clock(io::Random random) {
  const std::string host = any_host(random, false);
  if (host.empty()) return;
  runtime::sim::ClockError error;
  error.skew = std::chrono::milliseconds(random.between(-kSkewMaxMs, kSkewMaxMs));
  error.drift_ppm = random.between(-kDriftMaxPpm, kDriftMaxPpm);
  cluster_.world().set_clock_error(host, error);
  revert_later(fired("clock", host,
                     "off by " + std::to_string(error.skew.count() / 1'000'000) + " ms, drifts " +
                         std::to_string(error.drift_ppm) + " ppm"),
               random, [this, host] { cluster_.world().set_clock_error(host, {}); });
}

void Faults::crash_container(io::Random random) {
  const std::string host = any_host(random, false);
  if (host.empty()) return;
  inspect(host, [this, host, random](const bus::ActorInfo& root) { crash_one_of(host, root, random); });
}

/// Only pods of Deployments: their containers are started again, and what the others end with is not spoilt.
void Faults::crash_one_of(const std::string& host, const bus::ActorInfo& root, io::Random random) {
  std::vector<std::string> pods;
  for (const std::string& name : actor_names(root, true)) {
    if (name.find("/pods/") != std::string::npos && name.find("/web-") != std::string::npos) pods.push_back(name);
  }
  if (pods.empty()) return;
  const std::string target = pods[random.below(pods.size())];
  ++container_crashes_[target.substr(target.find("/pods/") + 6)];
  const size_t record = fired("crash-container", target, "");
  bus::CrashContainer verb;
  verb.set_exit_code(137);
  cluster_.ask(host, {target}, runtime::make_message(std::move(verb)), kCrashTimeout,
               [this, record](Result<runtime::MessagePtr> answer) {
                 records_[record].reverted_ns = cluster_.now().ns;
                 if (!answer) records_[record].detail = answer.error().message;
               });
}

void Faults::break_network() {
  auto& network = cluster_.world().network();
  if (options_.drop == 0 && options_.duplicate == 0 && options_.reorder == 0 && options_.delay.count() == 0) return;
  runtime::sim::LinkFaults faults;
  faults.delay_mean = std::max(options_.delay, faults.delay_mean);
  faults.loss = options_.drop;
  faults.duplicate = options_.duplicate;
  faults.reorder = options_.reorder;
  network.set_defaults(faults);
  const size_t record =
      fired("network", "every link",
            "mean delay " + std::to_string(options_.delay.count() / 1000) + " us, drop " + percent(options_.drop) +
                ", duplicate " + percent(options_.duplicate) + ", reorder " + percent(options_.reorder));
  ++open_;
  cluster_.at(options_.duration, [this, &network, record] {
    network.set_defaults({});
    records_[record].reverted_ns = cluster_.now().ns;
    --open_;
  });
}

}  // namespace kabuki::tools

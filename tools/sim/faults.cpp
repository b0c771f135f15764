#include "tools/sim/faults.hpp"

#include <algorithm>
#include <utility>

#include "actors/node_host.hpp"

namespace kabuki::tools {
namespace {

constexpr std::chrono::seconds kInspectTimeout{3};
constexpr double kPodKills = 0.4;   // of the kills, when there are pods
constexpr double kOneWay = 0.5;     // of the partitions
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
  plan(options_.kills, [this] { kill(); });
  plan(options_.crashes, [this] { crash(); });
  plan(options_.partitions, [this] { partition(); });
  plan(options_.pauses, [this] { pause(); });
  plan(options_.sync_failures, [this] { fail_sync(); });
  plan(options_.clocks, [this] { skew_clock(); });
  plan(options_.container_crashes, [this] { crash_container(); });
  cluster_.at(options_.duration, [this] { over_ = true; });
}

void Faults::plan(int count, const std::function<void()>& fault) {
  for (int i = 0; i < count; ++i) {
    cluster_.at(io::Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>(options_.duration.count())))), fault);
  }
}

size_t Faults::fired(std::string kind, std::string target, std::string detail) {
  records_.push_back({std::move(kind), std::move(target), std::move(detail), cluster_.now().ns, -1});
  return records_.size() - 1;
}

void Faults::revert_later(size_t record, std::function<void()> revert) {
  ++open_;
  const io::Duration left = end_ - cluster_.now();
  const io::Duration longest = std::clamp<io::Duration>(left, io::Duration(1), options_.down_max);
  const auto delay = io::Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>(longest.count()))));
  cluster_.at(delay, [this, record, revert = std::move(revert)] {
    revert();
    records_[record].reverted_ns = cluster_.now().ns;
    --open_;
  });
}

std::string Faults::any_host(bool workers_only) {
  std::vector<std::string> hosts;
  for (const std::string& host : cluster_.hosts()) {
    if (cluster_.is_up(host) && (!workers_only || host != actors::kFirstHost)) hosts.push_back(host);
  }
  return hosts.empty() ? "" : hosts[random_.below(hosts.size())];
}

void Faults::kill() {
  // The control plane has most of the actors that matter.
  const std::string host = random_.chance(0.5) && cluster_.is_up(actors::kFirstHost) ? actors::kFirstHost : any_host(false);
  if (host.empty()) return;
  cluster_.ask(host, {host}, runtime::make_message(bus::Inspect()), kInspectTimeout,
               [this, host](Result<runtime::MessagePtr> answer) {
                 const auto* reply = answer ? (*answer)->as<bus::InspectReply>() : nullptr;
                 if (!reply || over_) return;
                 cluster_.at(io::Duration::zero(), [this, host, root = reply->actor()] { kill_one_of(host, root); });
               });
}

void Faults::kill_one_of(const std::string& host, const bus::ActorInfo& root) {
  if (over_) return;
  const auto standing = actor_names(root, false);
  std::vector<std::string> pods;
  for (const std::string& name : actor_names(root, true)) {
    if (name.find("/pods/") != std::string::npos) pods.push_back(name);
  }
  const bool pod = !pods.empty() && random_.chance(kPodKills);
  const std::string target = pod ? pods[random_.below(pods.size())] : standing[random_.below(standing.size())];
  const size_t record = fired("kill", target, "");
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

void Faults::crash() {
  const std::string host = any_host(false);
  if (host.empty()) return;
  cluster_.crash_host(host);
  revert_later(fired("crash-host", host, ""), [this, host] { cluster_.restart_host(host); });
}

void Faults::partition() {
  const std::string host = any_host(true);
  if (host.empty()) return;
  auto& network = cluster_.world().network();
  if (!random_.chance(kOneWay)) {
    network.cut(host, actors::kFirstHost);
    revert_later(fired("partition", host, "from host-1, both ways"),
                 [&network, host] { network.heal(host, actors::kFirstHost); });
    return;
  }
  const bool out = random_.chance(0.5);
  const std::string from = out ? host : actors::kFirstHost;
  const std::string to = out ? actors::kFirstHost : host;
  network.cut_one_way(from, to);
  revert_later(fired("partition", host, "nothing arrives from " + from + " at " + to),
               [&network, from, to] { network.heal_one_way(from, to); });
}

void Faults::pause() {
  const std::string host = any_host(false);
  if (host.empty()) return;
  const auto duration = io::Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>(io::Duration(kPauseMax).count()))));
  cluster_.world().pause_host(host, duration);
  const size_t record = fired("pause", host, "");
  records_[record].reverted_ns = cluster_.now().ns + duration.count();
}

void Faults::fail_sync() {
  const auto shards = cluster_.shards().names();
  const std::string shard = shards[random_.below(shards.size())];
  cluster_.medium(shard).fail_next_sync();
  const size_t record = fired("sync-failure", "shard " + shard, "the next sync fails");
  records_[record].reverted_ns = cluster_.now().ns;
}

void Faults::skew_clock() {
  const std::string host = any_host(false);
  if (host.empty()) return;
  runtime::sim::ClockError error;
  error.skew = std::chrono::milliseconds(random_.between(-kSkewMaxMs, kSkewMaxMs));
  error.drift_ppm = random_.between(-kDriftMaxPpm, kDriftMaxPpm);
  cluster_.world().set_clock_error(host, error);
  revert_later(fired("clock", host,
                     "off by " + std::to_string(error.skew.count() / 1'000'000) + " ms, drifts " +
                         std::to_string(error.drift_ppm) + " ppm"),
               [this, host] { cluster_.world().set_clock_error(host, {}); });
}

void Faults::crash_container() {
  const std::string host = any_host(false);
  if (host.empty()) return;
  cluster_.ask(host, {host}, runtime::make_message(bus::Inspect()), kInspectTimeout,
               [this, host](Result<runtime::MessagePtr> answer) {
                 const auto* reply = answer ? (*answer)->as<bus::InspectReply>() : nullptr;
                 if (!reply || over_) return;
                 cluster_.at(io::Duration::zero(), [this, host, root = reply->actor()] { crash_one_of(host, root); });
               });
}

/// Only pods of Deployments: their containers are started again, and what the others end with is not spoilt.
void Faults::crash_one_of(const std::string& host, const bus::ActorInfo& root) {
  std::vector<std::string> pods;
  for (const std::string& name : actor_names(root, true)) {
    if (name.find("/pods/") != std::string::npos && name.find("/web-") != std::string::npos) pods.push_back(name);
  }
  if (pods.empty() || over_) return;
  const std::string target = pods[random_.below(pods.size())];
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

#include "tools/sim/workload.hpp"

#include <algorithm>
#include <utility>

#include "tools/sim/workloads/all.hpp"

namespace kabuki::tools {
namespace {

constexpr std::chrono::seconds kRestPause{1};
constexpr size_t kDrawn = 3;  // workloads of a seed that nobody chose any for

using Make = std::unique_ptr<Workload> (*)(SimCluster&, const WorkloadOptions&);

struct Known {
  const char* name;
  Make make;
};

constexpr Known kKnown[] = {
    {"web", make_web},
    {"rollouts", make_rollouts},
    {"replication-controllers", make_replication_controllers},
    {"stateful-sets", make_stateful_sets},
    {"daemon-sets", make_daemon_sets},
    {"jobs", make_jobs},
    {"cron-jobs", make_cron_jobs},
    {"budgets", make_budgets},
    {"quotas", make_quotas},
    {"volumes", make_volumes},
    {"services", make_services},
    {"autoscalers", make_autoscalers},
    {"namespaces", make_namespaces},
    {"priorities", make_priorities},
    {"leftovers", make_leftovers},
    {"packing", make_packing},
    {"widgets", make_widgets},
    {"resizes", make_resizes},
};

std::vector<std::string> draw(io::Random random) {
  std::vector<std::string> names = Workloads::all_names();
  while (names.size() > kDrawn) names.erase(names.begin() + static_cast<std::ptrdiff_t>(random.below(names.size())));
  return names;
}

}  // namespace

Workload::Workload(SimCluster& cluster, const WorkloadOptions& options, const std::string& stream)
    : cluster_(cluster), options_(options), random_(cluster.world().random(stream)), client_(cluster, random_) {}

void Workload::start() {
  end_ = cluster_.now() + options_.duration;
  next();
}

void Workload::next() {
  const auto pause =
      io::Duration(static_cast<int64_t>(random_.exponential(static_cast<double>(options_.pause_mean.count()))));
  if (cluster_.now() + pause >= end_) return cluster_.at(end_ - cluster_.now(), [this] { come_to_rest(); });
  cluster_.at(pause, [this] {
    act();
    next();
  });
}

/// What happens meanwhile (a late restore, an answer that says no) may ask for more.
void Workload::come_to_rest() {
  at_rest_ = client_.idle() && rest();
  cluster_.at(kRestPause, [this] { come_to_rest(); });
}

void Workload::restored(const std::map<Key, ObjectPtr>& objects) { client_.restored(objects); }

const Key* Workload::any_key() {
  const Key& key = client_.keys()[random_.below(client_.keys().size())];
  return client_.busy(key) ? nullptr : &key;
}

const std::vector<std::string>& Workloads::all_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Known& known : kKnown) all.emplace_back(known.name);
    return all;
  }();
  return names;
}

Workloads::Workloads(SimCluster& cluster, const WorkloadOptions& options)
    : names_(options.names.empty() ? draw(cluster.world().random("workloads")) : options.names) {
  for (const Known& known : kKnown) {
    if (std::ranges::find(names_, known.name) != names_.end()) all_.push_back(known.make(cluster, options));
  }
}

Workloads::~Workloads() = default;

void Workloads::start() {
  for (auto& workload : all_) workload->start();
}

void Workloads::restored(const std::map<Key, ObjectPtr>& objects) {
  for (auto& workload : all_) workload->restored(objects);
}

bool Workloads::done() const {
  return std::ranges::all_of(all_, [](const auto& workload) { return workload->done(); });
}

Client::Counts Workloads::counts() const {
  Client::Counts sum;
  for (const auto& workload : all_) {
    const Client::Counts& counts = workload->client().counts();
    sum.acknowledged += counts.acknowledged;
    sum.refused += counts.refused;
    sum.unknown += counts.unknown;
    sum.reads += counts.reads;
  }
  return sum;
}

bool Workloads::wants(const Key& key) const {
  return std::ranges::any_of(all_, [&](const auto& workload) { return workload->client().wanted().contains(key); });
}

}  // namespace kabuki::tools

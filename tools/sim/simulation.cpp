#include "tools/sim/simulation.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "messages/api/batch/v1/job.pb.h"
#include "messages/kinds.hpp"

namespace kabuki::tools {
namespace {

constexpr std::chrono::seconds kStartLimit{60};
/// For the nodes to register and be ready, before the first write and the first fault.
constexpr std::chrono::seconds kWarmUp{5};
constexpr std::chrono::seconds kKillTimeout{5};

std::string number_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

/// The Job whose pods run, none if no such. They may run for longer than nothing need change for, and then end.
const Object* running_job(const History& history) {
  for (const auto& [key, object] : history.objects()) {
    if (key.kind == kinds::kJob && object->as<k8s::io::api::batch::v1::Job>().status().active() > 0) return &*object;
  }
  return nullptr;
}

/// True when nothing but leases and heartbeats has changed for `quiet`; false when `limit` went by.
bool settle(SimCluster& cluster, const SimulationOptions& options, const History& history, const Workloads& workloads,
            const Faults& faults, const Backups& backups, std::string* why_not) {
  auto quiet = [&] {
    return faults.over() && backups.over() && workloads.done() && cluster.all_up() &&
           cluster.now() - history.last_change() >= options.quiet && !running_job(history);
  };
  const io::MonoTime began = cluster.now();
  if (cluster.run_until([&] { return quiet() && cluster.now() - began >= options.quiet; }, options.settle_limit,
                        std::chrono::seconds(1))) {
    return true;
  }
  *why_not = !faults.over()         ? "not every fault was reverted"
             : !backups.over()      ? "not every restore has happened"
             : !workloads.done()    ? "the client still waits for an answer"
             : !cluster.all_up()    ? "not every host is up"
             : running_job(history) ? running_job(history)->key().name + " still runs"
                                    : history.last_changed() + " still changes";
  return false;
}

/// Lets whoever decides start anew, and look at every object: at rest that changes nothing.
Lines look_at_rest(SimCluster& cluster, const SimulationOptions& options, History& history) {
  Lines written;
  history.on_change([&](const std::string& key) {
    if (std::ranges::find(written, key) == written.end()) written.push_back(key);
  });
  for (const std::string& host : cluster.hosts()) {
    if (!cluster.is_master(host)) continue;
    for (const char* elector : {"/controllers", "/scheduler"}) {
      cluster.ask(host, {host + elector}, runtime::make_message(bus::KillActor()), kKillTimeout,
                  [](const Result<runtime::MessagePtr>&) {});
    }
  }
  cluster.run_for(options.rest);
  history.on_change({});
  return written;
}

}  // namespace

bool SimulationReport::passed() const {
  return std::ranges::all_of(checks, [](const Check& check) { return check.verdict == Verdict::passed; });
}

SimulationReport simulate(SimulationOptions options) {
  options.workload.duration = options.duration;
  options.faults.duration = options.duration;
  options.backups.duration = options.duration;
  SimulationReport report;
  report.options = options;

  History* seen = nullptr;
  std::unique_ptr<History> history;
  SimCluster cluster(options.cluster, [&seen](const std::string& shard, std::unique_ptr<store::Engine> engine) {
    return seen->tap(shard, std::move(engine));
  });
  history = std::make_unique<History>(cluster.world().clock());
  seen = history.get();
  history->on_every_change(options.on_change);
  Workloads workloads(cluster, options.workload);
  Faults faults(cluster, options.faults);
  Backups backups(cluster, *history, workloads, options.backups);

  try {
    Observed observed;
    if (cluster.start(kStartLimit)) {
      cluster.run_for(kWarmUp);
      workloads.start();
      faults.start();
      backups.start();
      cluster.run_for(options.duration);
      const io::MonoTime last_fault = cluster.now();
      observed.settled = settle(cluster, options, *history, workloads, faults, backups, &observed.why_not_settled);
      report.settled_after = std::max(history->last_change() - last_fault, io::Duration::zero());
      if (observed.settled) observed.written_at_rest = look_at_rest(cluster, options, *history);
      observed.restored = history->restores() > 0;
      observed.container_crashes = faults.container_crashes();
      observe(cluster, &observed);
    } else {
      observed.why_not_settled = "the cluster did not come up";
    }
    report.checks = judge(observed, *history, workloads);
  } catch (const std::runtime_error& error) {
    // The world gives a run up whose time stands still.
    report.checks.push_back({"time-goes-on", Verdict::failed, error.what()});
  }
  report.trace_hash = cluster.world().trace_hash();
  report.state_hash = history->state_hash();
  report.simulated = io::Duration(cluster.now().ns);
  report.steps = cluster.world().steps();
  report.changes = history->changes();
  // So that the command to replay says what was drawn: with more workloads to choose from, others would be.
  report.workloads = report.options.workload.names = workloads.names();
  report.root_ends = cluster.root_ends();
  report.writes = workloads.counts();
  report.frames_sent = cluster.world().network().sent();
  report.frames_lost = cluster.world().network().lost();
  report.frames_duplicated = cluster.world().network().duplicated();
  report.faults = faults.records();
  for (const FaultRecord& record : backups.records()) report.faults.push_back(record);
  cluster.close();
  return report;
}

std::string duration_text(io::Duration duration) {
  if (duration.count() % 1'000'000'000 == 0) return std::to_string(duration.count() / 1'000'000'000) + "s";
  char text[32];
  std::snprintf(text, sizeof text, "%.6gms", static_cast<double>(duration.count()) * 1e-6);
  return text;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ",") + name;
  return out;
}

std::string replay_command(const SimulationOptions& options) {
  const FaultOptions& faults = options.faults;
  return "kabuki sim --seed " + std::to_string(options.cluster.seed) + " --for " + duration_text(options.duration) +
         " --hosts " + std::to_string(options.cluster.hosts) +
         (options.cluster.masters > 1
              ? " --masters " + std::to_string(options.cluster.masters) + " --store-cuts " +
                    std::to_string(faults.store_cuts) + " --leader-crashes " + std::to_string(faults.leader_crashes) +
                    " --lease-duration " + duration_text(options.cluster.election.lease_duration) +
                    " --renew-deadline " + duration_text(options.cluster.election.renew_deadline) +
                    " --retry-period " + duration_text(options.cluster.election.retry_period)
              : std::string()) +
         " --nodes " + std::to_string(options.cluster.nodes) + " --kills " + std::to_string(faults.kills) +
         " --crashes " + std::to_string(faults.crashes) + " --partitions " + std::to_string(faults.partitions) +
         " --pauses " + std::to_string(faults.pauses) + " --sync-failures " + std::to_string(faults.sync_failures) +
         " --clocks " + std::to_string(faults.clocks) + " --container-crashes " +
         std::to_string(faults.container_crashes) + " --take-overs " + std::to_string(faults.take_overs) +
         " --restores " + std::to_string(options.backups.restores) + " --down-max " + duration_text(faults.down_max) +
         " --drop " + number_text(faults.drop) + " --duplicate " + number_text(faults.duplicate) + " --reorder " +
         number_text(faults.reorder) + " --delay " + duration_text(faults.delay) + " --step-cost " +
         duration_text(options.cluster.step_cost) + " --node-grace " +
         duration_text(options.cluster.node_lifecycle.grace) + " --eviction " +
         duration_text(options.cluster.node_lifecycle.eviction) + " --deployments " +
         std::to_string(options.workload.deployments) + " --pods " + std::to_string(options.workload.pods) +
         " --write-pause " + duration_text(options.workload.pause_mean) +
         (options.workload.names.empty() ? std::string() : " --workload " + joined(options.workload.names));
}

}  // namespace kabuki::tools

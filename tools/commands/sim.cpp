#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>

#include "messages/json.hpp"
#include "runtime/io/live_clock.hpp"
#include "runtime/log.hpp"
#include "tools/commands/commands.hpp"
#include "tools/say.hpp"
#include "tools/seed.hpp"
#include "tools/sim/report.hpp"

namespace kabuki::tools {
namespace {

struct SimCommand {
  uint64_t seed = 0;
  bool seed_given = false;
  std::string duration = "120s";
  std::string delay = "2ms";
  std::string step_cost = "0s";
  std::string down_max = "30s";
  std::string node_grace = "40s";
  std::string eviction = "300s";
  std::string write_pause = "2s";
  std::string lease_duration = "15s";
  std::string renew_deadline = "10s";
  std::string retry_period = "2s";
  std::string output;
  std::string history;
  bool verbose = false;
  SimulationOptions run;
};

io::Duration duration_or_give_up(const std::string& text) {
  auto parsed = parse_duration_ns(text);
  if (!parsed) give_up("sim", parsed.error());
  return io::Duration(*parsed);
}

/// One line for each change: when, what, at which revision, and the object.
void write_line(std::ofstream& file, const Invariant::Seen& seen) {
  const Object& object = seen.object();
  char when[32];
  std::snprintf(when, sizeof when, "%.6f", static_cast<double>(seen.now.ns) * 1e-9);
  file << when << (seen.after ? seen.before ? " changed " : " came " : " went ") << object.key().text() << " at "
       << object.revision();
  std::unique_ptr<google::protobuf::Message> message(kind_of(object.kind()).make());
  std::string json;
  if (seen.after && object.parse(message.get())) encode_json(*message, &json);
  file << " " << json << "\n";
}

void run_sim(SimCommand command) {
  command.run.duration = duration_or_give_up(command.duration);
  command.run.faults.delay = duration_or_give_up(command.delay);
  command.run.cluster.step_cost = duration_or_give_up(command.step_cost);
  command.run.faults.down_max = duration_or_give_up(command.down_max);
  command.run.cluster.node_lifecycle.grace = duration_or_give_up(command.node_grace);
  command.run.cluster.node_lifecycle.eviction = duration_or_give_up(command.eviction);
  command.run.workload.pause_mean = duration_or_give_up(command.write_pause);
  if (command.run.cluster.masters > command.run.cluster.hosts) {
    give_up("sim", {.message = "--masters must not be more than --hosts"});
  }
  if (command.run.cluster.masters > 1 && command.run.backups.restores > 0) {
    give_up("sim", {.message = "--restores is for one master: snapshots of a shared store are etcd's own"});
  }
  auto& election = command.run.cluster.election;
  election = {.lease_duration = duration_or_give_up(command.lease_duration),
              .renew_deadline = duration_or_give_up(command.renew_deadline),
              .retry_period = duration_or_give_up(command.retry_period)};
  if (auto sound = leader_election::check(election); !sound) give_up("sim", sound.error());
  command.run.cluster.seed = command.seed_given ? command.seed : random_seed() % 1'000'000;
  // What breaks on purpose would fill the screen.
  runtime::configure_logging(command.verbose ? "" : "/dev/null", runtime::Level::info);
  std::ofstream history;
  if (!command.history.empty()) {
    history.open(command.history);
    if (!history) give_up("sim", {.message = "cannot write " + command.history});
    command.run.on_change = [&history](const Invariant::Seen& seen) { write_line(history, seen); };
  }
  io::LiveClock clock;
  const io::MonoTime began = clock.mono();
  const SimulationReport report = simulate(command.run);
  const double wall_seconds = static_cast<double>((clock.mono() - began).count()) * 1e-9;
  runtime::flush_logs();
  say(command.output == "json" ? report_json(report, wall_seconds) : report_text(report, wall_seconds));
  throw CLI::RuntimeError(report.passed() ? 0 : 1);
}

}  // namespace

void add_sim(CLI::App& app) {
  auto command = std::make_shared<SimCommand>();
  CLI::App* sim = app.add_subcommand("sim", "Run a whole cluster in one thread from a seed, break it, and judge it");
  FaultOptions& faults = command->run.faults;
  auto probability = CLI::Range(0.0, 1.0);
  auto* seed = sim->add_option("--seed", command->seed, "What every random choice follows from; none: any");
  sim->add_option("--for", command->duration, "Virtual time with writes and faults; then it may settle")
      ->capture_default_str();
  sim->add_option("--hosts", command->run.cluster.hosts, "Hosts; the first has the control plane")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  sim->add_option("--masters", command->run.cluster.masters, "Of these hosts, how many have a control plane")
      ->capture_default_str()
      ->check(CLI::Range(1, 7));
  sim->add_option("--lease-duration", command->lease_duration, "As of `kabuki up`")->capture_default_str();
  sim->add_option("--renew-deadline", command->renew_deadline, "As of `kabuki up`")->capture_default_str();
  sim->add_option("--retry-period", command->retry_period, "As of `kabuki up`")->capture_default_str();
  sim->add_option("--store-cuts", faults.store_cuts, "Of several masters: times one does not reach the store")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--leader-crashes", faults.leader_crashes, "Of several masters: times the leading one crashes")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--nodes", command->run.cluster.nodes, "Nodes of each host")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  sim->add_option("--kills", faults.kills, "Actors killed by name")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--crashes", faults.crashes, "Hosts crashed and started again")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--partitions", faults.partitions, "Workers cut off for a while")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--pauses", faults.pauses, "Hosts that stand still for a while")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--sync-failures", faults.sync_failures, "Failing syncs of the store")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--clocks", faults.clocks, "Hosts whose clock is wrong for a while")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--container-crashes", faults.container_crashes, "Containers of Deployments crashed")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--take-overs", faults.take_overs,
                  "All kubelets of a host killed, half of them with the API server")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--restores", command->run.backups.restores, "Snapshots saved and restored at random times")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sim->add_option("--down-max", command->down_max, "Longest time a host, link or clock stays broken")
      ->capture_default_str();
  sim->add_option("--node-grace", command->node_grace, "Silence after which a node is not ready")
      ->capture_default_str();
  sim->add_option("--eviction", command->eviction, "How long pods stay on such a node")->capture_default_str();
  sim->add_option("--write-pause", command->write_pause, "Mean time between two writes of a workload")
      ->capture_default_str();
  sim->add_option("--drop", faults.drop, "Probability that a frame is lost")
      ->capture_default_str()
      ->check(probability);
  sim->add_option("--duplicate", faults.duplicate, "Probability that a frame comes twice")
      ->capture_default_str()
      ->check(probability);
  sim->add_option("--reorder", faults.reorder, "Probability that a frame overtakes others")
      ->capture_default_str()
      ->check(probability);
  sim->add_option("--delay", command->delay, "Mean delay of a frame")->capture_default_str();
  sim->add_option("--step-cost", command->step_cost, "How long a host is busy with one message")
      ->capture_default_str();
  sim->add_option("--workload", command->run.workload.names,
                  "What the clients work on, of: " + joined(Workloads::all_names()) + "; none: what the seed draws")
      ->delimiter(',')
      ->check(CLI::IsMember(Workloads::all_names()));
  sim->add_option("--deployments", command->run.workload.deployments, "Deployments of workload web")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  sim->add_option("--pods", command->run.workload.pods, "Single pods of workload web")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  sim->add_option("--history", command->history, "A file to write every durable change to, a line each");
  sim->add_flag("--verbose", command->verbose, "Show what the actors log");
  sim->add_option("-o,--output", command->output, "json")->check(CLI::IsMember({"json"}));
  sim->footer("Example:\n  kabuki sim --seed 7 --for 2m --kills 20 --crashes 2 --workload stateful-sets,jobs");
  sim->callback([command, seed] {
    command->seed_given = seed->count() > 0;
    run_sim(*command);
  });
}

}  // namespace kabuki::tools

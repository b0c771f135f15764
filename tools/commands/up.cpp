#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <unistd.h>

#include "runtime/io/live_clock.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/stop_host.hpp"
#include "tools/guardian.hpp"
#include "tools/host_process.hpp"
#include "tools/kubeconfig.hpp"
#include "tools/say.hpp"
#include "tools/store/shard_layout.hpp"

namespace kabuki::tools {
namespace {

struct UpOptions {
  HostProcessOptions host;
  std::string kubeconfig;
  std::string grace = "40s";
  std::string eviction = "5m";
  std::string scheduler_config;
  std::vector<std::string> shards;
  std::string history_age = "5m";
  std::string lease_duration = "15s";
  std::string renew_deadline = "10s";
  std::string retry_period = "2s";
  std::string autoscaler_period = "15s";
  std::string metrics_resolution = "15s";
  bool foreground = false;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// Writes the context where kubectl looks for it, and a file of its own beside the data.
Result<> write_context(const UpOptions& options, const HostReady& ready) {
  KubeconfigEntry entry{.name = options.host.cluster,
                        .server = ready.state.api_server,
                        .authority_pem = ready.authority_pem,
                        .client_certificate_pem = ready.admin_certificate_pem,
                        .client_key_pem = ready.admin_key_pem};
  if (auto merged = merge_kubeconfig_file(options.kubeconfig, entry); !merged) return merged;
  return merge_kubeconfig_file(ClusterFiles{options.host.data}.kubeconfig(), entry);
}

/// One life of the host process, in whatever process that is. `report` is called once, at the first start.
int live(const UpOptions& options, int guardian_pid, const Report& report) {
  return run_host_process(
      options.host,
      [&](HostReady ready) {
        ready.state.guardian_pid = guardian_pid;
        ready.state.kubeconfig = options.kubeconfig;
        auto written = write_host_state(ClusterFiles{options.host.data}.state(), ready.state);
        if (written) written = write_context(options, ready);
        if (!report) return;
        report(written ? BackgroundReport{true, ready.state.api_server}
                       : BackgroundReport{false, written.error().message});
      },
      [&](const Error& error) {
        if (report) report({false, error.message});
      });
}

std::string port_of(const std::string& address) { return address.substr(address.rfind(':') + 1); }

/// A host that listens for others listens where it did before, if nobody says otherwise: they go on asking there.
void keep_listening(UpOptions* options) {
  auto state = read_host_state(ClusterFiles{options->host.data}.state());
  std::string& listen = options->host.listen;
  if (!state || listen.empty() || listen.find(':') != std::string::npos) return;
  if (state->endpoint.starts_with("tcp://" + listen + ":")) listen += ":" + port_of(state->endpoint);
}

/// The options of a life after the first: what was left to chance stays as it came.
UpOptions as_before(UpOptions options) {
  keep_listening(&options);
  options.host.again = true;
  auto state = read_host_state(ClusterFiles{options.host.data}.state());
  if (state && options.host.port == 0) {
    options.host.port = static_cast<uint16_t>(std::strtoul(port_of(state->api_server).c_str(), nullptr, 10));
  }
  return options;
}

/// Guards host processes until it is told to stop. In the background every life reports, because the first may end
/// before it has; once somebody has been told, nobody listens any more.
int live_guarded(const UpOptions& options, const Report& report) {
  ClusterFiles files{options.host.data};
  auto lock = DirectoryLock::take(files.lock());
  if (!lock) {
    report({false, lock.error().message + ": the cluster \"" + options.host.cluster +
                       "\" runs already; stop it with `kabuki down --name " + options.host.cluster + "`"});
    return kCannotStart;
  }
  int guardian = ::getpid();
  return guard([&](int restarts) {
    return restarts == 0 ? live(options, guardian, report)
                         : live(as_before(options), guardian, options.foreground ? Report() : report);
  });
}

void say_ready(const UpOptions& options, const std::string& server, io::Duration took) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", static_cast<double>(took.count()) * 1e-9);
  say("Cluster \"" + options.host.cluster + "\" is ready after " + seconds + " s: " + server + ", " +
      counted(static_cast<uint64_t>(options.host.nodes), "node") + ".");
  say("  kubectl --context " + options.host.cluster +
      (options.kubeconfig == default_kubeconfig_path(environment("KUBECONFIG"), environment("HOME"))
           ? ""
           : " --kubeconfig " + options.kubeconfig) +
      " get nodes");
  if (!options.host.listen.empty()) {
    const ClusterFiles files{options.host.data};
    say("Other hosts join with:\n  kabuki host --join " + files.join_file() + " --nodes 3");
    if (options.host.store == "etcd") {
      say("and as control-plane hosts with:\n  kabuki host --join " + files.control_plane_join_file() +
          " --control-plane");
    }
  }
}

void run_up(UpOptions options) {
  io::LiveClock clock;
  io::MonoTime began = clock.mono();
  for (auto [text, target, name] :
       {std::tuple{&options.grace, &options.host.node_lifecycle.grace, "--node-grace"},
        std::tuple{&options.eviction, &options.host.node_lifecycle.eviction, "--eviction-timeout"},
        std::tuple{&options.lease_duration, &options.host.election.lease_duration, "--lease-duration"},
        std::tuple{&options.renew_deadline, &options.host.election.renew_deadline, "--renew-deadline"},
        std::tuple{&options.retry_period, &options.host.election.retry_period, "--retry-period"},
        std::tuple{&options.autoscaler_period, &options.host.autoscaler_period, "--autoscaler-period"},
        std::tuple{&options.history_age, &options.host.shard_state.history_age, "--history-age"},
        std::tuple{&options.metrics_resolution, &options.host.metrics_resolution, "--metrics-resolution"}}) {
    auto parsed = parse_duration_ns(*text);
    if (!parsed) {
      Error error = parsed.error();
      error.message = std::string(name) + ": " + error.message;
      give_up("up", error);
    }
    *target = io::Duration(*parsed);
  }
  for (auto [value, name] : {std::pair{options.host.node_lifecycle.grace, "--node-grace"},
                             std::pair{options.host.autoscaler_period, "--autoscaler-period"}}) {
    if (value.count() == 0) give_up("up", {.message = std::string(name) + " must be more than 0s"});
  }
  if (auto sound = leader_election::check(options.host.election); !sound) give_up("up", sound.error());
  if (!options.scheduler_config.empty()) {
    auto text = read_text(options.scheduler_config);
    if (!text) give_up("up", text.error());
    auto profiles = scheduler::read_profiles(*text);
    if (!profiles) give_up("up", profiles.error());
    options.host.profiles = std::move(*profiles);
    options.host.scheduler_config = std::move(*text);
  }
  for (const std::string& shard : options.shards)
    options.host.mapping += (options.host.mapping.empty() ? "" : ";") + shard;
  if (auto mapping = settle_mapping({}, options.host.mapping, ""); !mapping) give_up("up", mapping.error());
  for (const std::string& text : options.host.label_indexes) {
    if (auto index = store::parse_label_index(text); !index) give_up("up", index.error());
  }
  if (!options.host.etcd.etcd_urls.empty()) options.host.store = "etcd";
  if (options.host.lazy_leases && options.host.store != "rocksdb") give_up("up", lazy_leases_are_rocksdbs());
  if (options.host.store == "etcd" && options.host.etcd.etcd_urls.empty()) {
    give_up("up", {.message = "--store etcd needs --etcd URL,URL,...: where the members of etcd are"});
  }
  options.host.etcd.cluster = options.host.cluster;
  if (options.host.data.empty()) options.host.data = default_data_dir(options.host.cluster);
  if (options.kubeconfig.empty()) {
    options.kubeconfig = default_kubeconfig_path(environment("KUBECONFIG"), environment("HOME"));
  }
  ClusterFiles files{options.host.data};
  keep_listening(&options);
  if (DirectoryLock::is_held(files.lock())) {
    give_up("up", {.message = "the cluster \"" + options.host.cluster + "\" runs already from " + files.root +
                              "; stop it with `kabuki down --name " + options.host.cluster +
                              "`, or give another --name and --data"});
  }
  if (auto prepared = prepare_data_dir(files); !prepared) give_up("up", prepared.error());

  if (options.foreground) {
    int status = live_guarded(options, [&](const BackgroundReport& report) {
      if (report.ready) {
        say_ready(options, report.text, clock.mono() - began);
      } else {
        std::fprintf(stderr, "kabuki up: %s\n", report.text.c_str());
      }
    });
    throw CLI::RuntimeError(status);
  }
  auto report = run_in_background(files.log(), [&](Report say_it) { return live_guarded(options, say_it); });
  if (!report) give_up("up", report.error());
  if (!report->ready) give_up("up", {.message = report->text});
  say_ready(options, report->text, clock.mono() - began);
}

}  // namespace

void add_up(CLI::App& app) {
  auto options = std::make_shared<UpOptions>();
  CLI::App* up = app.add_subcommand("up", "Start a cluster in the background; return when it is ready");
  up->add_option("--nodes", options->host.nodes, "Simulated nodes on this host")
      ->capture_default_str()
      ->check(CLI::Range(0, 100000));
  up->add_option("--name", options->host.cluster, "Name of the cluster and of its kubeconfig context")
      ->capture_default_str();
  up->add_option("--kubeconfig", options->kubeconfig,
                 "File the context is written to (default: where kubectl looks)");
  up->add_option("--data", options->host.data,
                 "Directory of the cluster's data (default: ~/.local/state/kabuki/NAME)");
  up->add_option("--port", options->host.port, "Port of the API server; 0 picks a free one")->capture_default_str();
  up->add_option("--listen", options->host.listen, "Address at which other hosts reach this one; writes a join file");
  up->add_option("--store", options->host.store, "Where objects are kept")
      ->capture_default_str()
      ->check(CLI::IsMember({"rocksdb", "memory", "etcd"}));
  add_etcd_options(up, &options->host.etcd);
  up->add_option("--shard", options->shards,
                 "A part of the store and the resources it keeps, once for each part; NAME=* keeps the rest. Only "
                 "when a cluster is new")
      ->type_name("NAME=RESOURCE,...")
      ->default_str("pods=pods leases=leases events=events objects=*");
  up->add_option("--index-label", options->host.label_indexes,
                 "Find objects of a resource by this label without looking at the others; once for each label")
      ->type_name("RESOURCE=LABEL");
  up->add_option("--history-changes", options->host.shard_state.history_changes,
                 "Changes that each shard remembers, for watches that resume")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000'000));
  up->add_option("--history-bytes", options->host.shard_state.history_bytes,
                 "Bytes of old versions that each shard keeps for that")
      ->transform(CLI::AsSizeValue(false))
      ->default_str("128MB");
  up->add_option("--history-age", options->history_age, "Age at which changes are forgotten; 0s: never")
      ->capture_default_str();
  up->add_flag("--lazy-leases", options->host.lazy_leases,
               "With --store rocksdb: acknowledge nodes' heartbeats before they are on disk; a crash may forget "
               "their last second");
  up->add_option("--node-grace", options->grace, "Silence after which a node is NotReady")->capture_default_str();
  up->add_option("--scheduler-config", options->scheduler_config,
                 "A KubeSchedulerConfiguration with profiles, which pods choose by spec.schedulerName")
      ->type_name("FILE");
  up->add_option("--eviction-timeout", options->eviction, "How long pods stay on a node that is not ready")
      ->capture_default_str();
  up->add_option("--lease-duration", options->lease_duration,
                 "Silence of a leading control-plane host after which another takes over")
      ->capture_default_str();
  up->add_option("--renew-deadline", options->renew_deadline, "When a leader that cannot renew its lease stops")
      ->capture_default_str();
  up->add_option("--retry-period", options->retry_period, "How often leases are renewed and looked at")
      ->capture_default_str();
  up->add_option("--autoscaler-period", options->autoscaler_period, "How often horizontal pod autoscalers decide")
      ->capture_default_str();
  up->add_option("--metrics-resolution", options->metrics_resolution,
                 "How old what is told of the use of pods and nodes may be")
      ->capture_default_str();
  up->add_flag("--foreground", options->foreground, "Stay in the foreground");
  up->footer("Example:\n  kabuki up --nodes 5 --name demo && kubectl --context demo get nodes");
  up->callback([options] { run_up(*options); });
}

}  // namespace kabuki::tools

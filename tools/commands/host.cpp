#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <unistd.h>

#include "runtime/io/live_clock.hpp"
#include "runtime/transport/join_file.hpp"
#include "tools/commands/commands.hpp"
#include "tools/guardian.hpp"
#include "tools/host_process.hpp"
#include "tools/kubeconfig.hpp"
#include "tools/say.hpp"

namespace kabuki::tools {
namespace {

struct HostOptions {
  HostProcessOptions host;
  std::string kubeconfig;
  bool foreground = false;
};

/// A directory for another host of the cluster on this machine: kabuki@1, kabuki@2, ...; the first that no process
/// uses.
std::string free_worker_dir(const std::string& cluster) {
  for (int number = 1;; ++number) {
    std::string dir = default_data_dir(cluster + "@" + std::to_string(number));
    if (!DirectoryLock::is_held(ClusterFiles{dir}.lock())) return dir;
  }
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// A control-plane host's own context, beside that of the first: kabuki-host-2.
Result<> write_context(const HostOptions& options, const HostReady& ready) {
  if (!options.host.control_plane) return {};
  KubeconfigEntry entry{.name = context_name(ready.state),
                        .server = ready.state.api_server,
                        .authority_pem = ready.authority_pem,
                        .client_certificate_pem = ready.admin_certificate_pem,
                        .client_key_pem = ready.admin_key_pem,
                        .current = false};
  return merge_kubeconfig_file(options.kubeconfig, entry);
}

int live_guarded(const HostOptions& options, const Report& report) {
  ClusterFiles files{options.host.data};
  auto lock = DirectoryLock::take(files.lock());
  if (!lock) {
    report({false, lock.error().message + ": a host runs from " + files.root + " already"});
    return kCannotStart;
  }
  int guardian = ::getpid();
  return guard([&](int restarts) {
    HostProcessOptions life = options.host;
    life.again = restarts > 0;
    return run_host_process(
        life,
        [&](HostReady ready) {
          ready.state.guardian_pid = guardian;
          if (options.host.control_plane) ready.state.kubeconfig = options.kubeconfig;
          auto written = write_host_state(files.state(), ready.state);
          if (written) written = write_context(options, ready);
          // In the background a second life reports too: the first may have ended before it did.
          if (restarts > 0 && options.foreground) return;
          report(written ? BackgroundReport{true, ready.state.host}
                         : BackgroundReport{false, written.error().message});
        },
        [&](const Error& error) {
          if (restarts == 0 || !options.foreground) report({false, error.message});
        });
  });
}

void run_host(HostOptions options) {
  io::LiveClock clock;
  io::MonoTime began = clock.mono();
  // Said here, before anything goes to the background: a file that cannot be read is the commonest mistake.
  auto file = runtime::read_join_file(options.host.join_file);
  if (!file) give_up("host", file.error());
  std::error_code failure;
  options.host.join_file = std::filesystem::absolute(options.host.join_file, failure).string();
  if (options.host.data.empty()) options.host.data = free_worker_dir(options.host.cluster);
  const bool joined = std::filesystem::exists(options.host.data + "/host-name");
  if (options.host.control_plane && !file->control_plane && !joined) {
    give_up("host",
            {.message = options.host.join_file +
                        " is for workers; for --control-plane take join-control-plane.json, which lies beside "
                        "it on control-plane hosts"});
  }
  if (options.kubeconfig.empty()) {
    options.kubeconfig = default_kubeconfig_path(environment("KUBECONFIG"), environment("HOME"));
  }
  ClusterFiles files{options.host.data};
  if (auto prepared = prepare_data_dir(files); !prepared) give_up("host", prepared.error());

  auto say_ready = [&](const std::string& name) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.2f", static_cast<double>((clock.mono() - began).count()) * 1e-9);
    say("Joined as " + name + " with " + counted(static_cast<uint64_t>(options.host.nodes), "node") + " after " +
        seconds + " s; data in " + files.root + ".");
    if (options.host.control_plane) say("  kubectl --context " + options.host.cluster + "-" + name + " get nodes");
  };
  if (options.foreground) {
    int status = live_guarded(options, [&](const BackgroundReport& report) {
      if (report.ready) return say_ready(report.text);
      std::fprintf(stderr, "kabuki host: %s\n", report.text.c_str());
    });
    throw CLI::RuntimeError(status);
  }
  auto report = run_in_background(files.log(), [&](Report say_it) { return live_guarded(options, say_it); });
  if (!report) give_up("host", report.error());
  if (!report->ready) give_up("host", {.message = report->text});
  say_ready(report->text);
}

}  // namespace

void add_host(CLI::App& app) {
  auto options = std::make_shared<HostOptions>();
  options->host.port = 0;
  CLI::App* host = app.add_subcommand("host", "Add a host to a cluster");
  host->add_option("--join", options->host.join_file,
                   "Join file of a control-plane host: join.json, or join-control-plane.json")
      ->required();
  host->add_option("--nodes", options->host.nodes, "Simulated nodes on this host")
      ->capture_default_str()
      ->check(CLI::Range(0, 100000));
  host->add_option("--name", options->host.cluster, "Name of the cluster, for `kabuki down`")->capture_default_str();
  host->add_option("--data", options->host.data, "Directory of this host (default: below ~/.local/state/kabuki)");
  host->add_option("--listen", options->host.listen,
                   "Address at which other hosts reach this one (default: 127.0.0.1)");
  host->add_flag("--control-plane", options->host.control_plane,
                 "Serve the API and stand by to lead, too; the cluster's objects must be in etcd");
  host->add_option("--port", options->host.port, "With --control-plane: port of the API server; 0 picks a free one")
      ->capture_default_str();
  host->add_option("--kubeconfig", options->kubeconfig,
                   "With --control-plane: file the context NAME-HOST is written to (default: where kubectl looks)");
  add_etcd_options(host, &options->host.etcd);
  host->add_flag("--foreground", options->foreground, "Stay in the foreground");
  host->footer(
      "Examples:\n  kabuki host --join join.json --nodes 10\n  kabuki host --join join-control-plane.json "
      "--control-plane --port 6444");
  host->callback([options] { run_host(*options); });
}

}  // namespace kabuki::tools

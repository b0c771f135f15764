#include <CLI/CLI.hpp>
#include <memory>
#include <signal.h>

#include "messages/status.hpp"
#include "runtime/io/live_clock.hpp"
#include "tools/cluster_files.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/stop_host.hpp"
#include "tools/kubeconfig.hpp"
#include "tools/say.hpp"

namespace kabuki::tools {
namespace {

constexpr std::chrono::seconds kStopLimit{30};

struct DownOptions {
  std::string name = "kabuki";
  std::string data;
};

void run_down(const DownOptions& options) {
  std::vector<std::string> dirs = options.data.empty() ? host_dirs(options.name) : std::vector{options.data};
  int stopped = 0;
  // Workers first: they need not see their control plane go.
  for (auto dir = dirs.rbegin(); dir != dirs.rend(); ++dir) {
    ClusterFiles files{*dir};
    auto state = read_host_state(files.state());
    auto was_running = stop_host(*dir);
    if (!was_running) give_up("down", was_running.error());
    if (!*was_running) continue;
    ++stopped;
    if (state && !state->kubeconfig.empty()) {
      if (auto removed = remove_from_kubeconfig_file(state->kubeconfig, context_name(*state)); !removed) {
        give_up("down", removed.error());
      }
    }
  }
  if (stopped == 0) say("No host of cluster \"" + options.name + "\" runs here.");
  if (stopped > 0) say("Stopped " + std::to_string(stopped) + (stopped == 1 ? " host." : " hosts."));
}

}  // namespace

Result<bool> stop_host(const std::string& data) {
  ClusterFiles files{data};
  if (!DirectoryLock::is_held(files.lock())) return false;
  auto holder = read_text(files.lock());
  if (!holder) return holder.error();
  pid_t pid = static_cast<pid_t>(std::strtol(holder->c_str(), nullptr, 10));
  if (pid <= 1 || ::kill(pid, SIGTERM) != 0) {
    return internal_error(files.lock() + " is held by a process that cannot be signalled (" + *holder + ")");
  }
  io::LiveClock clock;
  io::MonoTime began = clock.mono();
  while (DirectoryLock::is_held(files.lock())) {
    if (clock.mono() - began > kStopLimit) {
      return timed_out("process " + *holder + " has not stopped within 30 s; its log is " + files.log());
    }
    timespec pause{0, 5'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return true;
}

void add_down(CLI::App& app) {
  auto options = std::make_shared<DownOptions>();
  CLI::App* down = app.add_subcommand("down", "Stop a cluster's hosts on this machine; its data stays");
  down->add_option("--name", options->name, "Name of the cluster")->capture_default_str();
  down->add_option("--data", options->data, "Only the host of this directory");
  down->footer("Example:\n  kabuki down --name demo");
  down->callback([options] { run_down(*options); });
}

}  // namespace kabuki::tools

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/commands/commands.hpp"
#include "tools/say.hpp"
#include "tools/scale/scale_run.hpp"

namespace kabuki::tools {
namespace {

struct ScaleCommand {
  ScaleOptions run;
  std::string timeout = "30m";
  std::string until = "running";
  std::string output;
};

void run_command(ScaleCommand command) {
  auto timeout = parse_duration_ns(command.timeout);
  if (!timeout) give_up("scale", timeout.error());
  command.run.timeout = io::Duration(*timeout);
  command.run.until = command.until == "created" ? Until::created
                      : command.until == "bound" ? Until::bound
                                                 : Until::running;
  auto result = run_scale(command.run, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  if (!result) give_up("scale", result.error());

  double per_pod = command.run.pods == 0
                       ? 0
                       : (static_cast<double>(result->peak_rss_bytes) - static_cast<double>(result->idle_rss_bytes)) /
                             static_cast<double>(command.run.pods);
  if (command.output == "json") {
    nlohmann::ordered_json json{{"nodes", command.run.nodes},
                                {"pods", command.run.pods},
                                {"store", command.run.store},
                                {"until", command.until},
                                {"pods_bound", result->pods_bound},
                                {"bound_seconds", result->bound_seconds},
                                {"pods_running", result->pods_running},
                                {"seconds", result->seconds},
                                {"pods_per_second", result->pods_per_second},
                                {"startup_p50_ms", result->startup_p50_ms},
                                {"startup_p99_ms", result->startup_p99_ms},
                                {"peak_rss_bytes", result->peak_rss_bytes},
                                {"idle_rss_bytes", result->idle_rss_bytes},
                                {"bytes_per_pod", per_pod},
                                {"creates_refused", result->creates_refused}};
    say(json.dump(2));
  } else {
    char line[200];
    std::snprintf(line, sizeof line,
                  "%zu of %zu pods %s on %zu nodes after %.1f s: %.0f pods/s; start-up p50 %.0f ms, p99 %.0f ms; "
                  "%.0f MB at most, %.1f KB a pod",
                  static_cast<size_t>(result->pods_per_second * result->seconds + 0.5), command.run.pods,
                  command.until == "running" ? "Running" : command.until.c_str(), result->nodes_ready,
                  result->seconds, result->pods_per_second, result->startup_p50_ms, result->startup_p99_ms,
                  static_cast<double>(result->peak_rss_bytes) / 1e6, per_pod / 1e3);
    say(line);
  }
  if (!result->complete)
    give_up("scale", {.message = "not every pod was " + command.until + " when the time was up"});
}

}  // namespace

void add_scale(CLI::App& app) {
  auto command = std::make_shared<ScaleCommand>();
  CLI::App* scale = app.add_subcommand("scale", "Run many pods on many nodes in this process, and measure");
  scale->add_option("--nodes", command->run.nodes, "Simulated nodes")
      ->capture_default_str()
      ->check(CLI::Range(0, 100000));
  scale->add_option("--pods", command->run.pods, "Pods to run")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000000));
  scale->add_option("--pods-per-node", command->run.pods_per_node,
                    "Most pods on a node (default: 110, or what is needed)");
  scale->add_option("--store", command->run.store, "Where objects are kept")
      ->capture_default_str()
      ->check(CLI::IsMember({"rocksdb", "memory"}));
  scale->add_option("--until", command->until, "What is waited for; nodes are mere objects unless it is running")
      ->capture_default_str()
      ->check(CLI::IsMember({"created", "bound", "running"}));
  scale->add_option("--timeout", command->timeout, "When to give up")->capture_default_str();
  scale->add_option("-o,--output", command->output, "json")->check(CLI::IsMember({"json"}));
  scale->footer("Example:\n  kabuki scale --nodes 1000 --pods 100000 -o json");
  scale->callback([command] { run_command(*command); });
}

}  // namespace kabuki::tools

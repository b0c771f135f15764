#include "tools/sim/report.hpp"

#include <nlohmann/json.hpp>

namespace kabuki::tools {
namespace {

using Json = nlohmann::ordered_json;

double seconds(int64_t ns) { return static_cast<double>(ns) * 1e-9; }

std::string hex(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

Json options_json(const SimulationOptions& options) {
  const FaultOptions& faults = options.faults;
  return {{"hosts", options.cluster.hosts},
          {"nodes", options.cluster.nodes},
          {"for_seconds", seconds(options.duration.count())},
          {"kills", faults.kills},
          {"crashes", faults.crashes},
          {"partitions", faults.partitions},
          {"pauses", faults.pauses},
          {"sync_failures", faults.sync_failures},
          {"clocks", faults.clocks},
          {"container_crashes", faults.container_crashes},
          {"take_overs", faults.take_overs},
          {"restores", options.backups.restores},
          {"down_max_seconds", seconds(faults.down_max.count())},
          {"drop", faults.drop},
          {"duplicate", faults.duplicate},
          {"reorder", faults.reorder},
          {"delay_seconds", seconds(faults.delay.count())},
          {"step_cost_seconds", seconds(options.cluster.step_cost.count())},
          {"node_grace_seconds", seconds(options.cluster.node_lifecycle.grace.count())},
          {"eviction_seconds", seconds(options.cluster.node_lifecycle.eviction.count())},
          {"write_pause_seconds", seconds(options.workload.pause_mean.count())},
          {"deployments", options.workload.deployments},
          {"pods", options.workload.pods}};
}

std::string fixed(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

}  // namespace

std::string report_json(const SimulationReport& report, double wall_seconds) {
  Json json;
  json["seed"] = report.options.cluster.seed;
  json["passed"] = report.passed();
  json["workloads"] = report.workloads;
  json["options"] = options_json(report.options);
  json["replay"] = replay_command(report.options);
  json["trace_hash"] = hex(report.trace_hash);
  json["state_hash"] = hex(report.state_hash);
  json["simulated_seconds"] = seconds(report.simulated.count());
  json["wall_seconds"] = wall_seconds;
  json["settled_after_seconds"] = seconds(report.settled_after.count());
  json["steps"] = report.steps;
  json["changes"] = report.changes;
  json["writes"] = {{"acknowledged", report.writes.acknowledged},
                    {"refused", report.writes.refused},
                    {"unknown", report.writes.unknown},
                    {"reads", report.writes.reads}};
  json["frames"] = {
      {"sent", report.frames_sent}, {"lost", report.frames_lost}, {"duplicated", report.frames_duplicated}};
  json["root_supervisors_ended"] = report.root_ends;
  json["faults"] = Json::array();
  for (const FaultRecord& fault : report.faults) {
    Json line{{"kind", fault.kind}, {"target", fault.target}, {"fired_seconds", seconds(fault.fired_ns)}};
    line["reverted_seconds"] = fault.reverted_ns < 0 ? Json() : Json(seconds(fault.reverted_ns));
    if (!fault.detail.empty()) line["detail"] = fault.detail;
    json["faults"].push_back(std::move(line));
  }
  json["checks"] = Json::array();
  for (const Check& check : report.checks) {
    json["checks"].push_back({{"name", check.name}, {"verdict", text(check.verdict)}, {"detail", check.detail}});
  }
  return json.dump(2);
}

std::string report_text(const SimulationReport& report, double wall_seconds) {
  std::string out = "seed " + std::to_string(report.options.cluster.seed) + ", trace " + hex(report.trace_hash) +
                    ": " + fixed(seconds(report.simulated.count()), 0) + " simulated seconds in " +
                    fixed(wall_seconds, 2) + " s, " + std::to_string(report.steps) + " steps, " +
                    std::to_string(report.changes) + " changes\n";
  out += "workloads: " + joined(report.workloads) + "\n";
  out += "writes: " + std::to_string(report.writes.acknowledged) + " acknowledged, " +
         std::to_string(report.writes.refused) + " refused, " + std::to_string(report.writes.unknown) + " unknown\n";
  out += "faults:\n";
  for (const FaultRecord& fault : report.faults) {
    out += "  " + fixed(seconds(fault.fired_ns), 3) + " s  " + fault.kind + " " + fault.target;
    if (!fault.detail.empty()) out += " (" + fault.detail + ")";
    if (fault.reverted_ns > fault.fired_ns) out += ", until " + fixed(seconds(fault.reverted_ns), 3) + " s";
    out += "\n";
  }
  out += "checks:\n";
  for (const Check& check : report.checks) {
    out += "  " + std::string(text(check.verdict)) + "  " + check.name;
    if (!check.detail.empty()) out += ": " + check.detail;
    out += "\n";
  }
  out += report.passed() ? "All promises held." : "Replay: " + replay_command(report.options);
  return out;
}

}  // namespace kabuki::tools

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "messages/bus/control.pb.h"
#include "tools/commands/commands.hpp"
#include "tools/control_client.hpp"
#include "tools/say.hpp"

namespace kabuki::tools {
namespace {

struct StatusOptions {
  std::string name = "kabuki";
  std::string data;
  std::string output;
  int depth = 0;
};

nlohmann::ordered_json tree_json(const bus::ActorInfo& actor) {
  nlohmann::ordered_json json{{"name", actor.name()},     {"type", actor.type()},
                              {"state", actor.state()},   {"restarts", actor.restarts()},
                              {"health", actor.health()}, {"mailbox", actor.mailbox()}};
  for (const auto& child : actor.children()) json["children"].push_back(tree_json(child));
  if (actor.more_children() > 0) json["moreChildren"] = actor.more_children();
  return json;
}

void print_tree(const bus::ActorInfo& actor, std::string_view parent, const std::string& indent) {
  std::string_view shown = actor.name();
  if (!parent.empty() && shown.starts_with(parent)) shown.remove_prefix(parent.size() + 1);
  std::string line = indent + std::string(shown);
  if (actor.state() != "running") line += "  [" + actor.state() + "]";
  if (actor.restarts() > 0) line += "  restarts=" + std::to_string(actor.restarts());
  if (!actor.health().empty()) line += "  " + actor.health();
  say(line);
  for (const auto& child : actor.children()) print_tree(child, actor.name(), indent + "  ");
  if (actor.more_children() > 0) say(indent + "  ... and " + std::to_string(actor.more_children()) + " more");
}

struct HostReport {
  bus::Members::Host host;
  std::optional<bus::ActorInfo> tree;
  std::string why_not;
};

std::vector<HostReport> ask_hosts(const ControlClient& client, int depth) {
  auto members = client.ask(runtime::role(runtime::roles::kMembership), runtime::make_message(bus::GetMembers()));
  if (!members) give_up("status", members.error());
  const auto* table = (*members)->as<bus::Members>();
  if (!table) give_up("status", {.message = "the membership actor gave an answer of another form"});
  std::vector<HostReport> reports;
  for (const auto& host : table->hosts()) {
    HostReport report{.host = host};
    bus::Inspect inspect;
    inspect.set_depth(static_cast<uint32_t>(depth));
    auto tree = client.ask({host.name()}, runtime::make_message(std::move(inspect)));
    if (const auto* reply = tree ? (*tree)->as<bus::InspectReply>() : nullptr) {
      report.tree = reply->actor();
    } else {
      report.why_not = tree ? "gave an answer of another form" : tree.error().message;
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

void run_status(const StatusOptions& options) {
  auto client = ControlClient::open(options.name, options.data);
  if (!client) give_up("status", client.error());
  auto reports = ask_hosts(*client, options.depth);
  const HostState& state = client->host();
  if (options.output == "json") {
    nlohmann::ordered_json json{
        {"cluster", state.cluster}, {"apiServer", state.api_server}, {"data", client->files().root}};
    json["hosts"] = nlohmann::ordered_json::array();
    for (const HostReport& report : reports) {
      nlohmann::ordered_json host{{"name", report.host.name()},
                                  {"pid", report.host.pid()},
                                  {"up", report.host.up()},
                                  {"incarnation", report.host.incarnation()},
                                  {"endpoint", report.host.endpoint()},
                                  {"nodes", report.host.nodes()}};
      if (report.tree) host["tree"] = tree_json(*report.tree);
      if (!report.why_not.empty()) host["error"] = report.why_not;
      json["hosts"].push_back(std::move(host));
    }
    return say(json.dump(2));
  }
  say("Cluster " + state.cluster + " at " + state.api_server + ", data in " + client->files().root);
  for (const HostReport& report : reports) {
    say("");
    say(report.host.name() + "  pid " + std::to_string(report.host.pid()) + "  " +
        (report.host.up() ? "up" : "down") + "  incarnation " + std::to_string(report.host.incarnation()) + "  " +
        counted(report.host.nodes(), "node"));
    if (report.tree) {
      for (const auto& child : report.tree->children()) print_tree(child, report.tree->name(), "  ");
    } else {
      say("  cannot be asked: " + report.why_not);
    }
  }
}

}  // namespace

void add_status(CLI::App& app) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* status = app.add_subcommand("status", "Show hosts, the supervision tree, restarts and health");
  status->add_option("--name", options->name, "Name of the cluster")->capture_default_str();
  status->add_option("--data", options->data, "Directory of the cluster's first host");
  status->add_option("--depth", options->depth, "Levels of the tree; 0 shows all")->capture_default_str();
  status->add_option("-o,--output", options->output, "json")->check(CLI::IsMember({"json"}));
  status->footer("Example:\n  kabuki status -o json");
  status->callback([options] { run_status(*options); });
}

}  // namespace kabuki::tools

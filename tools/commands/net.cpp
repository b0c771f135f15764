#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/bus/control.pb.h"
#include "tools/api_client.hpp"
#include "tools/commands/commands.hpp"
#include "tools/control_client.hpp"
#include "tools/say.hpp"

namespace kabuki::tools {
namespace {

struct ProbeOptions {
  std::string name = "kabuki";
  std::string data;
  std::string from;
  std::string to;
  uint32_t port = 0;
  std::string output;
};

void run_probe(const ProbeOptions& options) {
  auto client = ControlClient::open(options.name, options.data);
  if (!client) give_up("net probe", client.error());
  Key from = pod_key(options.from);
  Key to = pod_key(options.to);
  auto source = pod_actor(*client, from);
  if (!source) give_up("net probe", source.error());
  auto target = get_object(*client, to);
  if (!target) give_up("net probe", target.error());

  std::string address = (*target)->as<::k8s::io::api::core::v1::Pod>().status().podip();
  if (address.empty()) give_up("net probe", {.message = "pod " + options.to + " has no address yet"});

  bus::NetProbe verb;
  verb.set_to_ip(address);
  verb.set_from_namespace(from.ns);
  verb.set_from_pod(from.name);
  verb.set_to_namespace(to.ns);
  verb.set_to_pod(to.name);
  verb.set_port(options.port);
  // The kubelet of A's node is the one that sends: the pod actor's parent.
  runtime::Address kubelet{source->text.substr(0, source->text.find("/pods/"))};
  auto answer = client->ask(kubelet, runtime::make_message(std::move(verb)));
  if (!answer) give_up("net probe", answer.error());
  const auto* reply = (*answer)->as<bus::NetProbeReply>();
  if (!reply) give_up("net probe", {.message = "the kubelet gave an answer of another form"});

  if (options.output == "json") {
    nlohmann::ordered_json json{{"reached", reply->reached()},
                                {"from", reply->from_ip()},
                                {"to", reply->to_ip()},
                                {"rttNanoseconds", reply->rtt_ns()},
                                {"path", nlohmann::ordered_json::array()}};
    for (const std::string& hop : reply->path()) json["path"].push_back(hop);
    if (!reply->reached()) json["why"] = reply->why_not();
    say(json.dump(2));
  } else {
    std::string path;
    for (const std::string& hop : reply->path()) path += (path.empty() ? "" : " -> ") + hop;
    say(options.from + " (" + reply->from_ip() + ") " + (reply->reached() ? "reaches " : "does not reach ") +
        options.to + " (" + reply->to_ip() + ")");
    if (!path.empty()) say("  by " + path);
    char millis[32];
    std::snprintf(millis, sizeof millis, "%.3f", static_cast<double>(reply->rtt_ns()) * 1e-6);
    if (reply->reached()) say(std::string("  in ") + millis + " ms");
    if (!reply->reached()) say("  because " + reply->why_not());
  }
  if (!reply->reached()) throw CLI::RuntimeError(1);
}

}  // namespace

void add_net(CLI::App& app) {
  CLI::App* net = app.add_subcommand("net", "Look at the pod network");
  net->require_subcommand(1);
  net->footer("Example:\n  kabuki net probe web-1 shop/database-0 --port 5432");
  auto options = std::make_shared<ProbeOptions>();
  CLI::App* probe = net->add_subcommand("probe", "Does pod A reach pod B?");
  probe->add_option("POD_A", options->from, "POD or NAMESPACE/POD")->required();
  probe->add_option("POD_B", options->to, "POD or NAMESPACE/POD")->required();
  probe->add_option("--port", options->port, "A port that B must have declared");
  probe->add_option("--name", options->name, "Name of the cluster")->capture_default_str();
  probe->add_option("--data", options->data, "Directory of the cluster's first host");
  probe->add_option("-o,--output", options->output, "json")->check(CLI::IsMember({"json"}));
  probe->footer("Example:\n  kabuki net probe web-1 shop/database-0 --port 5432");
  probe->callback([options] { run_probe(*options); });
}

}  // namespace kabuki::tools

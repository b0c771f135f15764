#include <CLI/CLI.hpp>
#include <memory>

#include "messages/bus/control.pb.h"
#include "tools/api_client.hpp"
#include "tools/commands/commands.hpp"
#include "tools/control_client.hpp"
#include "tools/say.hpp"

namespace kabuki::tools {
namespace {

struct FaultOptions {
  std::string name = "kabuki";
  std::string data;
  std::string target;
  int exit_code = 137;
};

ControlClient open_or_give_up(const FaultOptions& options) {
  auto client = ControlClient::open(options.name, options.data);
  if (!client) give_up("fault", client.error());
  return std::move(*client);
}

/// Ends one actor at once. Killing is a crash: nothing is told to its children but their end.
void kill(const FaultOptions& options) {
  ControlClient client = open_or_give_up(options);
  bus::KillActor verb;
  verb.set_why("kabuki fault kill");
  auto answer = client.ask({options.target}, runtime::make_message(std::move(verb)));
  if (!answer) give_up("fault kill", answer.error());
  say("Killed " + options.target + ".");
}

void crash(const FaultOptions& options) {
  size_t slash = options.target.rfind('/');
  if (slash == std::string::npos || slash + 1 == options.target.size()) {
    give_up("fault crash", {.message = "\"" + options.target +
                                       "\" names no container; write POD/CONTAINER or "
                                       "NAMESPACE/POD/CONTAINER"});
  }
  ControlClient client = open_or_give_up(options);
  auto actor = pod_actor(client, pod_key(options.target.substr(0, slash)));
  if (!actor) give_up("fault crash", actor.error());
  bus::CrashContainer verb;
  verb.set_container(options.target.substr(slash + 1));
  verb.set_exit_code(options.exit_code);
  auto answer = client.ask(*actor, runtime::make_message(std::move(verb)));
  if (!answer) give_up("fault crash", answer.error());
  say("Crashed container " + options.target + " with exit code " + std::to_string(options.exit_code) + ".");
}

void add_common(CLI::App* command, const std::shared_ptr<FaultOptions>& options) {
  command->add_option("--name", options->name, "Name of the cluster")->capture_default_str();
  command->add_option("--data", options->data, "Directory of the cluster's first host");
}

}  // namespace

void add_fault(CLI::App& app) {
  CLI::App* fault = app.add_subcommand("fault", "Break something in a running cluster");
  fault->require_subcommand(1);
  fault->footer("Example:\n  kabuki fault kill host-1/scheduler");
  {
    auto options = std::make_shared<FaultOptions>();
    CLI::App* command = fault->add_subcommand("kill", "Kill one actor by its name, as a crash would");
    command->add_option("ACTOR", options->target, "Full name, as `kabuki status` shows it")->required();
    add_common(command, options);
    command->footer("Example:\n  kabuki fault kill host-1/scheduler");
    command->callback([options] { kill(*options); });
  }
  {
    auto options = std::make_shared<FaultOptions>();
    CLI::App* command = fault->add_subcommand("crash", "Crash one container of a pod");
    command->add_option("CONTAINER", options->target, "POD/CONTAINER or NAMESPACE/POD/CONTAINER")->required();
    command->add_option("--exit-code", options->exit_code, "What the container ends with")
        ->capture_default_str()
        ->check(CLI::Range(0, 255));
    add_common(command, options);
    command->footer("Example:\n  kabuki fault crash web-5d8f7c9b4-x2x7q/web --exit-code 1");
    command->callback([options] { crash(*options); });
  }
}

}  // namespace kabuki::tools

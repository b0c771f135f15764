#include <CLI/CLI.hpp>

#include "tools/allocator.hpp"
#include "tools/commands/commands.hpp"
#include "tools/unknown_subcommand.hpp"

int main(int argc, char** argv) {
  kabuki::tools::set_up_allocator();
  CLI::App app{"kabuki: a Kubernetes control plane performed by actors", "kabuki"};
  app.require_subcommand(1);
  app.failure_message(kabuki::tools::explain_command_line);  // before the subcommands, which inherit it
  app.set_version_flag("--version", "kabuki 0.1.0");
  app.footer("Example:\n  kabuki up --nodes 3 && kubectl --context kabuki get nodes");
  kabuki::tools::add_up(app);
  kabuki::tools::add_down(app);
  kabuki::tools::add_status(app);
  kabuki::tools::add_host(app);
  kabuki::tools::add_fault(app);
  kabuki::tools::add_net(app);
  kabuki::tools::add_sim(app);
  kabuki::tools::add_scale(app);
  kabuki::tools::add_snapshot(app);
  kabuki::tools::add_store(app);
  CLI11_PARSE(app, argc, argv);
  return 0;
}

#include <CLI/CLI.hpp>
#include <memory>

#include "runtime/io/live_clock.hpp"
#include "tools/commands/commands.hpp"
#include "tools/say.hpp"
#include "tools/snapshot/directory.hpp"

namespace kabuki::tools {
namespace {

struct ReplaceOptions {
  std::string shard;
  std::string name = "kabuki";
  std::string data;
  std::string from;
  bool empty = false;
};

void run_replace(const ReplaceOptions& options) {
  if (options.from.empty() && !options.empty) {
    give_up("store replace",
            {.message = "say what to put there: --from SNAPSHOT, or --empty, which loses what it held"});
  }
  io::LiveClock clock;
  const ClusterFiles files{options.data.empty() ? default_data_dir(options.name) : options.data};
  auto done = replace_shard(files, options.shard, options.from, {.now_ns = clock.wall().ns});
  if (!done) give_up("store replace", done.error());
  const auto& shard = done->shards.front();
  say("The shard " + shard.name + " of " + files.root + " has " + std::to_string(shard.objects) +
      " objects and goes on from revision " + std::to_string(shard.revision) +
      (options.empty ? ", empty" : ", from " + options.from) + ".");
  if (DirectoryLock::is_held(files.lock())) say("The running cluster finds it within 15 s.");
}

}  // namespace

void add_store_replace(CLI::App& store) {
  auto options = std::make_shared<ReplaceOptions>();
  CLI::App* command = store.add_subcommand("replace", "Put a backup's shard in the place of one that is lost");
  command->add_option("SHARD", options->shard, "Its name, as `kabuki store list` shows it")->required();
  command->add_option("--name", options->name, "Name of the cluster")->capture_default_str();
  command->add_option("--data", options->data, "Directory of the cluster's first host");
  auto* from = command->add_option("--from", options->from, "A snapshot of the same cluster")->type_name("SNAPSHOT");
  command->add_flag("--empty", options->empty, "Put an empty shard there: what it held is given up")->excludes(from);
  command->footer(
      "The other shards may go on serving meanwhile. What lay there is kept beside it, as SHARD.lost-SECONDS. "
      "Clients see "
      "no revision go back.\nExample:\n  kabuki store replace events --from /backup/demo.snap --data "
      "/var/lib/kabuki/demo");
  command->callback([options] { run_replace(*options); });
}

}  // namespace kabuki::tools

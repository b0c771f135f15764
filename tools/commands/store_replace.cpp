#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "messages/status.hpp"
#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"
#include "tools/commands/commands.hpp"
#include "tools/engines.hpp"
#include "tools/etcd_engines.hpp"
#include "tools/say.hpp"
#include "tools/snapshot/directory.hpp"
#include "tools/snapshot/snapshot_file.hpp"
#include "tools/store/shard_layout.hpp"

namespace kabuki::tools {
namespace {

struct ReplaceOptions {
  std::string shard;
  std::string name = "kabuki";
  std::string data;
  std::string from;
  bool empty = false;
  EngineChoice engine;
};

/// Where nothing is any more; what is there is refused.
Result<store::SnapshotSummary> replace_in_etcd(const ReplaceOptions& options, const io::Clock& clock,
                                               const EngineChoice& choice) {
  auto stored = mapping_in_etcd(choice);
  if (!stored) return stored.error();
  if (!options.from.empty()) {
    const auto taken = mapping_of_snapshot(options.from);
    if (!taken) return taken.error();
    auto settled = settle_replacement(*stored, *taken, options.from);
    if (!settled) return settled.error();
    *stored = std::move(*settled);
  }
  if (!*stored) return bad_request("nothing of the cluster \"" + choice.cluster + "\" is in this etcd any more");
  const store::ShardMap& mapping = **stored;
  if (const auto names = mapping.names(); !std::ranges::binary_search(names, options.shard)) {
    return bad_request("the cluster has no shard \"" + options.shard + "\": its resources are kept as \"" +
                       mapping.text() + "\"");
  }
  const OpenNewEngine open = [&](const std::string& shard, uint64_t first) -> Result<std::unique_ptr<store::Engine>> {
    EngineChoice own = choice;
    own.first_revision = first;
    auto made = engines(own, mapping);
    if (!made) return made.error();
    return (*made)(shard);
  };
  const int64_t now = clock.wall().ns;
  if (!options.from.empty()) return restore_objects(options.from, open, {.now_ns = now, .only = options.shard});
  const uint64_t first = store::restored_revision(0, now, now);
  auto engine = open(options.shard, first);
  if (!engine) return engine.error();
  auto revision = store::make_empty_shard(options.shard, std::move(*engine), first);
  if (!revision) return revision.error();
  return store::SnapshotSummary{.mapping = mapping.text(),
                                .shards = {{.name = options.shard, .revision = *revision}}};
}

void run_replace(const ReplaceOptions& options) {
  if (options.from.empty() && !options.empty) {
    give_up("store replace",
            {.message = "say what to put there: --from SNAPSHOT, or --empty, which loses what it held"});
  }
  io::LiveClock clock;
  const ClusterFiles files{options.data.empty() ? default_data_dir(options.name) : options.data};
  const bool etcd = !options.engine.etcd_urls.empty();
  io::LiveTimers timers(clock);
  EngineChoice choice = options.engine;
  choice.cluster = options.name;
  choice.clock = &clock;
  choice.timers = &timers;
  auto done = etcd ? replace_in_etcd(options, clock, choice)
                   : replace_shard(files, options.shard, options.from, {.now_ns = clock.wall().ns});
  if (!done) give_up("store replace", done.error());
  const auto& shard = done->shards.front();
  say("The shard " + shard.name + " of " + (etcd ? "the cluster " + options.name + " in etcd" : files.root) +
      " has " + std::to_string(shard.objects) + " objects and goes on from revision " +
      std::to_string(shard.revision) + (options.empty ? ", empty" : ", from " + options.from) + ".");
  if (etcd || DirectoryLock::is_held(files.lock())) say("A running cluster finds it within 15 s.");
}

}  // namespace

void add_store_replace(CLI::App& store) {
  auto options = std::make_shared<ReplaceOptions>();
  CLI::App* command = store.add_subcommand("replace", "Put a backup's shard in the place of one that is lost");
  command->add_option("SHARD", options->shard, "Its name, as `kabuki store list` shows it")->required();
  command->add_option("--name", options->name, "Name of the cluster")->capture_default_str();
  command->add_option("--data", options->data, "Directory of the cluster's first host");
  auto* from = command->add_option("--from", options->from, "A snapshot of the same cluster")->type_name("SNAPSHOT");
  add_etcd_options(command, &options->engine);
  command->add_flag("--empty", options->empty, "Put an empty shard there: what it held is given up")->excludes(from);
  command->footer(
      "The other shards may go on serving meanwhile. What lay there is kept beside it, as SHARD.lost-SECONDS. "
      "Clients see "
      "no revision go back.\nExample:\n  kabuki store replace events --from /backup/demo.snap --data "
      "/var/lib/kabuki/demo");
  command->callback([options] { run_replace(*options); });
}

}  // namespace kabuki::tools

#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "messages/time_format.hpp"
#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"
#include "store/check.hpp"
#include "tools/commands/commands.hpp"
#include "tools/control_client.hpp"
#include "tools/engines.hpp"
#include "tools/say.hpp"
#include "tools/snapshot/directory.hpp"
#include "tools/snapshot/save.hpp"
#include "tools/snapshot/schedule.hpp"
#include "tools/snapshot/snapshot_file.hpp"

namespace kabuki::tools {
namespace {

namespace fs = std::filesystem;

struct SnapshotOptions {
  std::string name = "kabuki";
  std::string data;
  std::string file;
  std::string output;
  std::string every;
  size_t keep = 0;
  uint64_t at_least = 0;
  EngineChoice engine;
};

std::string megabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) * 1e-6);
  return text;
}

void show(const SnapshotOptions& options, const std::string& headline, const store::SnapshotSummary& summary) {
  if (options.output == "json") {
    nlohmann::ordered_json json{{"file", options.file},
                                {"cluster", summary.cluster},
                                {"created", format_time(summary.created_ns / 1'000'000'000)},
                                {"mapping", summary.mapping},
                                {"bytes", summary.bytes},
                                {"objects", summary.objects()},
                                {"shards", nlohmann::ordered_json::array()},
                                {"files", summary.files}};
    for (const auto& shard : summary.shards) {
      json["shards"].push_back(
          {{"name", shard.name}, {"revision", shard.revision}, {"objects", shard.objects}, {"bytes", shard.bytes}});
    }
    return say(json.dump(2));
  }
  say(headline);
  for (const auto& shard : summary.shards) {
    say("  " + shard.name + ": " + std::to_string(shard.objects) + " objects, " + megabytes(shard.bytes) +
        ", revision " + std::to_string(shard.revision));
  }
}

/// "1234 objects of cluster "demo", taken 2026-11-23T11:30:00Z"
std::string content_text(const store::SnapshotSummary& summary) {
  return std::to_string(summary.objects()) + " objects of cluster \"" + summary.cluster + "\", taken " +
         format_time(summary.created_ns / 1'000'000'000);
}

Result<store::SnapshotSummary> save_once(const SnapshotOptions& options, const io::Clock& clock,
                                         const std::string& file) {
  auto client = ControlClient::open(options.name, options.data);
  if (!client) return client.error();
  return save_snapshot(*client, clock, file);
}

void save_and_show(SnapshotOptions options, const io::Clock& clock) {
  auto summary = save_once(options, clock, options.file);
  if (!summary) give_up("snapshot save", summary.error());
  show(options, "Saved " + content_text(*summary) + ", in " + options.file + " (" + megabytes(summary->bytes) + ")",
       *summary);
}

Result<> remove_superseded(const SnapshotOptions& options) {
  const fs::path folder = fs::absolute(options.file).parent_path();
  std::vector<std::string> names;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) names.push_back(entry.path().filename().string());
  for (const std::string& name : superseded(options.file, names, options.keep)) {
    fs::remove(folder / name, failure);
    if (failure) return {Error{.message = "cannot remove " + (folder / name).string() + ": " + failure.message()}};
    say("Removed " + (folder / name).string());
  }
  return {};
}

/// Goes on until it is interrupted. A snapshot that fails is said, and the next one tried at its time: a cluster that
/// is down for a while must not end its backups.
[[noreturn]] void save_regularly(const SnapshotOptions& options, const io::Clock& clock) {
  auto parsed = parse_duration_ns(options.every);
  if (!parsed) give_up("snapshot save", parsed.error());
  const io::Duration every(*parsed);
  if (every < std::chrono::seconds(1)) give_up("snapshot save", {.message = "--every must be at least 1s"});
  io::MonoTime next = clock.mono();
  for (;;) {
    SnapshotOptions one = options;
    one.file = dated_name(options.file, clock.wall().seconds());
    auto summary = save_once(one, clock, one.file);
    if (summary) {
      show(one, "Saved " + content_text(*summary) + ", in " + one.file + " (" + megabytes(summary->bytes) + ")",
           *summary);
      auto removed = options.keep > 0 ? remove_superseded(options) : Result<>();
      if (!removed) std::fprintf(stderr, "kabuki snapshot save: %s\n", removed.error().message.c_str());
    } else {
      std::fprintf(stderr, "kabuki snapshot save: %s\n", summary.error().message.c_str());
    }
    next = std::max(next + every, clock.mono());
    while (clock.mono() < next) {
      const int64_t left = (next - clock.mono()).count();
      const timespec pause{left / 1'000'000'000, left % 1'000'000'000};
      ::nanosleep(&pause, nullptr);
    }
  }
}

void run_save(const SnapshotOptions& options) {
  io::LiveClock clock;
  if (options.every.empty()) return save_and_show(options, clock);
  save_regularly(options, clock);
}

store::ShardMap mapping_or_give_up(const std::string& command, const std::string& file) {
  auto mapping = mapping_of_snapshot(file);
  if (!mapping) give_up(command, mapping.error());
  return std::move(*mapping);
}

std::string cluster_of(const std::string& file) {
  auto source = FileSource::open(file);
  if (!source) give_up("snapshot restore", source.error());
  auto summary = store::read_snapshot(file, **source, mapping_or_give_up("snapshot restore", file));
  if (!summary) give_up("snapshot restore", summary.error());
  return summary->cluster;
}

void run_verify(const SnapshotOptions& options) {
  auto source = FileSource::open(options.file);
  if (!source) give_up("snapshot verify", source.error());
  // Its shards were read one after the other: what may have changed in between is no error.
  const store::ShardMap mapping = mapping_or_give_up("snapshot verify", options.file);
  store::StoreCheck check(mapping, true);
  uint64_t at = 0;
  store::SnapshotSink sink;
  sink.shard = [&](const std::string& shard, uint64_t revision) -> Result<> {
    at = revision;
    check.begin_shard(shard);
    return {};
  };
  sink.object = [&](const ObjectPtr& object) -> Result<> {
    check.add(*object);
    return {};
  };
  sink.shard_end = [&]() -> Result<> {
    check.end_shard(at);
    return {};
  };
  auto summary = store::read_snapshot(options.file, **source, mapping, sink);
  if (!summary) give_up("snapshot verify", summary.error());
  std::string wrong;
  for (const auto& finding : check.finish()) {
    if (finding.error) wrong += "\n  " + finding.key + " " + finding.what;
  }
  if (!wrong.empty()) {
    give_up("snapshot verify",
            {.message = options.file + " is whole, but was saved of a store with errors:" + wrong});
  }
  show(options,
       options.file + " is whole: " + content_text(*summary) + ", and " + std::to_string(summary->files.size()) +
           " files of its directory",
       *summary);
}

/// Opens shards in an etcd where the cluster is not yet.
OpenNewEngine new_in_etcd(EngineChoice choice, const store::ShardMap& mapping) {
  return [choice, mapping](const std::string& shard, uint64_t first) -> Result<std::unique_ptr<store::Engine>> {
    EngineChoice own = choice;
    own.first_revision = first;
    auto made = engines(own, mapping);
    if (!made) return made.error();
    return (*made)(shard);
  };
}

void run_restore(SnapshotOptions options) {
  io::LiveClock clock;
  io::LiveTimers timers(clock);
  const bool etcd = !options.engine.etcd_urls.empty();
  if (!etcd && options.data.empty()) {
    give_up("snapshot restore", {.message = "name the new directory with --data, or an etcd cluster with --etcd"});
  }
  OpenNewEngine open;
  if (etcd) {
    options.engine.clock = &clock;
    options.engine.timers = &timers;
    if (options.engine.cluster.empty()) options.engine.cluster = cluster_of(options.file);
    open = new_in_etcd(options.engine, mapping_or_give_up("snapshot restore", options.file));
  }
  const store::RestoreOptions how{.now_ns = clock.wall().ns, .at_least = options.at_least};
  auto summary = options.data.empty() ? restore_objects(options.file, open, how)
                                      : restore_directory(options.file, options.data, how, open);
  if (!summary) give_up("snapshot restore", summary.error());
  const std::string where = options.data.empty() ? "etcd" : options.data + (etcd ? " and etcd" : "");
  show(options, "Restored " + content_text(*summary) + ", into " + where + "; its shards go on from here:", *summary);
  if (options.output.empty() && !options.data.empty()) {
    say("Start it with:\n  kabuki up --name " + (etcd ? options.engine.cluster : summary->cluster) + " --data " +
        options.data + (etcd ? " --etcd " + options.engine.etcd_urls.front() : ""));
  }
}

}  // namespace

void add_snapshot(CLI::App& app) {
  CLI::App* snapshot = app.add_subcommand("snapshot", "Back a running cluster up; restore it");
  snapshot->require_subcommand(1);
  snapshot->footer("Example:\n  kabuki snapshot save /backup/demo.snap");
  auto options = std::make_shared<SnapshotOptions>();
  auto common = [&](CLI::App* command) {
    command->add_option("FILE", options->file, "The snapshot")->required();
    command->add_option("-o,--output", options->output, "json")->check(CLI::IsMember({"json"}));
  };

  CLI::App* save = snapshot->add_subcommand("save", "Save a running cluster, without a pause");
  common(save);
  save->add_option("--name", options->name, "Name of the cluster")->capture_default_str();
  save->add_option("--data", options->data, "Directory of the cluster's first host");
  auto* every =
      save->add_option("--every", options->every, "Go on in the foreground: one so often, with its time in its name");
  save->add_option("--keep", options->keep, "How many of those to keep; 0 keeps all")->needs(every);
  save->footer(
      "The file holds the cluster's keys and Secrets: it is readable by its owner alone.\n"
      "Example:\n  kabuki snapshot save /backup/demo.snap --name demo --every 10m --keep 6");
  save->callback([options] { run_save(*options); });

  CLI::App* verify = snapshot->add_subcommand("verify", "Check a snapshot; say what is in it");
  common(verify);
  verify->footer("Example:\n  kabuki snapshot verify /backup/demo.snap");
  verify->callback([options] { run_verify(*options); });

  CLI::App* restore = snapshot->add_subcommand("restore", "Make a cluster's directory from a snapshot");
  common(restore);
  restore->add_option("--data", options->data, "The new directory");
  options->engine.cluster.clear();
  restore->add_option("--name", options->engine.cluster, "Name of the cluster in etcd (default: as it was called)");
  add_etcd_options(restore, &options->engine);
  restore->add_option("--at-least", options->at_least,
                      "A revision to begin above, where clients may have seen one beyond the time's");
  restore->footer("Example:\n  kabuki snapshot restore /backup/demo.snap --data /var/lib/kabuki/demo");
  restore->callback([options] { run_restore(*options); });
}

}  // namespace kabuki::tools

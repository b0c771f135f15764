#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "messages/json.hpp"
#include "messages/kinds.hpp"
#include "messages/status.hpp"
#include "messages/yaml.hpp"
#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"
#include "store/check.hpp"
#include "store/index_check.hpp"
#include "tools/commands/commands.hpp"
#include "tools/say.hpp"
#include "tools/store/store_source.hpp"

namespace kabuki::tools {
namespace {

using Json = nlohmann::ordered_json;

struct StoreOptions {
  std::string name = "kabuki";
  std::string data;
  bool offline = false;
  std::string output;
  std::string resource;
  std::string object;
  std::string ns;
  std::string shard;
  uint64_t after = 0;
  uint64_t limit = 100;
  EngineChoice engine;
};

std::unique_ptr<StoreSource> open(const std::string& command, const StoreOptions& options) {
  static io::LiveClock clock;
  static io::LiveTimers timers(clock);
  EngineChoice choice = options.engine;
  choice.cluster = options.name;
  choice.clock = &clock;
  choice.timers = &timers;
  auto source =
      choice.etcd_urls.empty() ? open_store(options.name, options.data, options.offline) : open_etcd_store(choice);
  if (!source) give_up(command, source.error());
  return std::move(*source);
}

template <class T>
T or_give_up(const std::string& command, Result<T> result) {
  if (!result) give_up(command, result.error());
  return std::move(*result);
}

const Kind& kind_named(const std::string& command, const std::string& text) {
  if (const Kind* kind = store::kind_called(text)) return *kind;
  give_up(command, bad_request("there is no resource \"" + text + "\""));
}

/// "shop/web-1", or "web-1" of the namespace `default`; a cluster's own objects have only a name.
Key key_named(const Kind& kind, const std::string& text) {
  const size_t slash = text.find('/');
  if (!kind.namespaced) return {kind.id, "", text};
  if (slash == std::string::npos) return {kind.id, "default", text};
  return {kind.id, text.substr(0, slash), text.substr(slash + 1)};
}

std::string path_of(const Object& object) {
  return object.ns().empty() ? std::string(object.name())
                             : std::string(object.ns()) + "/" + std::string(object.name());
}

/// Rows under headings, columns as wide as they must be.
void say_table(std::vector<std::vector<std::string>> rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 3, ' ');
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    say(line);
  }
}

std::vector<store::Index> indexes_of(const bus::ShardInfo& info) {
  std::vector<store::Index> indexes;
  for (const auto& index : info.indexes()) {
    const auto kind = static_cast<KindId>(index.kind());
    if (!find_kind(kind)) continue;
    indexes.push_back(!index.label().empty()   ? store::label_index(kind, index.label())
                      : !index.field().empty() ? store::field_index(kind, index.field())
                                               : store::owner_index(kind));
  }
  return indexes;
}

void list_shards(const StoreOptions& options) {
  const auto source = open("store list", options);
  Json json = Json::array();
  std::vector<std::vector<std::string>> rows{{"SHARD", "REVISION", "OBJECTS", "BYTES", "REMEMBERED", "HOLDS"}};
  size_t closed = 0;
  for (const std::string& shard : source->shards().names()) {
    const auto answer = source->info(shard);
    if (!answer) {
      // One that is broken must not hide the others.
      ++closed;
      rows.push_back({shard, "-", "-", "-", "-", answer.error().message});
      json.push_back({{"shard", shard}, {"error", answer.error().message}});
      continue;
    }
    const auto& info = *answer;
    Json kinds = Json::array();
    uint64_t objects = 0, bytes = 0;
    std::string holds;
    for (const auto& count : info.kinds()) {
      const std::string resource = kind_of(static_cast<KindId>(count.kind())).resource();
      objects += count.objects();
      bytes += count.bytes();
      holds += (holds.empty() ? "" : ", ") + std::to_string(count.objects()) + " " + resource;
      kinds.push_back({{"resource", resource}, {"objects", count.objects()}, {"bytes", count.bytes()}});
    }
    const std::string window = source->running() ? std::to_string(info.window_changes()) + " changes since " +
                                                       std::to_string(info.window_from())
                                                 : "-";
    rows.push_back(
        {shard, std::to_string(info.revision()), std::to_string(objects), std::to_string(bytes), window, holds});
    Json entry{{"shard", shard},
               {"revision", info.revision()},
               {"objects", objects},
               {"bytes", bytes},
               {"kinds", std::move(kinds)}};
    if (source->running()) {
      entry["window"] = {
          {"from", info.window_from()}, {"changes", info.window_changes()}, {"bytes", info.window_bytes()}};
      entry["window"]["changesMax"] = info.window_changes_max();
      entry["window"]["bytesMax"] = info.window_bytes_max();
      entry["window"]["ageMaxSeconds"] = static_cast<double>(info.window_age_max_ms()) / 1000;
      entry["indexes"] = Json::array();
      for (const store::Index& index : indexes_of(info)) entry["indexes"].push_back(index.text());
      entry["watches"] = info.watches();
      entry["parkedWatches"] = info.parked_watches();
      entry["writesWaiting"] = info.writes_waiting();
    }
    json.push_back(std::move(entry));
  }
  if (options.output == "json") {
    say(Json{{"running", source->running()}, {"mapping", source->shards().text()}, {"shards", json}}.dump(2));
  } else {
    say_table(std::move(rows));
  }
  if (closed > 0) throw CLI::RuntimeError(1);
}

void list_objects_of(const StoreOptions& options) {
  const Kind& kind = kind_named("store list", options.resource);
  const auto source = open("store list", options);
  Json items = Json::array();
  std::vector<std::vector<std::string>> rows{{"NAME", "REVISION", "BYTES", "UID"}};
  const auto revision =
      or_give_up("store list", source->read(source->shards().shard_of(kind), [&](const ObjectPtr& object) {
        if (object->kind() != kind.id || (!options.ns.empty() && object->ns() != options.ns)) return;
        if (options.output == "json") {
          items.push_back({{"namespace", object->ns()},
                           {"name", object->name()},
                           {"revision", object->revision()},
                           {"bytes", object->body().size()},
                           {"uid", object->uid()}});
        } else {
          rows.push_back({path_of(*object), std::to_string(object->revision()), std::to_string(object->body().size()),
                          std::string(object->uid())});
        }
      }));
  if (options.output == "json") {
    return say(Json{{"resource", kind.resource()}, {"revision", revision}, {"items", items}}.dump(2));
  }
  say_table(std::move(rows));
}

std::string object_json(const Object& object) {
  const Kind& kind = kind_of(object.kind());
  const std::unique_ptr<google::protobuf::Message> message(kind.make());
  if (auto parsed = object.parse(message.get()); !parsed) give_up("store", parsed.error());
  std::string json;
  encode_json(*message, &json, kind.kind, kind.api_version());
  return json;
}

void run_get(const StoreOptions& options) {
  const Kind& kind = kind_named("store get", options.resource);
  const auto source = open("store get", options);
  const std::string& shard = source->shards().shard_of(kind);
  const Key key = key_named(kind, options.object);
  const auto object = or_give_up("store get", source->get(shard, key));
  if (!object) give_up("store get", not_found(kind, key.name));
  const std::string json = object_json(*object);
  if (options.output == "json") {
    return say(Json{{"shard", shard},
                    {"revision", object->revision()},
                    {"bytes", object->body().size()},
                    {"object", Json::parse(json)}}
                   .dump(2));
  }
  say("# shard " + shard + ", revision " + std::to_string(object->revision()) + ", " +
      std::to_string(object->body().size()) + " bytes");
  std::string yaml = or_give_up("store get", json_to_yaml(json));
  while (!yaml.empty() && yaml.back() == '\n') yaml.pop_back();
  say(yaml);
}

void run_history(const StoreOptions& options) {
  bus::ReadHistory request;
  request.set_after_revision(options.after);
  request.set_limit(options.limit);
  std::string shard = options.shard;
  if (shard.empty() && options.resource.empty()) {
    give_up("store history", bad_request("name a resource, or a shard with --shard"));
  }
  const Kind* named = options.resource.empty() ? nullptr : &kind_named("store history", options.resource);
  const auto source = open("store history", options);
  const auto names = source->shards().names();
  if (!shard.empty() && !std::ranges::binary_search(names, shard)) {
    std::string known;
    for (const auto& name : names) known += (known.empty() ? "" : ", ") + name;
    give_up("store history", bad_request("there is no shard \"" + shard + "\"; there are " + known));
  }
  if (named) {
    const Kind& kind = *named;
    shard = source->shards().shard_of(kind);
    if (!options.object.empty()) {
      const Key key = key_named(kind, options.object);
      request.mutable_key()->set_kind(key.kind);
      request.mutable_key()->set_namespace_(key.ns);
      request.mutable_key()->set_name(key.name);
    }
  }
  const auto history = or_give_up("store history", source->history(shard, request));
  Json items = Json::array();
  std::vector<std::vector<std::string>> rows{{"REVISION", "CHANGE", "OBJECT", "BEFORE"}};
  for (int i = 0; i < history.changes.items_size(); ++i) {
    const auto& item = history.changes.items(i);
    const ObjectPtr& object = history.objects.at(static_cast<size_t>(i));
    const char* change = item.deleted() ? "deleted" : item.previous_revision() == 0 ? "created" : "updated";
    rows.push_back({std::to_string(item.revision()), change, object->key().text(),
                    item.previous_revision() == 0 ? "-" : std::to_string(item.previous_revision())});
    items.push_back({{"revision", item.revision()},
                     {"change", change},
                     {"resource", kind_of(object->kind()).resource()},
                     {"namespace", object->ns()},
                     {"name", object->name()},
                     {"previousRevision", item.previous_revision()}});
  }
  if (options.output == "json") {
    return say(Json{
        {"shard", shard},
        {"revision", history.changes.revision()},
        {"windowFrom", history.changes.window_from()},
        {"more", history.changes.more()},
        {"changes",
         items}}.dump(2));
  }
  say("Shard " + shard + " at revision " + std::to_string(history.changes.revision()) +
      " remembers every change since " + std::to_string(history.changes.window_from()) + ".");
  const std::string last = rows.back()[0];
  say_table(std::move(rows));
  if (history.changes.more()) say("There are more: --after " + last + ", or --limit 0 for all.");
}

void run_check(const StoreOptions& options) {
  const auto source = open("store check", options);
  store::StoreCheck check(source->shards(), source->running());
  std::vector<store::Finding> wrong_indexes;
  size_t probes = 0;
  for (const std::string& shard : source->shards().names()) {
    store::IndexCheck indexes(source->running() ? indexes_of(or_give_up("store check", source->info(shard)))
                                                : std::vector<store::Index>());
    check.begin_shard(shard);
    const uint64_t revision = or_give_up("store check", source->read(shard, [&](const ObjectPtr& object) {
      check.add(*object);
      if (source->running()) indexes.add(*object);
    }));
    check.end_shard(revision);
    for (const auto& probe : indexes.probes()) {
      ++probes;
      const auto listed = or_give_up("store check", source->list(shard, probe.selection, revision));
      for (auto& finding : store::judge_probe(shard, probe, listed)) wrong_indexes.push_back(std::move(finding));
    }
  }
  auto findings = check.finish();
  std::ranges::move(wrong_indexes, std::back_inserter(findings));
  const auto errors = std::ranges::count_if(findings, [](const auto& finding) { return finding.error; });
  if (options.output == "json") {
    Json json{
        {"objects", check.objects()}, {"indexLookups", probes}, {"errors", errors}, {"findings", Json::array()}};
    for (const auto& finding : findings) {
      json["findings"].push_back({{"severity", finding.error ? "error" : "warning"},
                                  {"shard", finding.shard},
                                  {"key", finding.key},
                                  {"what", finding.what}});
    }
    say(json.dump(2));
  } else {
    for (const auto& finding : findings) {
      say((finding.error ? "error: " : "warning: ") + finding.key + " " + finding.what);
    }
    say("Checked " + std::to_string(check.objects()) + " objects and " + std::to_string(probes) +
        " lookups: " + std::to_string(errors) + " errors, " +
        std::to_string(findings.size() - static_cast<size_t>(errors)) + " warnings.");
  }
  if (errors > 0) throw CLI::RuntimeError(1);
}

}  // namespace

void add_store(CLI::App& app) {
  CLI::App* store = app.add_subcommand("store", "Look into the store, of a running cluster or of its directory");
  store->require_subcommand(1);
  store->footer("Example:\n  kabuki store list pods -n default");
  auto options = std::make_shared<StoreOptions>();
  auto add = [&](const char* name, const char* what) {
    CLI::App* command = store->add_subcommand(name, what);
    command->add_option("--name", options->name, "Name of the cluster")->capture_default_str();
    command->add_option("--data", options->data, "Directory of the cluster's first host");
    command->add_flag("--offline", options->offline, "Only ever read the directory, not a running cluster");
    add_etcd_options(command, &options->engine);
    command->add_option("-o,--output", options->output, "json")->check(CLI::IsMember({"json"}));
    return command;
  };

  CLI::App* list = add("list", "The shards and what they hold; or the objects of a resource");
  list->add_option("RESOURCE", options->resource, "For example pods, deploy");
  list->add_option("-n,--namespace", options->ns, "Only of this namespace");
  list->footer("Example:\n  kabuki store list pods -n default");
  list->callback([options] { options->resource.empty() ? list_shards(*options) : list_objects_of(*options); });

  CLI::App* get = add("get", "One object as it is stored");
  get->add_option("RESOURCE", options->resource, "For example pod")->required();
  get->add_option("OBJECT", options->object, "NAMESPACE/NAME, or NAME")->required();
  get->footer("Example:\n  kabuki store get pod default/web-1");
  get->callback([options] { run_get(*options); });

  CLI::App* history = add("history", "The latest changes, as the running shard remembers them");
  history->add_option("RESOURCE", options->resource, "The shard that keeps it");
  history->add_option("OBJECT", options->object, "Only of this one: NAMESPACE/NAME, or NAME");
  history->add_option("--shard", options->shard, "A shard by its name");
  history->add_option("--after", options->after, "Only changes after this revision");
  history->add_option("--limit", options->limit, "At most so many; 0 for all")->capture_default_str();
  history->footer("Example:\n  kabuki store history pod default/web-1");
  history->callback([options] { run_history(*options); });

  CLI::App* check = add("check", "Whether everything that is stored fits together; exit status 1 where not");
  check->footer("Example:\n  kabuki store check --data /var/lib/kabuki/demo");
  check->callback([options] { run_check(*options); });

  add_store_make_room(*store);
  add_store_replace(*store);
}

}  // namespace kabuki::tools

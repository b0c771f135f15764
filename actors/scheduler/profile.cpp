#include "actors/scheduler/profile.hpp"

#include <algorithm>
#include <set>

#include "messages/json_document.hpp"
#include "messages/status.hpp"
#include "messages/yaml.hpp"

namespace kabuki::scheduler {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Plugins of Kubernetes' that have no effect of their own here: what they do is part of the scheduler itself.
const std::set<std::string_view> kBuiltIn{"PrioritySort", "DefaultBinder", "SchedulingGates", "NodeName",
                                          "EBSLimits",    "GCEPDLimits",   "AzureDiskLimits", "DynamicResources"};
constexpr std::string_view kDefaultPreemption = "DefaultPreemption";

const Plugin* find_plugin(std::string_view name) {
  for (const Plugin& plugin : all_plugins()) {
    if (plugin.name == name) return &plugin;
  }
  return nullptr;
}

Error wrong(const std::string& path, const std::string& what) {
  return bad_request("scheduler configuration: " + path + ": " + what);
}

std::string text(const object& from, const char* key) {
  std::string_view value;
  return from[key].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

int64_t number(const object& from, const char* key, int64_t otherwise) {
  int64_t value = 0;
  return from[key].get(value) == simdjson::SUCCESS ? value : otherwise;
}

template <class Visit>
Result<> each(const object& from, const char* key, const std::string& path, Visit visit) {
  array items;
  if (from[key].get(items) != simdjson::SUCCESS) return {};
  size_t index = 0;
  for (const element item : items) {
    const std::string at = path + "." + key + "[" + std::to_string(index++) + "]";
    object fields;
    if (item.get(fields) != simdjson::SUCCESS) return wrong(at, "expected an object");
    if (auto visited = visit(fields, at); !visited.ok()) return visited;
  }
  return {};
}

/// The plugins of one extension point: disabled first, "*" all of them, then enabled.
class PluginSet {
 public:
  PluginSet(Profile* profile, bool filters, bool scorers, bool post_filter)
      : profile_(*profile), filters_(filters), scorers_(scorers), post_filter_(post_filter) {}

  Result<> read(const object& point, const std::string& path) {
    auto off = each(point, "disabled", path, [&](const object& one, const std::string& at) -> Result<> {
      return disable(text(one, "name"), at);
    });
    if (!off.ok()) return off;
    return each(point, "enabled", path, [&](const object& one, const std::string& at) -> Result<> {
      return enable(text(one, "name"), number(one, "weight", 0), at);
    });
  }

 private:
  Result<> disable(const std::string& name, const std::string& at) {
    const bool all = name == "*";
    if (post_filter_ && (all || name == kDefaultPreemption)) profile_.preemption = false;
    if (!all && name != kDefaultPreemption && !kBuiltIn.contains(name) && !find_plugin(name))
      return unknown(name, at);
    if (filters_) std::erase_if(profile_.filters, [&](const Plugin* one) { return all || one->name == name; });
    if (scorers_) std::erase_if(profile_.scorers, [&](const auto& one) { return all || one.first->name == name; });
    return {};
  }

  Result<> enable(const std::string& name, int64_t weight, const std::string& at) {
    if (name == kDefaultPreemption) {
      profile_.preemption |= post_filter_;
      return {};
    }
    if (kBuiltIn.contains(name)) return {};
    const Plugin* plugin = find_plugin(name);
    if (!plugin) return unknown(name, at);
    if (weight < 0) return wrong(at + ".weight", "must not be negative");
    auto& filters = profile_.filters;
    if (filters_ && plugin->filter && std::find(filters.begin(), filters.end(), plugin) == filters.end()) {
      filters.push_back(plugin);
    }
    if (!scorers_ || !plugin->scorer) return {};
    auto& scorers = profile_.scorers;
    const auto known = std::find_if(scorers.begin(), scorers.end(), [&](auto& one) { return one.first == plugin; });
    if (known == scorers.end()) {
      scorers.emplace_back(plugin, weight > 0 ? weight : std::max<int64_t>(plugin->weight, 1));
    } else if (weight > 0) {
      known->second = weight;
    }
    return {};
  }

  static Error unknown(const std::string& name, const std::string& at) {
    return wrong(at + ".name", "there is no plugin \"" + name + "\"");
  }

  Profile& profile_;
  const bool filters_, scorers_, post_filter_;
};

Result<> read_plugins(const object& plugins, const std::string& path, Profile* profile) {
  struct Point {
    const char* name;
    bool filters, scorers, post_filter;
  };
  static constexpr Point kPoints[] = {{"multiPoint", true, true, true},
                                      {"filter", true, false, false},
                                      {"score", false, true, false},
                                      {"postFilter", false, false, true}};
  for (const Point& point : kPoints) {
    object fields;
    if (plugins[point.name].get(fields) != simdjson::SUCCESS) continue;
    auto read =
        PluginSet(profile, point.filters, point.scorers, point.post_filter).read(fields, path + "." + point.name);
    if (!read.ok()) return read;
  }
  return {};
}

/// An argument of a plugin that is read, or that asks for nothing but what is done anyway.
struct Argument {
  std::string_view plugin, name;
  std::string_view only = {};  // the one value that it may have
};
constexpr Argument kArguments[] = {
    {"", "apiVersion"},
    {"", "kind"},
    {"NodeResourcesFit", "scoringStrategy"},
    {"InterPodAffinity", "hardPodAffinityWeight"},
    {"PodTopologySpread", "defaultingType", "System"},
    {"VolumeBinding", "bindTimeoutSeconds"},
    {"DefaultPreemption", "minCandidateNodesPercentage"},
    {"DefaultPreemption", "minCandidateNodesAbsolute"},
};

/// Refuses what would decide otherwise than asked.
Result<> check_arguments(const std::string& plugin, const object& args, const std::string& path) {
  for (const auto& [name, value] : args) {
    const auto* known = std::ranges::find_if(kArguments, [&, name = name](const Argument& one) {
      return one.name == name && (one.plugin.empty() || one.plugin == plugin);
    });
    if (known == std::end(kArguments)) return wrong(path + "." + std::string(name), "is not supported");
    if (known->only.empty() || text(args, known->name.data()) == known->only) continue;
    return wrong(path + "." + std::string(name), "only \"" + std::string(known->only) + "\" is supported");
  }
  return {};
}

Result<> read_strategy(const object& args, const std::string& path, Profile* profile) {
  object strategy;
  if (args["scoringStrategy"].get(strategy) != simdjson::SUCCESS) return {};
  const std::string at = path + ".scoringStrategy";
  const std::string type = text(strategy, "type");
  if (type == "MostAllocated") {
    profile->fit = Profile::Fit::most_allocated;
  } else if (!type.empty() && type != "LeastAllocated") {
    return wrong(at + ".type",
                 "Unsupported value: \"" + type + "\": supported values: \"LeastAllocated\", \"MostAllocated\"");
  }
  array resources;
  if (strategy["resources"].get(resources) != simdjson::SUCCESS) return {};
  profile->fit_weights.clear();
  return each(strategy, "resources", at, [&](const object& one, const std::string& where) -> Result<> {
    const int64_t weight = number(one, "weight", 1);
    if (weight < 1 || weight > 100) return wrong(where + ".weight", "must be between 1 and 100");
    profile->fit_weights[text(one, "name")] = weight;
    return {};
  });
}

Result<> read_config(const object& config, const std::string& path, Profile* profile) {
  object args;
  if (config["args"].get(args) != simdjson::SUCCESS) return {};
  const std::string plugin = text(config, "name"), at = path + ".args";
  if (auto checked = check_arguments(plugin, args, at); !checked.ok()) return checked;
  if (plugin == "NodeResourcesFit") return read_strategy(args, at, profile);
  if (plugin != "InterPodAffinity") return {};
  profile->hard_pod_affinity_weight = number(args, "hardPodAffinityWeight", profile->hard_pod_affinity_weight);
  if (profile->hard_pod_affinity_weight < 0 || profile->hard_pod_affinity_weight > 100) {
    return wrong(at + ".hardPodAffinityWeight", "not in valid range [0, 100]");
  }
  return {};
}

/// Refuses settings of the scheduler as a whole that would be ignored.
Result<> check_settings(const object& root) {
  array extenders;
  if (root["extenders"].get(extenders) == simdjson::SUCCESS && extenders.size() > 0) {
    return wrong("extenders", "is not supported");
  }
  for (const auto& [name, value] :
       {std::pair("podInitialBackoffSeconds", 1), std::pair("podMaxBackoffSeconds", 10)}) {
    if (number(root, name, value) != value) return wrong(name, "only " + std::to_string(value) + " is supported");
  }
  return {};
}

}  // namespace

Profile Profile::standard(std::string scheduler_name) {
  Profile profile;
  profile.scheduler_name = std::move(scheduler_name);
  for (const Plugin& plugin : all_plugins()) {
    if (plugin.filter) profile.filters.push_back(&plugin);
    if (plugin.scorer) profile.scorers.emplace_back(&plugin, plugin.weight);
  }
  return profile;
}

Result<std::vector<Profile>> read_profiles(std::string_view source) {
  const auto json = yaml_to_json(source);
  if (!json.ok()) return json.error();
  const auto document = json::parse_document(*json);
  if (!document.ok()) return document.error();
  object root;
  if (document->get(root) != simdjson::SUCCESS) return wrong("(root)", "expected an object");
  if (text(root, "kind") != "KubeSchedulerConfiguration" ||
      !text(root, "apiVersion").starts_with("kubescheduler.config.k8s.io/")) {
    return wrong("kind", "expected a KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1");
  }
  if (auto checked = check_settings(root); !checked.ok()) return checked.error();
  const int64_t percentage = number(root, "percentageOfNodesToScore", 0);
  std::vector<Profile> profiles;
  auto read = each(root, "profiles", "", [&](const object& fields, const std::string& at) -> Result<> {
    const std::string path = at.substr(1);
    Profile profile = Profile::standard(text(fields, "schedulerName"));
    if (profile.scheduler_name.empty()) profile.scheduler_name = Profile().scheduler_name;
    profile.percentage_of_nodes_to_score = number(fields, "percentageOfNodesToScore", percentage);
    if (profile.percentage_of_nodes_to_score < 0 || profile.percentage_of_nodes_to_score > 100) {
      return wrong(path + ".percentageOfNodesToScore", "must be between 0 and 100");
    }
    for (const Profile& other : profiles) {
      if (other.scheduler_name == profile.scheduler_name) {
        return wrong(path + ".schedulerName", "Duplicate value: \"" + profile.scheduler_name + "\"");
      }
    }
    object plugins;
    if (fields["plugins"].get(plugins) == simdjson::SUCCESS) {
      if (auto read = read_plugins(plugins, path + ".plugins", &profile); !read.ok()) return read;
    }
    auto configs =
        each(fields, "pluginConfig", path, [&](const object& config, const std::string& where) -> Result<> {
          return read_config(config, where, &profile);
        });
    if (!configs.ok()) return configs;
    profiles.push_back(std::move(profile));
    return {};
  });
  if (!read.ok()) return read.error();
  if (profiles.empty()) profiles.push_back(Profile::standard());
  return profiles;
}

}  // namespace kabuki::scheduler

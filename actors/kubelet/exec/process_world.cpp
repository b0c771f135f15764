#include "actors/kubelet/exec/process_world.hpp"

#include <algorithm>
#include <optional>

#include "actors/kubelet/exec/pod_fields.hpp"
#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/status.hpp"
#include "actors/kubelet/runtime/behaviour.hpp"
#include "actors/kubelet/runtime/simulated_files.hpp"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/secret.pb.h"

namespace kabuki::kubelet {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

using Values = std::map<std::string, std::string>;

/// What a ConfigMap or Secret says, by key.
Values values_of(const ObjectPtr& object) {
  Values out;
  if (!object) return out;
  if (object->kind() == kinds::kSecret) {
    const auto secret = object->as<core::Secret>();
    for (const auto& [key, value] : secret.data()) out.emplace(key, value);
  } else {
    const auto map = object->as<core::ConfigMap>();
    for (const auto& [key, value] : map.data()) out.emplace(key, value);
    for (const auto& [key, value] : map.binarydata()) out.emplace(key, value);
  }
  return out;
}

template <class Items>
Values chosen(const Values& values, const Items& items) {
  if (items.empty()) return values;
  Values out;
  for (const auto& item : items) {
    if (const auto found = values.find(item.key()); found != values.end()) out[item.path()] = found->second;
  }
  return out;
}

/// Reads what the container refers to; run once to learn what that is, and once to use it.
class Builder {
 public:
  Builder(const PodView& pod, size_t container, LookUp look_up)
      : pod_(pod), spec_(pod.spec(container)), look_up_(std::move(look_up)) {}

  std::vector<std::pair<std::string, std::string>> environment(const std::string& hostname) {
    set("PATH", kPath);
    set("HOSTNAME", hostname);
    for (const auto& from : spec_.envfrom()) {
      Values values = from.has_configmapref() ? map(from.configmapref().localobjectreference().name()) : Values();
      if (from.has_secretref()) values = secret(from.secretref().localobjectreference().name());
      for (auto& [key, value] : values) set(from.prefix() + key, std::move(value));
    }
    for (const auto& variable : spec_.env()) {
      const auto value = variable.has_valuefrom() ? value_from(variable.valuefrom()) : expanded(variable.value());
      if (value) set(variable.name(), *value);
    }
    if (!find("HOME")) set("HOME", "/root");
    return std::move(environment_);
  }

  Values files() {
    Values out;
    for (const auto& volume : pod_.message->spec().volumes()) {
      const bool mounted = std::any_of(spec_.volumemounts().begin(), spec_.volumemounts().end(),
                                       [&](const auto& mount) { return mount.name() == volume.name(); });
      if (!mounted) continue;
      const Values content = content_of(volume.volumesource());
      for (const auto& mount : spec_.volumemounts()) {
        if (mount.name() == volume.name()) show(content, mount, &out);
      }
    }
    return out;
  }

 private:
  const std::string* find(const std::string& name) const {
    for (const auto& [known, value] : environment_) {
      if (known == name) return &value;
    }
    return nullptr;
  }
  void set(const std::string& name, std::string value) {
    for (auto& [known, old] : environment_) {
      if (known == name) return void(old = std::move(value));
    }
    environment_.emplace_back(name, std::move(value));
  }
  Values map(const std::string& name) const { return values_of(look_up_({kinds::kConfigMap, pod_.ns(), name})); }
  Values secret(const std::string& name) const { return values_of(look_up_({kinds::kSecret, pod_.ns(), name})); }

  std::optional<std::string> value_from(const core::EnvVarSource& from) const {
    const auto value_in = [](const Values& values, const std::string& key) {
      const auto found = values.find(key);
      return found == values.end() ? std::nullopt : std::optional(found->second);
    };
    if (from.has_fieldref()) return pod_field(*pod_.message, from.fieldref().fieldpath());
    if (from.has_resourcefieldref()) return resource_field(pod_, spec_, from.resourcefieldref());
    if (from.has_configmapkeyref()) {
      return value_in(map(from.configmapkeyref().localobjectreference().name()), from.configmapkeyref().key());
    }
    if (from.has_secretkeyref()) {
      return value_in(secret(from.secretkeyref().localobjectreference().name()), from.secretkeyref().key());
    }
    return std::nullopt;
  }

  /// $(NAME) of what is known by then; $$ is a $.
  std::string expanded(const std::string& text) const {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      const size_t end = text[i] == '$' && text.substr(i + 1, 1) == "(" ? text.find(')', i) : std::string::npos;
      const std::string* value = end == std::string::npos ? nullptr : find(text.substr(i + 2, end - i - 2));
      if (value) {
        out += *value;
        i = end;
      } else {
        out.push_back(text[i]);
        if (text[i] == '$' && text.substr(i + 1, 1) == "$") ++i;
      }
    }
    return out;
  }

  Values content_of(const core::VolumeSource& source) const {
    if (source.has_configmap()) {
      return chosen(map(source.configmap().localobjectreference().name()), source.configmap().items());
    }
    if (source.has_secret()) return chosen(secret(source.secret().secretname()), source.secret().items());
    Values out;
    const auto fields = [&](const auto& items) {
      for (const auto& item : items) {
        const auto value = item.has_fieldref() ? pod_field(*pod_.message, item.fieldref().fieldpath())
                                               : resource_field(pod_, spec_, item.resourcefieldref());
        if (value) out[item.path()] = *value;
      }
    };
    fields(source.downwardapi().items());
    for (const auto& part : source.projected().sources()) {
      if (part.has_configmap()) {
        out.merge(chosen(map(part.configmap().localobjectreference().name()), part.configmap().items()));
      }
      if (part.has_secret()) {
        out.merge(chosen(secret(part.secret().localobjectreference().name()), part.secret().items()));
      }
      fields(part.downwardapi().items());
    }
    return out;
  }

  template <class Mount>
  static void show(const Values& content, const Mount& mount, Values* out) {
    const std::string at = absolute_path("/", mount.mountpath());
    const std::string part = absolute_path("/", mount.subpath());
    for (const auto& [path, text] : content) {
      const std::string full = absolute_path("/", path);
      if (part == "/") {
        (*out)[absolute_path(at, path)] = text;
      } else if (full == part) {
        (*out)[at] = text;
      } else if (full.starts_with(part + "/")) {
        (*out)[at + full.substr(part.size())] = text;
      }
    }
  }

  const PodView& pod_;
  const ContainerMessage& spec_;
  const LookUp look_up_;
  std::vector<std::pair<std::string, std::string>> environment_;
};

std::string hostname_of(const PodMessage& pod) {
  if (pod.spec().hostnetwork()) return pod.spec().nodename();
  return pod.spec().hostname().empty() ? pod.metadata().name() : pod.spec().hostname();
}

}  // namespace

const std::string* ProcessWorld::variable(const std::string& name) const {
  for (const auto& [known, value] : environment) {
    if (known == name) return &value;
  }
  return nullptr;
}

bool ProcessWorld::is_directory(const std::string& path) const {
  if (directories.contains(path)) return true;
  const std::string below = path + "/";
  const auto file = files.lower_bound(below);
  if (file != files.end() && file->first.starts_with(below)) return true;
  const auto directory = directories.lower_bound(below);
  return directory != directories.end() && directory->starts_with(below);
}

std::vector<std::string> ProcessWorld::names_in(const std::string& directory) const {
  const std::string below = directory == "/" ? "/" : directory + "/";
  std::set<std::string> names;
  const auto add = [&](const std::string& path) {
    if (!path.starts_with(below) || path.size() == below.size()) return;
    names.insert(path.substr(below.size(), path.find('/', below.size()) - below.size()));
  };
  for (const auto& [path, text] : files) add(path);
  for (const std::string& path : directories) add(path);
  return {names.begin(), names.end()};
}

std::vector<Key> world_needs(const PodView& pod, size_t container) {
  std::set<Key> needs;
  Builder builder(pod, container, [&](const Key& key) -> ObjectPtr {
    if (!key.name.empty()) needs.insert(key);
    return nullptr;
  });
  builder.environment({});
  builder.files();
  return {needs.begin(), needs.end()};
}

ProcessWorld world_of(const PodView& pod, size_t container, const LookUp& look_up) {
  const ContainerMessage& spec = pod.spec(container);
  ProcessWorld out;
  out.hostname = hostname_of(*pod.message);
  if (!spec.workingdir().empty()) out.directory = absolute_path("/", spec.workingdir());
  const auto behaviour = behaviour_of(pod, container);
  if (behaviour.ok()) out.outcomes = behaviour->exec;
  const auto& own = spec.securitycontext();
  const auto& all = pod.message->spec().securitycontext();
  const bool says_user = own.has_runasuser() || all.has_runasuser();
  const int64_t user = own.has_runasuser() ? own.runasuser() : all.runasuser();
  out.is_root = says_user ? user == 0 : !(own.runasnonroot() || all.runasnonroot());
  Builder builder(pod, container, look_up);
  out.environment = builder.environment(out.hostname);
  out.files["/etc/hostname"] = out.hostname + "\n";
  for (auto& [path, text] : builder.files()) out.files[path] = std::move(text);
  const PodState state = restore(pod);
  const int64_t started_ns = state.containers[container].started_ns;
  for (auto& [path, text] : read_simulated_files(pod, state, container, started_ns))
    out.files[path] = std::move(text);
  for (const auto& mount : spec.volumemounts()) {
    const std::string at = absolute_path("/", mount.mountpath());
    if (!out.files.contains(at)) out.directories.insert(at);
  }
  out.directories.insert(out.directory);
  return out;
}

std::string absolute_path(const std::string& directory, const std::string& path) {
  std::vector<std::string> parts;
  const std::string all = path.starts_with('/') ? path : directory + "/" + path;
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find('/', at), all.size());
    const std::string part = all.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string out;
  for (const std::string& part : parts) out += "/" + part;
  return out.empty() ? "/" : out;
}

}  // namespace kabuki::kubelet

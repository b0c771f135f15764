#include "actors/kubelet/exec/pod_fields.hpp"

#include <algorithm>
#include <map>

#include "messages/quantity.hpp"

namespace kabuki::kubelet {
namespace {

/// As Go quotes it, of what labels and annotations are made of.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

template <class Map>
std::string lines_of(const Map& map) {
  std::string out;
  const std::map<std::string, std::string> ordered(map.begin(), map.end());
  for (const auto& [key, value] : ordered) out += (out.empty() ? "" : "\n") + key + "=" + quoted(value);
  return out;
}

/// Of `metadata.labels` or `metadata.labels['app']`.
template <class Map>
std::optional<std::string> of_map(const Map& map, const std::string& path, const std::string& name) {
  if (path == name) return lines_of(map);
  if (!path.starts_with(name + "['") || !path.ends_with("']")) return std::nullopt;
  const std::string key = path.substr(name.size() + 2, path.size() - name.size() - 4);
  const auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

}  // namespace

std::optional<std::string> pod_field(const PodMessage& pod, const std::string& path) {
  if (path == "metadata.name") return pod.metadata().name();
  if (path == "metadata.namespace") return pod.metadata().namespace_();
  if (path == "metadata.uid") return pod.metadata().uid();
  if (path.starts_with("metadata.labels")) return of_map(pod.metadata().labels(), path, "metadata.labels");
  if (path.starts_with("metadata.annotations")) {
    return of_map(pod.metadata().annotations(), path, "metadata.annotations");
  }
  if (path == "spec.nodeName") return pod.spec().nodename();
  if (path == "spec.serviceAccountName") return pod.spec().serviceaccountname();
  if (path == "status.podIP" || path == "status.podIPs") return pod.status().podip();
  if (path == "status.hostIP" || path == "status.hostIPs") return pod.status().hostip();
  return std::nullopt;
}

std::optional<std::string> resource_field(const PodView& pod, const ContainerMessage& own,
                                          const ::k8s::io::api::core::v1::ResourceFieldSelector& selector) {
  const size_t named = pod.find(selector.containername());
  const ContainerMessage& spec = named < pod.containers.size() ? pod.spec(named) : own;
  const std::string& resource = selector.resource();
  const size_t dot = resource.find('.');
  if (dot == std::string::npos) return std::nullopt;
  const auto& limits = spec.resources().limits();
  const auto& requests = spec.resources().requests();
  const std::string what = resource.substr(dot + 1);
  const bool is_limit = resource.starts_with("limits.") && limits.contains(what);
  const auto& amounts = is_limit ? limits : requests;
  const auto found = amounts.find(what);
  const auto read = [](const std::string& text) {
    const auto parsed = Quantity::parse(text);
    return parsed.ok() ? *parsed : Quantity();
  };
  const Quantity amount = found == amounts.end() ? Quantity() : read(found->second.string());
  Quantity divisor = read(selector.divisor().string());
  if (divisor.is_zero()) divisor = Quantity::of_value(1);
  const bool small = what == "cpu";
  const int64_t value = small ? amount.milli() : amount.value();
  const int64_t unit = std::max<int64_t>(small ? divisor.milli() : divisor.value(), 1);
  return std::to_string(value / unit + (value % unit != 0));
}

}  // namespace kabuki::kubelet

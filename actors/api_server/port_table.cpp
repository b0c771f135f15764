#include "actors/api_server/port_table.hpp"

#include <charconv>
#include <vector>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/meta.hpp"

namespace kabuki::api_server {
namespace {

using ConfigMap = ::k8s::io::api::core::v1::ConfigMap;

/// "default/web/10.96.0.12/x7k2p".
std::string text(const PortHolder& holder) {
  return holder.service.ns + "/" + holder.service.name + "/" + holder.address + "/" + holder.claim;
}

std::optional<PortHolder> parse(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() != 4) return std::nullopt;
  return PortHolder{{kinds::kService, parts[0], parts[1]}, parts[2], parts[3]};
}

}  // namespace

Key PortTable::key() { return {kinds::kConfigMap, "kube-system", "kabuki-node-ports"}; }

PortTable PortTable::read(const ObjectPtr& object) {
  PortTable out;
  ConfigMap map;
  if (!object || !object->parse(&map)) return out;
  for (const auto& [name, value] : map.data()) {
    int32_t port = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), port);
    if (read.ec == std::errc() && read.ptr == name.data() + name.size()) out.holders_[port] = parse(value);
  }
  return out;
}

ObjectPtr PortTable::write(const ObjectPtr& base, const std::string& uid, int64_t now_ns) const {
  ConfigMap map;
  if (!base || !base->parse(&map)) {
    map.mutable_metadata()->set_uid(uid);
    *map.mutable_metadata()->mutable_creationtimestamp() = time_of(now_ns);
  }
  map.mutable_metadata()->set_name(key().name);
  map.mutable_metadata()->set_namespace_(key().ns);
  for (const auto& [port, holder] : read(base).holders_) {
    if (!holders_.contains(port)) map.mutable_data()->erase(std::to_string(port));
  }
  for (const auto& [port, holder] : holders_) {
    if (holder) (*map.mutable_data())[std::to_string(port)] = text(*holder);
  }
  return Object::encode(kinds::kConfigMap, map);
}

const PortHolder* PortTable::holder(int32_t port) const {
  const auto found = holders_.find(port);
  return found != holders_.end() && found->second ? &*found->second : nullptr;
}

}  // namespace kabuki::api_server

#include "actors/api_server/node_ports.hpp"

#include "actors/api_server/write/service_ports.hpp"
#include "messages/api/core/v1/service.pb.h"
#include "messages/status.hpp"

namespace kabuki::api_server {

std::set<int32_t> node_ports_of(const Object& object) {
  ::k8s::io::api::core::v1::Service service;
  return object.parse(&service) ? node_ports_of(service) : std::set<int32_t>();
}

Error refused_node_port(const Key& service, const std::string& field, int32_t port, const std::string& why) {
  return invalid(kind_of(kinds::kService), service.name, {invalid_value(field, std::to_string(port), why)});
}

void NodePorts::put(const Object& service) {
  std::set<int32_t> ports = node_ports_of(service);
  remove(service);
  if (ports.empty()) return;
  for (int32_t port : ports) {
    users_[port].insert(service.key());
    given_.erase(port);
  }
  of_service_[service.key()] = std::move(ports);
}

void NodePorts::remove(const Object& service) {
  const auto known = of_service_.find(service.key());
  if (known == of_service_.end()) return;
  for (int32_t port : known->second) {
    const auto users = users_.find(port);
    users->second.erase(service.key());
    if (users->second.empty()) users_.erase(users);
  }
  of_service_.erase(known);
}

std::vector<int32_t> NodePorts::allocate(size_t count, uint64_t start, const std::set<int32_t>& except) {
  std::vector<int32_t> out;
  const auto take = [&](uint64_t place) {
    const auto port = kFirstNodePort + static_cast<int32_t>(place);
    if (users_.contains(port) || except.contains(port) || !given_.insert(port).second) return;
    out.push_back(port);
  };
  constexpr uint64_t kAll = kLastNodePort - kFirstNodePort + 1;
  const uint64_t own = kAll / slots_;
  for (uint64_t tried = 0; tried < own && out.size() < count; ++tried) take((start + tried) % own * slots_ + slot_);
  for (uint64_t tried = 0; tried < kAll && out.size() < count; ++tried) take((start + tried) % kAll);
  return out;
}

void NodePorts::give_back(const std::set<int32_t>& ports) {
  for (int32_t port : ports) given_.erase(port);
}

std::optional<Key> NodePorts::other_user(const Key& service, int32_t port) const {
  const auto users = users_.find(port);
  if (users == users_.end()) return std::nullopt;
  for (const Key& user : users->second) {
    if (user != service) return user;
  }
  return std::nullopt;
}

std::optional<Key> NodePorts::claim(const Key& service, int32_t port) {
  auto other = other_user(service, port);
  if (!other && !users_.contains(port)) given_.insert(port);
  return other;
}

}  // namespace kabuki::api_server

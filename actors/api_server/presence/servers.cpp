#include "actors/api_server/presence/servers.hpp"

#include <charconv>
#include <optional>

#include "messages/meta.hpp"

namespace kabuki::api_server {
namespace {

using Endpoints = ::k8s::io::api::core::v1::Endpoints;
using Lease = ::k8s::io::api::coordination::v1::Lease;

constexpr const char* kAddress = "kabuki.io/serves-at";  // IP:port

std::optional<Server> server_of(const Lease& lease) {
  const auto& annotations = lease.metadata().annotations();
  const auto found = annotations.find(kAddress);
  if (found == annotations.end()) return std::nullopt;
  const std::string& text = found->second;
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  Server out{text.substr(0, colon), 0};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, out.port);
  return read.ec == std::errc() && read.ptr == end ? std::optional(out) : std::nullopt;
}

}  // namespace

Servers servers_of(const Endpoints& endpoints) {
  Servers out;
  for (const auto& subset : endpoints.subsets()) {
    for (const auto& address : subset.addresses()) {
      for (const auto& port : subset.ports()) out.insert({address.ip(), port.port()});
    }
  }
  return out;
}

Endpoints endpoints_of(Endpoints endpoints, const Servers& servers) {
  auto* meta = endpoints.mutable_metadata();
  meta->set_name("kubernetes");
  meta->set_namespace_("default");
  (*meta->mutable_labels())["endpointslice.kubernetes.io/skip-mirror"] = "true";
  endpoints.clear_subsets();
  std::map<int, std::set<std::string>> by_port;
  for (const Server& server : servers) by_port[server.port].insert(server.ip);
  for (const auto& [port, addresses] : by_port) {
    auto* subset = endpoints.add_subsets();
    for (const std::string& ip : addresses) subset->add_addresses()->set_ip(ip);
    auto* served = subset->add_ports();
    served->set_name("https");
    served->set_protocol("TCP");
    served->set_port(port);
  }
  return endpoints;
}

std::string presence_name(const std::string& host) { return "apiserver-" + host; }

Lease presence_of(Lease lease, const std::string& host, const Server& server, io::WallTime now,
                  io::Duration duration) {
  auto* meta = lease.mutable_metadata();
  meta->set_name(presence_name(host));
  meta->set_namespace_(kPresenceNamespace);
  (*meta->mutable_labels())["apiserver.kubernetes.io/identity"] = "kube-apiserver";
  (*meta->mutable_labels())["kubernetes.io/hostname"] = host;
  (*meta->mutable_annotations())[kAddress] = server.ip + ":" + std::to_string(server.port);
  auto* spec = lease.mutable_spec();
  spec->set_holderidentity(presence_name(host));
  spec->set_leasedurationseconds(
      static_cast<int32_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count()));
  spec->mutable_renewtime()->set_seconds(now.ns / 1'000'000'000);
  spec->mutable_renewtime()->set_nanos(static_cast<int32_t>(now.ns % 1'000'000'000 / 1'000 * 1'000));
  return lease;
}

Presence::Seen Presence::look(const std::vector<ObjectPtr>& leases, io::MonoTime now) {
  Seen out;
  std::map<std::string, Known> still;
  for (const ObjectPtr& object : leases) {
    const std::string name(object->name());
    const auto before = known_.find(name);
    const bool same = before != known_.end() && before->second.revision == object->revision();
    const Known known = same ? before->second : Known{object->revision(), now};
    still[name] = known;
    Lease lease;
    if (!object->parse(&lease)) continue;
    if (now - known.since > std::chrono::seconds(lease.spec().leasedurationseconds())) {
      out.expired.push_back(object);
    } else if (const auto server = server_of(lease)) {
      out.alive.insert(*server);
    }
  }
  known_ = std::move(still);
  return out;
}

}  // namespace kabuki::api_server

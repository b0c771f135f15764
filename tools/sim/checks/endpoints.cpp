#include <algorithm>
#include <set>

#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/discovery/v1/endpoint_slice.pb.h"
#include "tools/sim/checks/all.hpp"

namespace kabuki::tools {
namespace {

namespace core = ::k8s::io::api::core::v1;
using Addresses = std::set<std::string>;

bool is_ready(const core::Pod& pod) {
  return !pod.metadata().has_deletiontimestamp() &&
         std::ranges::any_of(pod.status().conditions(), [](const auto& condition) {
           return condition.type() == "Ready" && condition.status() == "True";
         });
}

bool matches(const core::Service& service, const core::Pod& pod) {
  const auto& labels = pod.metadata().labels();
  return std::ranges::all_of(service.spec().selector(), [&](const auto& wanted) {
    const auto found = labels.find(wanted.first);
    return found != labels.end() && found->second == wanted.second;
  });
}

Addresses in_endpoints(const Observed& observed, const Key& service) {
  Addresses all;
  const ObjectPtr object = observed.find({kinds::kEndpoints, service.ns, service.name});
  if (!object) return {"no Endpoints"};
  const auto endpoints = object->as<core::Endpoints>();
  for (const auto& subset : endpoints.subsets()) {
    for (const auto& address : subset.addresses()) all.insert(address.ip());
  }
  return all;
}

Addresses in_slices(const Observed& observed, const Key& service) {
  using Slice = ::k8s::io::api::discovery::v1::EndpointSlice;
  Addresses all;
  for (const auto& [key, slice] : observed.all_of<Slice>(kinds::kEndpointSlice)) {
    const auto of = slice.metadata().labels().find("kubernetes.io/service-name");
    if (key.ns != service.ns || of == slice.metadata().labels().end() || of->second != service.name) continue;
    for (const auto& endpoint : slice.endpoints()) {
      if (endpoint.conditions().ready()) all.insert(endpoint.addresses().begin(), endpoint.addresses().end());
    }
  }
  return all;
}

std::string listed(const Addresses& all) {
  std::string out;
  for (const std::string& one : all) out += (out.empty() ? "" : " ") + one;
  return "{" + out + "}";
}

}  // namespace

Lines wrong_endpoints(const Observed& observed) {
  Lines wrong;
  const auto pods = observed.all_of<core::Pod>(kinds::kPod);
  for (const auto& [key, service] : observed.all_of<core::Service>(kinds::kService)) {
    if (service.spec().selector().empty()) continue;
    Addresses ready;
    for (const auto& [pod_key, pod] : pods) {
      if (pod_key.ns == key.ns && matches(service, pod) && is_ready(pod)) ready.insert(pod.status().podip());
    }
    auto compare = [&](const char* what, const Addresses& told) {
      if (told == ready) return;
      wrong.push_back(key.text() + "'s " + what + " say " + listed(told) + ", ready are " + listed(ready));
    };
    compare("Endpoints", in_endpoints(observed, key));
    compare("EndpointSlices", in_slices(observed, key));
  }
  return wrong;
}

}  // namespace kabuki::tools

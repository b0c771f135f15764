#include <functional>

#include "messages/api/core/v1/pod.pb.h"
#include "tools/sim/checks/all.hpp"

namespace kabuki::tools {
namespace {

namespace core = ::k8s::io::api::core::v1;

/// Whether two looks at it may be compared: leases and heartbeats change in between, events age.
bool stands_still(const Key& key) {
  return key.kind != kinds::kLease && key.kind != kinds::kNode && key.kind != kinds::kEvent;
}

/// `shown` is to be what of the stored `concerns` it.
Lines shown_wrongly(const std::string& who, const std::map<Key, ObjectPtr>& shown, const History& history,
                    const std::function<bool(const ObjectPtr&)>& concerns) {
  Lines wrong;
  for (const auto& [key, object] : history.objects()) {
    if (!stands_still(key) || !concerns(object)) continue;
    auto found = shown.find(key);
    if (found == shown.end()) {
      wrong.push_back(who + ": " + key.text() + " is stored and not there");
    } else if (found->second->revision() != object->revision() || found->second->body() != object->body()) {
      wrong.push_back(who + ": " + key.text() + " is stored at revision " + std::to_string(object->revision()) +
                      " and there at " + std::to_string(found->second->revision()));
    }
  }
  for (const auto& [key, object] : shown) {
    if (stands_still(key) && !history.objects().contains(key)) {
      wrong.push_back(who + ": " + key.text() + " is there and not stored");
    }
  }
  return wrong;
}

}  // namespace

Lines served_wrongly(const Observed& observed, const History& history) {
  return shown_wrongly("API server", observed.served, history, [](const ObjectPtr&) { return true; });
}

Lines wrong_views(const Observed& observed, const History& history) {
  Lines wrong;
  for (const auto& [host, view] : observed.views) {
    auto concerns = [&host = host, &observed](const ObjectPtr& object) {
      if (observed.masters.contains(host)) return true;
      return object->kind() == kinds::kPod && object->as<core::Pod>().spec().nodename().starts_with(host + "-node-");
    };
    for (auto& line : shown_wrongly(host, view, history, concerns)) wrong.push_back(std::move(line));
  }
  return wrong;
}

}  // namespace kabuki::tools

#pragma once

#include <map>
#include <string>

#include "actors/controllers/view.hpp"
#include "messages/api/core/v1/namespace.pb.h"

namespace kabuki::controllers {

/// What is left in a namespace that is being deleted.
struct Remains {
  std::map<std::string, int> by_resource;   // "pods." or "deployments.apps"
  std::map<std::string, int> by_finalizer;  // objects that carry it
  std::string refusal;                      // why something could not be deleted, "" when nothing was refused

  void add(const Object& object);
  bool empty() const { return by_resource.empty(); }
};

bool same_finalizers(const Object& a, const Object& b);

/// Sets the five conditions by which a namespace tells how its deletion gets on; whether any changed. Source:
/// Kubernetes' controller/namespace/deletion.
bool tell_remains(const Remains& remains, int64_t now_ns, ::k8s::io::api::core::v1::NamespaceStatus* status);

}  // namespace kabuki::controllers

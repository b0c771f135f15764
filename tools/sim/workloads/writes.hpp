#pragma once

#include <string>

#include "messages/api/core/v1/namespace.pb.h"
#include "tools/sim/client.hpp"
#include "tools/sim/workloads/pods.hpp"

namespace kabuki::tools {

// What clients do with objects of any kind.

/// A new one, with its name alone.
template <class M>
M named(const Key& key) {
  M object;
  object.mutable_metadata()->set_name(key.name);
  if (!key.ns.empty()) object.mutable_metadata()->set_namespace_(key.ns);
  return object;
}

inline void create_namespace(const Key& key, Client* client) {
  client->create(key, named<::k8s::io::api::core::v1::Namespace>(key));
}

template <class M>
void scale(const Key& key, int replicas, Client* client) {
  client->patch<M>(
      key, "{\"spec\":{\"replicas\":" + std::to_string(replicas) + "}}",
      [replicas](M* object) { object->mutable_spec()->set_replicas(replicas); }, "scale");
}

template <class M>
void suspend(const Key& key, bool suspended, Client* client) {
  client->patch<M>(
      key, std::string("{\"spec\":{\"suspend\":") + (suspended ? "true" : "false") + "}}",
      [suspended](M* object) { object->mutable_spec()->set_suspend(suspended); }, suspended ? "suspend" : "resume");
}

/// A merge patch drops what else the template says of its containers.
template <class M>
void patch_image(const Key& key, const std::string& image, Client* client) {
  client->patch<M>(
      key, image_patch(image), [image](M* object) { set_image(image, object->mutable_spec()->mutable_template_()); },
      "patch the image of");
}

template <class M>
void update_image(const Key& key, const std::string& image, Client* client) {
  client->update<M>(
      key, [image](M* object) { set_image(image, object->mutable_spec()->mutable_template_()); },
      "update the image of");
}

}  // namespace kabuki::tools

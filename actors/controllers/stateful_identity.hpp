#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/object.hpp"

namespace kabuki::controllers {

/// The ordinal of a pod of `set` by its name (`web-3`); none for any other name.
std::optional<int32_t> ordinal_of(std::string_view set, std::string_view pod);

/// The name of what `set` claims by its claim template `claim` for one ordinal: `data-web-3`.
std::string claim_name(std::string_view claim, std::string_view set, int32_t ordinal);

/// The pod of one identity: name, labels, host name, subdomain and claims are its own, the rest is `model`'s.
::k8s::io::api::core::v1::Pod identity_pod(const Object& object, const ::k8s::io::api::apps::v1::StatefulSet& set,
                                           const ::k8s::io::api::core::v1::PodTemplateSpec& model,
                                           const std::string& revision, int32_t ordinal);

/// The claims of one identity, one per claim template.
std::vector<::k8s::io::api::core::v1::PersistentVolumeClaim> identity_claims(
    const ::k8s::io::api::apps::v1::StatefulSet& set, int32_t ordinal);

/// The labels that tell a pod's identity.
bool bears_identity(const Object& pod, int32_t ordinal);
void add_identity(int32_t ordinal, ::k8s::io::api::core::v1::Pod* pod);

}  // namespace kabuki::controllers

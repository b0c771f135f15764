#pragma once

#include "messages/api/apps/v1/deployment.pb.h"
#include "tools/sim/observed.hpp"

namespace kabuki::tools {

using ::k8s::io::api::apps::v1::Deployment;

/// Of the name of `key`; each of its pods asks for `cpu_milli`.
Deployment sim_deployment(const Key& key, int replicas, const std::string& image, int64_t cpu_milli);

/// That the Deployment has exactly its replicas, of its newest ReplicaSet, running and ready, with a true status.
Lines wrong_deployment(const Deployment& deployment, const Observed& observed);
/// The same of those among `keys` that are Deployments and are there.
Lines wrong_deployments(const std::vector<Key>& keys, const Observed& observed);

/// "replicas=3 image=registry.example/app:v5".
std::string look_of_deployment(const Object& object);

}  // namespace kabuki::tools

#pragma once

#include <string>
#include <string_view>

#include "messages/api/core/v1/pod.pb.h"

namespace kabuki::tools {

/// The namespace of everything that the simulated client makes.
inline constexpr const char* kSimNamespace = "default";

/// Kinds of single pods, each with another end.
enum class PodShape { plain, with_init_and_sidecar, succeeds, fails, retries };
inline constexpr int kPodShapes = 5;
inline constexpr int64_t kSimNodeCpuMilli = 8000;

::k8s::io::api::core::v1::Pod sim_pod(const std::string& name, PodShape shape);

/// As sim_pod made it.
PodShape shape_of(const ::k8s::io::api::core::v1::Pod& pod);

/// "" when `pod` has come to the end that its shape stands for; else what is wrong.
std::string wrong_with(PodShape shape, const ::k8s::io::api::core::v1::Pod& pod);
/// "" when it runs and is ready and no container was started again more often than it was crashed.
std::string wrong_with_running(const ::k8s::io::api::core::v1::Pod& pod, int crashes = 0);

}  // namespace kabuki::tools

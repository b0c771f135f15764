#pragma once

#include <chrono>
#include <cstddef>

namespace kabuki::api_server {

/// Kubelets that one API server asks at a time.
inline constexpr size_t kNodesAskedAtOnce = 64;
/// A kubelet answers in milliseconds; who waits for metrics rather has those of the others.
inline constexpr std::chrono::seconds kNodeUseTimeout{3};
/// Pods whose samples one API server keeps: some 100 bytes each.
inline constexpr size_t kSampledPodsKept = 100'000;

}  // namespace kabuki::api_server

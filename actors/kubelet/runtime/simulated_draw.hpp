#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/kubelet/lifecycle/view.hpp"
#include "runtime/io/random.hpp"

namespace kabuki::kubelet {

/// The stream from which `what` of one container is drawn: the same whoever asks, and when.
inline io::Random simulated_stream(const PodView& pod, size_t container, int32_t restart_count,
                                   std::string_view what) {
  constexpr uint64_t kSeed = 0x6b6162756b69;
  std::string stream = pod.uid() + "/" + pod.spec(container).name() + "/" + std::to_string(restart_count) + "/";
  return io::Random(kSeed).split(stream.append(what));
}

}  // namespace kabuki::kubelet

#pragma once

#include <map>
#include <optional>
#include <string>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"

namespace kabuki::kubelet {

/// What a container that started at `at_ns` finds in the file `path`: what it says it writes there itself, or what a
/// container that had started by then wrote to the same place of a volume that both mount; of several the one that
/// started last. None: there is no such file. A function of the records, so files outlive every actor.
std::optional<std::string> read_simulated_file(const PodView& pod, const PodState& state, size_t container,
                                               int64_t at_ns, const std::string& path);

/// All the files that such a container finds, by path.
std::map<std::string, std::string> read_simulated_files(const PodView& pod, const PodState& state, size_t container,
                                                        int64_t at_ns);

}  // namespace kabuki::kubelet

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kabuki::kubelet {

/// What the identity of a simulated container tells besides being unique: what a pod's status has no field for.
struct SimulatedId {
  uint32_t streak = 0;
  int64_t started_ns = 0;
  bool operator==(const SimulatedId&) const = default;
};

/// `simulated://` and 64 hexadecimal digits: 40 of the pod's uid, the container's name and its restart count, 8 of
/// the streak, 16 of the moment of its start. So a recorded status says all that is needed to go on, to the
/// nanosecond.
std::string simulated_id(std::string_view uid, std::string_view container, int32_t restart_count, SimulatedId id);
/// None when it is another runtime's.
std::optional<SimulatedId> read_simulated_id(std::string_view text);

/// The content-addressed name of a simulated image: the same for the same name.
std::string simulated_image_id(std::string_view image);

}  // namespace kabuki::kubelet

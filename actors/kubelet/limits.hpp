#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// Numbers that bound what kubelets do; each stands alone here so that it can be found and changed.
namespace limits {

// The status writer.
inline constexpr size_t kBatchWritesMax = 256;
inline constexpr io::Duration kBatchDelay = std::chrono::milliseconds(5);
inline constexpr size_t kBatchesUnderWay = 16;
inline constexpr size_t kQueuedWritesMax = 200'000;  // beyond it a write is refused, and its owner tries again
inline constexpr size_t kQueuedEventsMax = 5'000;    // beyond it events are dropped: they are advice
inline constexpr int64_t kEventsPerSecond = 1'000;   // of all kubelets of a host
inline constexpr io::Duration kWriteTimeout = std::chrono::seconds(15);

// A pod.
inline constexpr int kEventBurst = 25;  // client-go's spam filter: 25, then one in five minutes
inline constexpr int64_t kEventRefillSeconds = 300;
inline constexpr io::Duration kPodRetryMin = std::chrono::milliseconds(200);
inline constexpr io::Duration kPodRetryMax = std::chrono::seconds(10);
inline constexpr io::Duration kResizeRetry = std::chrono::seconds(10);  // between two questions for room

// A node.
inline constexpr io::Duration kNodeStatusPeriod = std::chrono::minutes(5);
inline constexpr io::Duration kNodeRetryMin = std::chrono::milliseconds(100);
inline constexpr io::Duration kNodeRetryMax = std::chrono::seconds(2);
inline constexpr io::Duration kPodActorPause =
    std::chrono::milliseconds(50);  // before a pod actor that failed is started again
/// Before a pod whose work is done, and that is still there, gets an actor again: a finalizer holds it, or the store
/// was put back to when it was not done.
inline constexpr io::Duration kDonePodPause = std::chrono::seconds(20);
inline constexpr io::Duration kProbeTimeout = std::chrono::seconds(3);
inline constexpr io::Duration kLogWait = std::chrono::seconds(5);  // of who follows a log, for its next line

// Programs that clients run in containers.
inline constexpr size_t kExecSessionsMax = 256;                        // of a node
inline constexpr size_t kExecOutput = 64u << 10;                       // of a program, not read yet
inline constexpr size_t kExecInput = 64u << 10;                        // beyond it who writes more waits
inline constexpr io::Duration kExecWait = std::chrono::seconds(5);     // of who reads, for something to read
inline constexpr io::Duration kExecIdle = std::chrono::seconds(30);    // without a reader a program is ended
inline constexpr io::Duration kExecLookUp = std::chrono::seconds(10);  // of what a container's environment names

// The control plane's static pods.
inline constexpr io::Duration kMirrorPeriod = std::chrono::seconds(5);
inline constexpr io::Duration kMirrorPause = std::chrono::milliseconds(200);  // after something was written

// A node under pressure.
inline constexpr io::Duration kPressurePeriod = std::chrono::seconds(10);  // between two looks, and two evictions

}  // namespace limits
}  // namespace kabuki::kubelet

#pragma once

#include <cstdint>
#include <string>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"
#include "messages/object.hpp"
#include "overlay/cidr.hpp"
#include "overlay/probe.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// What is sent to change a pod's status to these encoded bytes: its metadata and they; the rest nobody would read.
/// Its revision is kept.
ObjectPtr status_alone(const Object& pod, std::string_view status);
/// The encoded status of a pod as recorded; "" where there is none.
std::string_view recorded_status(const Object& pod);
/// What of an encoded status its kubelet alone writes: phase, address, start and containers, as one hash that means
/// something within this process only. The conditions are others' too.
uint64_t progress_of(std::string_view status);
/// status.podIP as recorded; 0 where there is none.
overlay::Ipv4 recorded_ip(const Object& pod);
bool uses_host_network(const Object& pod);
/// Whether it has a deletionTimestamp.
bool is_deleted(const Object& pod);
/// The pod's annotations, encoded: only for telling whether they have changed.
std::string annotations_of(const Object& pod);

/// What the recorded state of a pod says about packets from and to it.
overlay::PodEndpoint endpoint_of(const PodMessage& pod);

/// The Event that tells `note`; its name is the pod's and a hexadecimal number of the time and `sequence`.
ObjectPtr pod_event(const PodView& pod, const std::string& node, const Note& note, io::WallTime now,
                    uint64_t sequence);

}  // namespace kabuki::kubelet

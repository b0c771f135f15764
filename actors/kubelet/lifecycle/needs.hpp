#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"
#include "messages/object.hpp"

namespace kabuki::kubelet {

/// Whether the environment of this container is taken from ConfigMaps or Secrets that must be there.
bool container_needs(const ContainerMessage& container);
/// Whether the pod mounts ConfigMaps, Secrets or claims that must be there. The ConfigMap kube-root-ca.crt, which the
/// control plane keeps in every namespace, does not count: every pod has it.
bool volumes_need(const PodView& pod);

/// What of the API the pod's volumes and containers refer to and cannot do without, in order, each once.
std::vector<Key> needs_of(const PodView& pod);

/// Looks up one of `needs_of`; null: there is none.
using LookUp = std::function<ObjectPtr(const Key& key)>;
/// What of it is missing, or lacks a key that is asked for, in a kubelet's words. At most one per volume and
/// container.
std::vector<Missing> missing_of(const PodView& pod, const LookUp& look_up);

}  // namespace kabuki::kubelet

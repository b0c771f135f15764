#include "actors/kubelet/node_use.hpp"

#include "actors/kubelet/lifecycle/container_id.hpp"
#include "actors/kubelet/runtime/resource_use.hpp"

namespace kabuki::kubelet {
namespace {

// What a node takes for itself.
constexpr int64_t kSystemCpuMilli = 50;
constexpr int64_t kSystemMemoryBytes = int64_t{256} << 20;
constexpr int64_t kSecond = 1'000'000'000;

template <class Statuses>
void add_running(const PodView& pod, const Statuses& statuses, io::WallTime now, bus::PodUse* out) {
  for (const auto& status : statuses) {
    const size_t container = pod.find(status.name());
    if (container == pod.containers.size() || !status.state().has_running()) continue;
    // A running init container is about to be gone.
    if (pod.role(container) == Role::init) continue;
    const auto id = read_simulated_id(status.containerid());
    const int64_t started = id ? id->started_ns : status.state().running().startedat().seconds() * kSecond;
    const ResourceUse use = resource_use(pod, container, started, now.ns);
    auto* entry = out->add_containers();
    entry->set_name(status.name());
    entry->set_cpu_milli(use.cpu_milli);
    entry->set_memory_bytes(use.memory_bytes);
  }
}

}  // namespace

bus::NodeUse node_use(const std::string& node, const PodTable& pods, const std::map<std::string, ObjectPtr>& mirrors,
                      io::WallTime now) {
  bus::NodeUse out;
  out.set_node(node);
  out.set_at_ns(now.ns);
  int64_t cpu = kSystemCpuMilli, memory = kSystemMemoryBytes;
  PodMessage message;
  const auto add = [&](const ObjectPtr& object) {
    if (!object || !object->parse(&message).ok()) return;
    const PodView pod = view_of(message);
    bus::PodUse use;
    add_running(pod, message.status().initcontainerstatuses(), now, &use);
    add_running(pod, message.status().containerstatuses(), now, &use);
    add_running(pod, message.status().ephemeralcontainerstatuses(), now, &use);
    if (use.containers_size() == 0) return;
    use.set_namespace_(pod.ns());
    use.set_name(pod.name());
    use.set_uid(pod.uid());
    for (const auto& container : use.containers()) {
      cpu += container.cpu_milli();
      memory += container.memory_bytes();
    }
    *out.add_pods() = std::move(use);
  };
  auto mirror = mirrors.begin();
  for (const auto& [name, entry] : pods.all()) {
    for (; mirror != mirrors.end() && mirror->first < name; ++mirror) add(mirror->second);
    add(entry.pod);
  }
  for (; mirror != mirrors.end(); ++mirror) add(mirror->second);
  out.set_cpu_milli(cpu);
  out.set_memory_bytes(memory);
  return out;
}

}  // namespace kabuki::kubelet

#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/one_kind.hpp"

namespace kabuki::tools {
namespace {

constexpr size_t kPods = 6;
constexpr const char* kMemory = "memory";
/// So little that no node runs out of it: a resize and another pod may come to a node in the same moment.
constexpr int64_t kMostMi = 256;

using Requirements = ::k8s::io::api::core::v1::ResourceRequirements;

const std::string& memory_of(const Requirements& resources) { return resources.requests().at(kMemory).string(); }

std::string memory_of_pod(const Object& object) {
  return memory_of(object.as<Pod>().spec().containers(0).resources());
}

/// Pods whose containers are given more or less memory while they run.
class Resizes final : public OneKind<Pod> {
 public:
  Resizes(SimCluster& cluster, const WorkloadOptions& options) : OneKind(cluster, options, "workload/resizes") {
    add(kinds::kPod, "resized-", kPods, memory_of_pod);
  }

 protected:
  void judge(const Pod& pod, const Observed& observed, Lines* wrong) const override {
    judge_single(pod, observed, wrong);
    if (observed.restored && has_ended(pod)) return;
    const std::string& name = pod.metadata().name();
    const std::string& asked = memory_of(pod.spec().containers(0).resources());
    for (const auto& status : pod.status().containerstatuses()) {
      const auto given = status.allocatedresources().find(kMemory);
      if (given == status.allocatedresources().end() || given->second.string() != asked) {
        wrong->push_back(name + " was not given the " + asked + " that it asks for");
      } else if (memory_of(status.resources()) != asked) {
        wrong->push_back(name + " has not got the " + asked + " that it was given");
      }
    }
    for (const auto& condition : pod.status().conditions()) {
      if (condition.type().starts_with("PodResize")) wrong->push_back(name + " has condition " + condition.type());
    }
  }

  Pod made(const Key& key) override {
    Pod pod = sim_pod(key.name, PodShape::plain);
    pod.mutable_spec()->set_terminationgraceperiodseconds(2);
    auto* resources = pod.mutable_spec()->mutable_containers(0)->mutable_resources();
    (*resources->mutable_requests())[kMemory].set_string(some_memory());
    return pod;
  }

  void change(const Key& key) override {
    if (random().chance(0.1)) return remove(key);
    const std::string memory = some_memory();
    client().patch<Pod>(
        key, R"({"spec":{"containers":[{"name":"main","resources":{"requests":{"memory":")" + memory + R"("}}}]}})",
        [memory](Pod* pod) {
          auto* resources = pod->mutable_spec()->mutable_containers(0)->mutable_resources();
          (*resources->mutable_requests())[kMemory].set_string(memory);
        },
        "resize", "resize");
  }

 private:
  std::string some_memory() { return std::to_string(random().between(16, kMostMi)) + "Mi"; }
};

}  // namespace

std::unique_ptr<Workload> make_resizes(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Resizes>(cluster, options);
}

}  // namespace kabuki::tools

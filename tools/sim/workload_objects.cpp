#include "tools/sim/workload_objects.hpp"

namespace kabuki::tools {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr const char* kImage = "registry.example/app:v1";
constexpr const char* kShape = "shape";

void annotate(core::Pod* pod, const std::string& setting, const std::string& value) {
  (*pod->mutable_metadata()->mutable_annotations())["sim.kabuki.io/" + setting] = value;
}

void add_container(core::PodSpec* spec, const std::string& name) {
  auto* container = spec->add_containers();
  container->set_name(name);
  container->set_image(kImage);
}

bool is_ready(const core::Pod& pod) {
  for (const auto& condition : pod.status().conditions()) {
    if (condition.type() == "Ready") return condition.status() == "True";
  }
  return false;
}

std::string ended(const core::Pod& pod, const std::string& phase, int exit_code, int restarts) {
  const auto& status = pod.status();
  if (status.phase() != phase) return "is " + status.phase() + ", expected " + phase;
  if (status.containerstatuses_size() != 1) return "has no status of its container";
  const auto& container = status.containerstatuses(0);
  if (!container.state().has_terminated()) return "has ended, but its container has not";
  if (container.state().terminated().exitcode() != exit_code) {
    return "ended with " + std::to_string(container.state().terminated().exitcode()) + ", expected " +
           std::to_string(exit_code);
  }
  if (container.restartcount() != restarts) {
    return "was restarted " + std::to_string(container.restartcount()) + " times, expected " +
           std::to_string(restarts);
  }
  return "";
}

}  // namespace

core::Pod sim_pod(const std::string& name, PodShape shape) {
  core::Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_(kSimNamespace);
  auto* spec = pod.mutable_spec();
  // Whatever becomes of its node, it stays: nobody would make another one.
  for (const char* key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    auto* toleration = spec->add_tolerations();
    toleration->set_key(key);
    toleration->set_operator_("Exists");
    toleration->set_effect("NoExecute");
  }
  add_container(spec, "main");
  (*pod.mutable_metadata()->mutable_labels())[kShape] = std::to_string(static_cast<int>(shape));
  switch (shape) {
    case PodShape::plain:
      break;
    case PodShape::with_init_and_sidecar: {
      auto* init = spec->add_initcontainers();
      init->set_name("init");
      init->set_image(kImage);
      auto* sidecar = spec->add_initcontainers();
      sidecar->set_name("sidecar");
      sidecar->set_image(kImage);
      sidecar->set_restartpolicy("Always");
      annotate(&pod, "init.run-time", "uniform(100ms,3s)");
      break;
    }
    case PodShape::succeeds:
      spec->set_restartpolicy("Never");
      annotate(&pod, "run-time", "uniform(1s,20s)");
      break;
    case PodShape::fails:
      spec->set_restartpolicy("Never");
      annotate(&pod, "run-time", "uniform(1s,20s)");
      annotate(&pod, "exit-code", "3");
      break;
    case PodShape::retries:
      spec->set_restartpolicy("OnFailure");
      annotate(&pod, "run-time", "uniform(1s,5s)");
      annotate(&pod, "exit-code", "1,1,0");
      break;
  }
  return pod;
}

PodShape shape_of(const core::Pod& pod) {
  const auto found = pod.metadata().labels().find(kShape);
  return found == pod.metadata().labels().end() ? PodShape::plain : static_cast<PodShape>(std::stoi(found->second));
}

std::string wrong_with_running(const core::Pod& pod, int crashes) {
  const auto& status = pod.status();
  if (status.phase() != "Running") return "is " + status.phase() + ", expected Running";
  if (!is_ready(pod)) return "is not ready";
  if (status.podip().empty()) return "has no address";
  for (const auto* all : {&status.initcontainerstatuses(), &status.containerstatuses()}) {
    for (const auto& container : *all) {
      if (container.restartcount() > crashes) {
        return "restarted its container " + container.name() + " " + std::to_string(container.restartcount()) +
               " times, and it was crashed " + std::to_string(crashes) + " times";
      }
    }
  }
  return "";
}

std::string wrong_with(PodShape shape, const core::Pod& pod) {
  if (pod.metadata().has_deletiontimestamp()) return "is being deleted";
  switch (shape) {
    case PodShape::plain:
    case PodShape::with_init_and_sidecar:
      return wrong_with_running(pod);
    case PodShape::succeeds:
      return ended(pod, "Succeeded", 0, 0);
    case PodShape::fails:
      return ended(pod, "Failed", 3, 0);
    case PodShape::retries:
      return ended(pod, "Succeeded", 0, 2);
  }
  return "has no shape";
}

}  // namespace kabuki::tools

#include "actors/kubelet/lifecycle/view.hpp"

#include "messages/encode.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

/// Ephemeral containers have the fields of all others, under the same numbers.
std::shared_ptr<const std::vector<ContainerMessage>> ephemerals_of(const PodMessage& pod) {
  auto out = std::make_shared<std::vector<ContainerMessage>>();
  for (const auto& one : pod.spec().ephemeralcontainers()) {
    out->emplace_back().ParseFromString(serialize(one.ephemeralcontainercommon()));
  }
  return out;
}

}  // namespace

RestartPolicy restart_policy_of(const std::string& text) {
  if (text == "Never") return RestartPolicy::never;
  if (text == "OnFailure") return RestartPolicy::on_failure;
  return RestartPolicy::always;
}

size_t PodView::find(const std::string& container) const {
  size_t i = 0;
  while (i < containers.size() && containers[i].spec->name() != container) ++i;
  return i;
}

PodView view_of(const PodMessage& pod) {
  PodView view;
  view.message = &pod;
  view.containers.reserve(pod.spec().initcontainers_size() + pod.spec().containers_size());
  for (const ContainerMessage& init : pod.spec().initcontainers()) {
    view.containers.push_back({&init, init.restartpolicy() == "Always" ? Role::sidecar : Role::init});
  }
  view.inits = view.containers.size();
  for (const ContainerMessage& main : pod.spec().containers()) view.containers.push_back({&main, Role::main});
  view.mains_end = view.containers.size();
  if (pod.spec().ephemeralcontainers_size() > 0) {
    view.ephemerals = ephemerals_of(pod);
    for (const ContainerMessage& one : *view.ephemerals) view.containers.push_back({&one, Role::ephemeral});
  }
  view.policy = restart_policy_of(pod.spec().restartpolicy());
  view.deleted = pod.metadata().has_deletiontimestamp();
  // The API has cut the moment to a whole second; nobody gets less than the grace that was asked for.
  if (view.deleted) view.kill_ns = (pod.metadata().deletiontimestamp().seconds() + 1) * kSecond;
  if (pod.spec().has_terminationgraceperiodseconds()) view.grace_seconds = pod.spec().terminationgraceperiodseconds();
  if (pod.spec().has_activedeadlineseconds()) view.active_deadline_seconds = pod.spec().activedeadlineseconds();
  return view;
}

}  // namespace kabuki::kubelet

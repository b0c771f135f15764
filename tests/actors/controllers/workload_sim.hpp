#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "messages/api/core/v1/node.pb.h"
#include "tests/actors/controllers/fake_api.hpp"

namespace kabuki::controllers::testing {

namespace core = ::k8s::io::api::core::v1;

/// Controllers before the fake API, with a scheduler and kubelets that do one random thing to each pod now and then,
/// and controllers that are killed and begin anew.
class WorkloadSim {
 public:
  struct Chances {
    FakeHost::Chances host;
    double crash = 0;   // of a controller, per step
    double fail = 0;    // of a running pod, per step
    double finish = 0;  // of a running pod to succeed, per step
  };
  static constexpr int64_t kEpoch = 1'000'000;

  WorkloadSim(uint64_t seed, std::vector<Controller> controllers)
      : random(seed), controllers_(std::move(controllers)) {
    for (const Controller& controller : controllers_) hosts_.push_back(std::make_unique<FakeHost>(api, controller));
  }

  void step(const Chances& chances) {
    api.set_time(++now);
    live(chances);
    for (size_t i = 0; i < hosts_.size(); ++i) {
      if (random.chance(chances.crash)) {
        hosts_[i] = std::make_unique<FakeHost>(api, controllers_[i]);
        hosts_[i]->list(random, views_lag, {now * 1'000'000'000});
      }
      hosts_[i]->step(random, chances.host, now);
    }
    if (each_step) each_step();
  }
  void run(int steps, const Chances& chances) {
    for (int i = 0; i < steps; ++i) step(chances);
  }
  /// Without faults until nothing moves; whether that came.
  bool settle(int most, double finish = 0) {
    for (int i = 0, calm = 0; i < most; ++i) {
      const uint64_t before = api.revision();
      step({.host = {.deliver = 0.8, .answer = 0.8}, .finish = finish});
      calm = quiet() && api.revision() == before ? calm + 1 : 0;
      if (calm > 40) return true;
    }
    return false;
  }
  /// Runs on without faults and returns how many writes that took.
  uint64_t writes_at_rest(int steps) {
    const uint64_t before = writes();
    run(steps, {.host = {.deliver = 1, .answer = 1}});
    return writes() - before;
  }
  uint64_t writes() const {
    uint64_t sum = 0;
    for (const auto& host : hosts_) sum += host->writes();
    return sum;
  }
  bool quiet() const {
    for (const auto& host : hosts_) {
      if (!host->quiet()) return false;
    }
    return true;
  }
  std::vector<std::string> names(KindId kind) const {
    std::vector<std::string> names;
    for (const ObjectPtr& object : api.all(kind)) names.emplace_back(object->name());
    return names;
  }

  FakeApi api;
  io::Random random;
  int64_t now = kEpoch;
  std::function<void()> each_step;
  int nodes = 3;
  uint64_t views_lag = 0;  // in changes, of those that a controller lists when it begins anew

 private:
  void condition(bool ready, core::Pod* pod) const {
    if (pod->status().conditions_size() == 0) pod->mutable_status()->add_conditions()->set_type("Ready");
    auto* condition = pod->mutable_status()->mutable_conditions(0);
    condition->set_status(ready ? "True" : "False");
    condition->mutable_lasttransitiontime()->set_seconds(now);
  }
  void end(const char* phase, int code, core::Pod* pod) const {
    pod->mutable_status()->set_phase(phase);
    condition(false, pod);
    pod->mutable_status()->clear_containerstatuses();
    auto* container = pod->mutable_status()->add_containerstatuses();
    container->set_name("app");
    container->mutable_state()->mutable_terminated()->set_exitcode(code);
    container->mutable_state()->mutable_terminated()->mutable_finishedat()->set_seconds(now);
  }
  static std::string bound_by_affinity(const core::Pod& pod) {
    const auto& terms =
        pod.spec().affinity().nodeaffinity().requiredduringschedulingignoredduringexecution().nodeselectorterms();
    if (terms.empty() || terms[0].matchfields().empty()) return {};
    return terms[0].matchfields(0).values(0);
  }
  void live(const Chances& chances) {
    for (const ObjectPtr& object : api.all(kinds::kPod)) {
      if (!random.chance(0.4)) continue;
      auto pod = object->as<core::Pod>();
      const std::string phase = pod.status().phase();
      const bool over = phase == "Succeeded" || phase == "Failed";
      if (pod.metadata().has_deletiontimestamp()) {
        if (pod.metadata().finalizers_size() == 0) {
          api.vanish(object->key());
        } else if (!over) {
          end("Failed", 137, &pod);
          api.set(kinds::kPod, &pod);
        }
      } else if (over) {
      } else if (pod.spec().nodename().empty()) {
        std::string node = bound_by_affinity(pod);
        if (node.empty()) node = "node-" + std::to_string(random.below(static_cast<uint64_t>(nodes)));
        pod.mutable_spec()->set_nodename(node);
        api.set(kinds::kPod, &pod);
      } else if (phase.empty()) {
        pod.mutable_status()->set_phase("Running");
        condition(true, &pod);
        api.set(kinds::kPod, &pod);
      } else if (random.chance(chances.fail)) {
        end("Failed", 1, &pod);
        api.set(kinds::kPod, &pod);
      } else if (random.chance(chances.finish)) {
        end("Succeeded", 0, &pod);
        api.set(kinds::kPod, &pod);
      }
    }
  }

  const std::vector<Controller> controllers_;
  std::vector<std::unique_ptr<FakeHost>> hosts_;
};

}  // namespace kabuki::controllers::testing

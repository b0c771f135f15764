#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "actors/scheduler/scheduler_state.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/json.hpp"
#include "messages/kinds.hpp"
#include "messages/yaml.hpp"

namespace kabuki::scheduler::test {

/// An object written as YAML (its name and namespace in metadata).
template <class Message>
ObjectPtr object(KindId kind, const std::string& yaml) {
  auto json = yaml_to_json(yaml);
  EXPECT_TRUE(json.ok()) << yaml;
  Message message;
  auto decoded = decode_json(*json, &message);
  EXPECT_TRUE(decoded.ok()) << (decoded.ok() ? "" : decoded.error().message) << "\n" << yaml;
  if (message.metadata().uid().empty()) message.mutable_metadata()->set_uid("uid-" + message.metadata().name());
  return Object::encode(kind, message, 1);
}

inline ObjectPtr node(const std::string& name, const std::string& labels = "{}", const std::string& rest = "{}",
                      const std::string& more = "") {
  return object<k8s::io::api::core::v1::Node>(
      kinds::kNode, "{metadata: {name: " + name + ", labels: " + labels + "}, spec: " + rest +
                        ", status: {allocatable: {cpu: '4', memory: 8Gi, pods: '10'" + more + "}}}");
}

/// `spec` is the inside of a PodSpec's braces.
inline ObjectPtr pod(const std::string& name, const std::string& spec, const std::string& labels = "{}",
                     const std::string& more = "", const std::string& ns = "default") {
  return object<k8s::io::api::core::v1::Pod>(
      kinds::kPod,
      "{metadata: {name: " + name + ", namespace: " + ns + ", labels: " + labels + more + "}, spec: {" + spec + "}}");
}

/// A container that asks for so much.
inline std::string cpu(const std::string& amount) {
  return "containers: [{name: a, image: i, resources: {requests: {cpu: '" + amount + "'}}}]";
}

/// A state that is asked for one pod at a time.
struct Play {
  SchedulerState state;
  int64_t second = 0;

  explicit Play(std::vector<Profile> profiles = {Profile::standard()}) : state(std::move(profiles), io::Random(1)) {}

  SchedulerState::Round round() { return state.schedule(100, {(second += 1000) * 1'000'000'000}); }

  /// Where the pod goes, or why nowhere.
  std::string put(const ObjectPtr& pod) {
    state.pod_changed(pod);
    for (const auto& bind : round().binds) {
      if (bind.pod == pod) return bind.node;
    }
    // Once more: a round may have been spent on others.
    state.pod_deleted(pod->key());
    state.pod_changed(pod);
    const auto again = round();
    for (const auto& bind : again.binds) {
      if (bind.pod == pod) return bind.node;
    }
    for (const auto& failure : again.failures) {
      if (failure.pod == pod) return failure.message.substr(0, failure.message.find(" preemption: "));
    }
    return "nothing";
  }
};

}  // namespace kabuki::scheduler::test

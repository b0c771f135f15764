#include <gtest/gtest.h>
#include <map>

#include "messages/api/core/v1/pod.pb.h"
#include "tools/sim/invariants/all.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::Pod;

struct PreemptsLowerTest : ::testing::Test {
  std::unique_ptr<Invariant> invariant = preempts_lower();
  std::map<Key, ObjectPtr> objects;
  std::vector<std::string> breaches;

  static Pod pod(const std::string& name, int32_t priority, const std::string& policy = "PreemptLowerPriority") {
    Pod out;
    out.mutable_metadata()->set_name(name);
    out.mutable_metadata()->set_namespace_("default");
    out.mutable_metadata()->set_uid("uid-" + name);
    out.mutable_spec()->set_priority(priority);
    out.mutable_spec()->set_preemptionpolicy(policy);
    return out;
  }
  void put(const Pod& pod) {
    const ObjectPtr object = Object::encode(kinds::kPod, pod, 7);
    const ObjectPtr before = std::exchange(objects[object->key()], object);
    invariant->changed({before, object, objects, io::MonoTime{}},
                       [this](std::string what) { breaches.push_back(std::move(what)); });
  }
  void drive_out(Pod victim, const std::string& by) {
    auto* condition = victim.mutable_status()->add_conditions();
    condition->set_type("DisruptionTarget");
    condition->set_reason("PreemptionByScheduler");
    condition->set_message("default-scheduler: preempting to accommodate a higher priority pod uid-" + by);
    put(victim);
  }
};

TEST_F(PreemptsLowerTest, OnlyForOneOfHigherPriorityThatMay) {
  for (const Pod& one : {pod("low", 1), pod("high", 2), pod("polite", 2, "Never"), pod("equal", 1)}) put(one);
  drive_out(pod("low", 1), "high");
  drive_out(pod("low", 1), "high");
  EXPECT_EQ(breaches, std::vector<std::string>{});
  drive_out(pod("equal", 1), "low");
  EXPECT_EQ(breaches.back(), "pods/default/equal of priority 1 is driven out for one of priority 1");
  drive_out(pod("low", 1), "polite");
  EXPECT_EQ(breaches.back(), "pods/default/low of priority 1 is driven out for a pod that never drives out others");
  drive_out(pod("high", 2), "nobody");
  EXPECT_EQ(breaches.back(), "pods/default/high of priority 2 is driven out for a pod that never was: uid-nobody");
  EXPECT_EQ(breaches.size(), 3u);
}

}  // namespace
}  // namespace kabuki::tools

#include "actors/kubelet/runtime/behaviour.hpp"

#include <gtest/gtest.h>

#include "actors/kubelet/lifecycle/container_id.hpp"
#include "actors/kubelet/runtime/distribution.hpp"
#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

TEST(Distribution, ReadsItsThreeForms) {
  EXPECT_EQ(*Distribution::parse("10s"), Distribution::constant(10'000'000'000));
  EXPECT_EQ(*Distribution::parse("uniform(5ms, 1m)"), Distribution::uniform(5'000'000, 60'000'000'000));
  EXPECT_TRUE(Distribution::parse("exp(30s)").ok());
}

TEST(Distribution, RefusesEverythingElse) {
  for (const char* text :
       {"", "10", "-5s", "uniform(5s)", "uniform(5s,1s)", "exp()", "exp(1s", "normal(1s,2s)", "(1s)", "900000000h"}) {
    EXPECT_FALSE(Distribution::parse(text).ok()) << text;
  }
}

TEST(Distribution, DrawsWithinItsBounds) {
  io::Random random(1);
  const Distribution uniform = *Distribution::parse("uniform(5s,6s)");
  const Distribution exponential = *Distribution::parse("exp(10ms)");
  int64_t sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const int64_t drawn = uniform.draw(random);
    ASSERT_GE(drawn, 5'000'000'000);
    ASSERT_LE(drawn, 6'000'000'000);
    sum += exponential.draw(random);
  }
  EXPECT_NEAR(static_cast<double>(sum) / 10'000, 10e6, 0.5e6);
}

std::string complaint(const std::string& key, const std::string& value) {
  const PodMessage pod = pod_from("metadata { annotations { key: 'sim.kabuki.io/" + key + "' value: '" + value +
                                  "' } } spec { containers { name: 'a' } }");
  const auto behaviour = behaviour_of(view_of(pod), 0);
  return behaviour.ok() ? "" : behaviour.error().message;
}

TEST(Behaviour, SaysWhatIsWrongWithAnAnnotation) {
  EXPECT_EQ(complaint("a.exit-code", "256"),
            "annotation sim.kabuki.io/a.exit-code: \"256\" is no exit code: expected 0 to 255, a list of them, oom "
            "or cannot-run");
  EXPECT_EQ(complaint("b.run-time", "1s"), "annotation sim.kabuki.io/b.run-time: the pod has no container \"b\"");
  EXPECT_EQ(complaint("a.runtime", "1s"),
            "annotation sim.kabuki.io/a.runtime: there is no such setting of a simulated container");
  EXPECT_EQ(complaint("a.writes", "data=x"),
            "annotation sim.kabuki.io/a.writes: \"data=x\" is no file: expected /path=text");
  EXPECT_EQ(complaint("a.reads", "data"), "annotation sim.kabuki.io/a.reads: \"data\" is no absolute path");
  EXPECT_EQ(complaint("a.run-time", "uniform(1s,2s)"), "");
}

TEST(Behaviour, TheContainersOwnAnnotationWinsOverThePods) {
  const PodMessage pod = pod_from(
      "metadata { annotations { key: 'sim.kabuki.io/run-time' value: '1s' } "
      "annotations { key: 'sim.kabuki.io/a.run-time' value: '2s' } } "
      "spec { containers { name: 'a' } containers { name: 'b' } }");
  EXPECT_EQ(behaviour_of(view_of(pod), 0)->run_time, Distribution::constant(2'000'000'000));
  EXPECT_EQ(behaviour_of(view_of(pod), 1)->run_time, Distribution::constant(1'000'000'000));
}

TEST(ContainerId, TellsWhatItWasMadeFromAndIsUnique) {
  const SimulatedId id{7, 1'700'000'000'123'456'789};
  const std::string text = simulated_id("uid", "app", 3, id);
  EXPECT_EQ(text.size(), 12u + 64u);
  EXPECT_EQ(read_simulated_id(text), id);
  EXPECT_NE(text.substr(0, 52), simulated_id("uid", "app", 4, id).substr(0, 52));
  EXPECT_NE(text.substr(0, 52), simulated_id("uid", "app2", 3, id).substr(0, 52));
  EXPECT_EQ(read_simulated_id("containerd://" + text.substr(12)), std::nullopt);
  EXPECT_EQ(read_simulated_id(text.substr(0, 70)), std::nullopt);
}

TEST(ContainerId, NamesAnImageByItsContent) {
  const std::string id = simulated_image_id("registry:5000/team/app:v1");
  EXPECT_EQ(id.substr(0, 31), "registry:5000/team/app@sha256:" + id.substr(30, 1));
  EXPECT_EQ(id.size(), 30u + 64u);
  EXPECT_EQ(id, simulated_image_id("registry:5000/team/app:v1"));
  EXPECT_NE(id, simulated_image_id("registry:5000/team/app:v2"));
}

}  // namespace
}  // namespace kabuki::kubelet

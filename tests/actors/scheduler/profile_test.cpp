#include "actors/scheduler/profile.hpp"

#include "tests/actors/scheduler/cluster_text.hpp"

namespace kabuki::scheduler::test {
namespace {

std::string configuration(const std::string& profiles) {
  return "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles: " + profiles + "\n";
}

bool filters(const Profile& profile, std::string_view name) {
  return std::any_of(profile.filters.begin(), profile.filters.end(), [&](auto* one) { return one->name == name; });
}
int64_t weight(const Profile& profile, std::string_view name) {
  for (const auto& [plugin, weight] : profile.scorers) {
    if (plugin->name == name) return weight;
  }
  return 0;
}

TEST(Profiles, AreReadFromASchedulerConfiguration) {
  const auto profiles = read_profiles(configuration(R"([
    {schedulerName: packing,
     plugins: {score: {disabled: [{name: NodeResourcesBalancedAllocation}], enabled: [{name: ImageLocality, weight: 7}]}},
     pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 3}]}}}]},
    {schedulerName: blind, percentageOfNodesToScore: 30,
     plugins: {multiPoint: {disabled: [{name: '*'}], enabled: [{name: NodeResourcesFit}, {name: PrioritySort}]}}}])"));
  ASSERT_TRUE(profiles.ok()) << profiles.error().message;
  ASSERT_EQ(profiles->size(), 2u);
  const Profile& packing = (*profiles)[0];
  EXPECT_EQ(packing.scheduler_name, "packing");
  EXPECT_EQ(packing.fit, Profile::Fit::most_allocated);
  EXPECT_EQ(packing.fit_weights, (std::map<std::string, int64_t>{{"cpu", 3}}));
  EXPECT_EQ(weight(packing, "NodeResourcesBalancedAllocation"), 0);
  EXPECT_EQ(weight(packing, "ImageLocality"), 7);
  EXPECT_EQ(weight(packing, "TaintToleration"), 3);
  EXPECT_TRUE(packing.preemption);
  const Profile& blind = (*profiles)[1];
  EXPECT_EQ(blind.filters.size(), 1u);
  EXPECT_TRUE(filters(blind, "NodeResourcesFit"));
  EXPECT_FALSE(blind.preemption);
  EXPECT_EQ(blind.percentage_of_nodes_to_score, 30);
}

TEST(Profiles, AreRefusedByField) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"kind: Pod\napiVersion: v1\n", "kind: expected a KubeSchedulerConfiguration"},
      {configuration("[{plugins: {score: {enabled: [{name: Magic}]}}}]"),
       "profiles[0].plugins.score.enabled[0].name: there is no plugin \"Magic\""},
      {configuration("[{}, {}]"), "profiles[1].schedulerName: Duplicate value: \"default-scheduler\""},
      {configuration("[{percentageOfNodesToScore: 101}]"), "profiles[0].percentageOfNodesToScore: must be between"},
      {configuration("[{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Best}}}]}]"),
       "profiles[0].pluginConfig[0].args.scoringStrategy.type: Unsupported value: \"Best\""},
      {configuration("[{pluginConfig: [{name: NodeResourcesFit, args: {ignoredResources: [a.com/b]}}]}]"),
       "profiles[0].pluginConfig[0].args.ignoredResources: is not supported"},
      {configuration("[{pluginConfig: [{name: NodeAffinity, args: {addedAffinity: {}}}]}]"),
       "profiles[0].pluginConfig[0].args.addedAffinity: is not supported"},
      {configuration("[{pluginConfig: [{name: PodTopologySpread, args: {defaultingType: List}}]}]"),
       "profiles[0].pluginConfig[0].args.defaultingType: only \"System\" is supported"},
      {configuration("[{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: 101}}]}]"),
       "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: not in valid range [0, 100]"},
      {configuration("[]\nextenders: [{urlPrefix: x}]"), "extenders: is not supported"},
      {configuration("[]\npodMaxBackoffSeconds: 60"), "podMaxBackoffSeconds: only 10 is supported"},
      {configuration("[3]"), "profiles[0]: expected an object"},
  };
  for (const auto& [text, message] : cases) {
    const auto profiles = read_profiles(text);
    ASSERT_FALSE(profiles.ok()) << text;
    EXPECT_THAT(profiles.error().message, testing::HasSubstr(message));
  }
}

TEST(Profiles, SayHowMuchTheAffinityOfOthersCounts) {
  const auto weight = [](const std::string& args) {
    const auto profiles =
        read_profiles(configuration("[{pluginConfig: [{name: InterPodAffinity, args: " + args + "}]}]"));
    EXPECT_TRUE(profiles.ok()) << profiles.error().message;
    return profiles.ok() ? (*profiles)[0].hard_pod_affinity_weight : -1;
  };
  EXPECT_EQ(weight("{kind: InterPodAffinityArgs, apiVersion: kubescheduler.config.k8s.io/v1}"), 1);
  EXPECT_EQ(weight("{hardPodAffinityWeight: 50}"), 50);
  // A pod wants others like this one near: nothing else speaks for n2, where it is and takes room.
  const auto where = [](int64_t weight_of_required) {
    Profile profile = Profile::standard();
    profile.hard_pod_affinity_weight = weight_of_required;
    Play play({profile});
    for (const char* name : {"n1", "n2"}) play.state.node_changed(*node(name, "{host: " + std::string(name) + "}"));
    play.state.pod_changed(
        pod("there", "nodeName: n2, " + cpu("1") +
                         ", affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
                         "[{topologyKey: host, labelSelector: {matchLabels: {app: web}}}]}}"));
    return play.put(pod("new", cpu("100m"), "{app: web}"));
  };
  EXPECT_EQ(where(100), "n2");
  EXPECT_EQ(where(0), "n1");
}

TEST(Profiles, DecideForThePodsThatNameThem) {
  auto profiles = read_profiles(configuration(R"([{schedulerName: spreading},
    {schedulerName: packing, pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated}}}],
     plugins: {score: {disabled: [{name: NodeResourcesBalancedAllocation}]}}}])"));
  ASSERT_TRUE(profiles.ok());
  Play play(*profiles);
  for (const char* name : {"n1", "n2"}) play.state.node_changed(*node(name));
  const std::string first = play.put(pod("p", "schedulerName: packing, " + cpu("1")));
  EXPECT_EQ(play.put(pod("q", "schedulerName: packing, " + cpu("1"))), first);
  EXPECT_NE(play.put(pod("r", "schedulerName: spreading, " + cpu("1"))), first);
  EXPECT_EQ(play.put(pod("s", "schedulerName: nobody, " + cpu("1"))), "nothing");
}

}  // namespace
}  // namespace kabuki::scheduler::test

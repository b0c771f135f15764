#include "actors/controllers/volume_binder.hpp"

#include "actors/controllers/volume_match.hpp"
#include "messages/json.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers {
namespace {

using testing::FakeApi;
using testing::WorkloadSim;

constexpr Instant kNow{{1'000'000'000'000'000}, {0}};

std::unique_ptr<google::protobuf::Message> message_of(KindId kind, const std::string& json) {
  std::unique_ptr<google::protobuf::Message> message(kind_of(kind).make());
  auto decoded = decode_json(json, message.get());
  EXPECT_TRUE(decoded.ok()) << json << (decoded.ok() ? "" : decoded.error().message);
  return message;
}
std::string storage_class(const std::string& name, const std::string& extra = "") {
  return R"({"metadata":{"name":")" + name + R"("},"provisioner":"kabuki.io/simulated")" + extra + "}";
}
std::string claim(const std::string& name, const std::string& spec = "", const std::string& meta = "") {
  return R"({"metadata":{"namespace":"shop","name":")" + name + R"(","uid":"uid-)" + name + "\"" + meta +
         R"(},"spec":{)" + spec +
         R"("accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"5Gi"}}},"status":{"phase":"Pending"}})";
}
std::string volume(const std::string& name, const std::string& spec = "", const std::string& size = "10Gi",
                   const std::string& phase = "Available", const std::string& meta = "") {
  return R"({"metadata":{"name":")" + name + R"(","uid":"uid-)" + name + "\"" + meta + R"(},"spec":{)" + spec +
         R"("accessModes":["ReadWriteOnce","ReadOnlyMany"],"capacity":{"storage":")" + size +
         R"("},"hostPath":{"path":"/x"}},"status":{"phase":")" + phase + "\"}}";
}
std::string ref(const std::string& name, const std::string& uid) {
  return R"("claimRef":{"namespace":"shop","name":")" + name + R"(","uid":")" + uid + R"("},)";
}

struct VolumeBinder : ::testing::Test {
  void add(KindId kind, const std::string& json) {
    view.put(Object::encode(kind, *message_of(kind, json), ++revision));
  }
  /// What a plan writes and says, in short.
  static std::string text(const Plan& plan) {
    std::string out;
    for (const Step& step : plan.steps) {
      const actors::Write& write = step.write;
      out += bus::WriteObjects::Verb_Name(write.verb) + " " + write.key.name;
      if (write.object && write.key.kind == kinds::kPersistentVolume) {
        const auto made = write.object->as<Volume>();
        if (write.verb == bus::WriteObjects::UPDATE_STATUS) out += " " + made.status().phase();
        if (write.verb != bus::WriteObjects::UPDATE_STATUS) out += " for " + made.spec().claimref().uid();
      }
      if (write.object && write.key.kind == kinds::kPersistentVolumeClaim) {
        const auto made = write.object->as<Claim>();
        if (write.verb == bus::WriteObjects::UPDATE_STATUS) out += " " + made.status().phase();
        if (write.verb == bus::WriteObjects::UPDATE) out += " on " + made.spec().volumename();
      }
    }
    for (const auto& event : plan.events) out += (out.empty() ? "" : "; ") + event.reason;
    return out;
  }
  std::string of_claim(const std::string& name = "c") {
    return text(reconcile_claim(view, {kinds::kPersistentVolumeClaim, "shop", name}, kNow));
  }
  std::string of_volume(const std::string& name = "v") {
    return text(reconcile_volume(view, {kinds::kPersistentVolume, "", name}, kNow));
  }
  std::string protection(KindId kind, const std::string& ns, const std::string& name) {
    return text(reconcile_volume_protection(view, {kind, ns, name}, kNow));
  }

  View view{View::kPods};
  uint64_t revision = 0;
};

TEST_F(VolumeBinder, TakesTheSmallestVolumeThatHasWhatIsAskedFor) {
  struct Row {
    const char *what, *spec, *size;
  };
  add(kinds::kPersistentVolumeClaim,
      claim("c", R"("selector":{"matchLabels":{"disk":"ssd"}},"storageClassName":"s",)"));
  const std::string ssd = R"(,"labels":{"disk":"ssd"})";
  auto offer = [&](const std::string& name, const std::string& spec, const std::string& size,
                   const std::string& phase = "Available",
                   const std::string& labels = R"(,"labels":{"disk":"ssd"})") {
    add(kinds::kPersistentVolume, volume(name, spec, size, phase, labels));
  };
  offer("a-other-class", R"("storageClassName":"t",)", "6Gi");
  offer("b-block", R"("storageClassName":"s","volumeMode":"Block",)", "6Gi");
  offer("c-small", R"("storageClassName":"s",)", "4Gi");
  offer("d-unlabelled", R"("storageClassName":"s",)", "6Gi", "Available", "");
  offer("e-taken", R"("storageClassName":"s",)" + ref("x", "y"), "6Gi");
  offer("f-released", R"("storageClassName":"s",)", "6Gi", "Released");
  offer("g-large", R"("storageClassName":"s",)", "20Gi");
  EXPECT_EQ(of_claim(), "UPDATE g-large for uid-c");
  offer("h-fits", R"("storageClassName":"s",)", "6Gi");
  EXPECT_EQ(of_claim(), "UPDATE h-fits for uid-c");
  offer("i-reserved", R"("storageClassName":"s",)" + ref("c", ""), "50Gi");
  EXPECT_EQ(of_claim(), "UPDATE i-reserved for uid-c");
}

TEST_F(VolumeBinder, BindsStepByStep) {
  add(kinds::kPersistentVolumeClaim, claim("c"));
  add(kinds::kPersistentVolume, volume("v", ref("c", "uid-c")));
  EXPECT_EQ(of_claim(), "UPDATE c on v");
  EXPECT_EQ(of_volume(), "") << "waits for the claim";
  add(kinds::kPersistentVolumeClaim, claim("c", R"("volumeName":"v",)"));
  EXPECT_EQ(of_claim(), "UPDATE c on v") << "the claim named its volume itself";
  add(kinds::kPersistentVolumeClaim,
      claim("c", R"("volumeName":"v",)", R"(,"annotations":{"pv.kubernetes.io/bind-completed":"yes"})"));
  EXPECT_EQ(of_claim(), "UPDATE_STATUS c Bound");
  EXPECT_EQ(of_volume(), "UPDATE_STATUS v Bound");
}

TEST_F(VolumeBinder, MakesVolumesOfSimulatedClasses) {
  add(kinds::kStorageClass, storage_class("standard"));
  add(kinds::kPersistentVolumeClaim, claim("c", R"("storageClassName":"standard",)"));
  EXPECT_EQ(of_claim(), "UPDATE c on ") << "first it is said who provisions";
  const std::string said = R"(,"annotations":{"volume.kubernetes.io/storage-provisioner":"kabuki.io/simulated"})";
  add(kinds::kPersistentVolumeClaim, claim("c", R"("storageClassName":"standard",)", said));
  const Plan plan = reconcile_claim(view, {kinds::kPersistentVolumeClaim, "shop", "c"}, kNow);
  ASSERT_EQ(plan.steps.size(), 1u);
  const auto made = plan.steps[0].write.object->as<Volume>();
  EXPECT_EQ(made.metadata().name(), "pvc-uid-c");
  EXPECT_EQ(made.spec().capacity().at("storage").string(), "5Gi");
  EXPECT_EQ(made.spec().persistentvolumereclaimpolicy(), "Delete");
  EXPECT_EQ(made.spec().claimref().uid(), "uid-c");
}

TEST_F(VolumeBinder, GrowsAVolumeWhereItsClassLetsIt) {
  const std::string bound = R"(,"annotations":{"pv.kubernetes.io/bind-completed":"yes"})";
  const std::string made = R"(,"annotations":{"pv.kubernetes.io/provisioned-by":"kabuki.io/simulated"})";
  // The claim asks for 5Gi.
  add(kinds::kPersistentVolumeClaim, claim("c", R"("storageClassName":"s","volumeName":"v",)", bound));
  auto offer = [&](const std::string& size, const std::string& meta) {
    add(kinds::kPersistentVolume, volume("v", R"("storageClassName":"s",)" + ref("c", "uid-c"), size, "Bound", meta));
  };
  offer("3Gi", made);
  add(kinds::kStorageClass, storage_class("s"));
  EXPECT_EQ(of_claim(), "UPDATE_STATUS c Bound") << "with what it has";
  add(kinds::kStorageClass, storage_class("s", R"(,"allowVolumeExpansion":true)"));
  const Plan plan = reconcile_claim(view, {kinds::kPersistentVolumeClaim, "shop", "c"}, kNow);
  ASSERT_EQ(text(plan), "UPDATE v for uid-c");
  EXPECT_EQ(plan.steps[0].write.object->as<Volume>().spec().capacity().at("storage").string(), "5Gi");
  offer("3Gi", "");
  EXPECT_EQ(of_claim(), "UPDATE_STATUS c Bound") << "somebody else's volume is left to it";
  offer("5Gi", made);
  const Plan told = reconcile_claim(view, {kinds::kPersistentVolumeClaim, "shop", "c"}, kNow);
  ASSERT_EQ(text(told), "UPDATE_STATUS c Bound");
  EXPECT_EQ(told.steps[0].write.object->as<Claim>().status().capacity().at("storage").string(), "5Gi");
}

TEST_F(VolumeBinder, WaitsForTheFirstConsumerWhereTheClassSaysSo) {
  add(kinds::kStorageClass, storage_class("late", R"(,"volumeBindingMode":"WaitForFirstConsumer")"));
  add(kinds::kPersistentVolumeClaim, claim("c", R"("storageClassName":"late",)"));
  add(kinds::kPersistentVolume,
      volume("v", R"("storageClassName":"late","nodeAffinity":{"required":{"nodeSelectorTerms":[
      {"matchExpressions":[{"key":"zone","operator":"In","values":["a"]}]}]}},)"));
  add(kinds::kNode, R"({"metadata":{"name":"n1","labels":{"zone":"a"}}})");
  add(kinds::kNode, R"({"metadata":{"name":"n2","labels":{"zone":"b"}}})");
  EXPECT_EQ(of_claim(), "WaitForFirstConsumer");
  auto pod_on = [&](const std::string& node) {
    add(kinds::kPod,
        R"({"metadata":{"namespace":"shop","name":"p"},"spec":{"nodeName":")" + node +
            R"(","volumes":[{"name":"x","emptyDir":{}},{"name":"d","persistentVolumeClaim":{"claimName":"c"}}]}})");
  };
  pod_on("n1");
  EXPECT_EQ(of_claim(), "UPDATE v for uid-c");
  pod_on("n2");
  EXPECT_EQ(of_claim(), "UPDATE c on ") << "the node is noted, for a volume to be made there";
  view.remove({kinds::kPod, "shop", "p"});
  add(kinds::kPersistentVolumeClaim,
      claim("c", R"("storageClassName":"late",)", R"(,"annotations":{"volume.kubernetes.io/selected-node":"n1"})"));
  EXPECT_EQ(of_claim(), "UPDATE v for uid-c");
}

TEST_F(VolumeBinder, MakesVolumesWhereTheClassMay) {
  const std::string zones =
      R"(,"volumeBindingMode":"WaitForFirstConsumer","allowedTopologies":[{"matchLabelExpressions":[{"key":"zone","values":["a"]}]},)"
      R"({"matchLabelExpressions":[{"key":"zone","values":["b","c"]}]}])";
  add(kinds::kStorageClass, storage_class("zoned", zones));
  add(kinds::kNode, R"({"metadata":{"name":"n1","labels":{"zone":"c"}}})");
  const std::string notes =
      R"(,"annotations":{"volume.kubernetes.io/selected-node":"n1","volume.beta.kubernetes.io/storage-provisioner":)"
      R"("kabuki.io/simulated","volume.kubernetes.io/storage-provisioner":"kabuki.io/simulated"})";
  add(kinds::kPersistentVolumeClaim, claim("c", R"("storageClassName":"zoned",)", notes));
  auto places = [&] {
    const Plan plan = reconcile_claim(view, {kinds::kPersistentVolumeClaim, "shop", "c"}, kNow);
    EXPECT_EQ(plan.steps.size(), 1u);
    std::string out;
    if (plan.steps.empty()) return out;
    const auto made = plan.steps[0].write.object->as<Volume>();
    for (const auto& term : made.spec().nodeaffinity().required().nodeselectorterms()) {
      out += "[";
      for (const auto& one : term.matchexpressions()) {
        out += one.key() + " " + one.operator_();
        for (const auto& value : one.values()) out += " " + value;
      }
      out += "]";
    }
    return out;
  };
  EXPECT_EQ(places(), "[zone In c]");
  add(kinds::kNode, R"({"metadata":{"name":"n1","labels":{"zone":"d"}}})");
  EXPECT_EQ(places(), "[zone In a][zone In b c]") << "somebody has chosen a node where the class may make none";
  view.remove({kinds::kNode, "", "n1"});
  EXPECT_EQ(places(), "[zone In a][zone In b c]");
}

TEST_F(VolumeBinder, SaysWhyAClaimIsPending) {
  add(kinds::kPersistentVolumeClaim, claim("c"));
  EXPECT_EQ(of_claim(), "FailedBinding");
  add(kinds::kPersistentVolumeClaim, claim("c", R"("storageClassName":"nope",)"));
  EXPECT_EQ(of_claim(), "ProvisioningFailed");
  add(kinds::kStorageClass, R"({"metadata":{"name":"far"},"provisioner":"example.com/far"})");
  add(kinds::kPersistentVolumeClaim,
      claim("c", R"("storageClassName":"far",)",
            R"(,"annotations":{"volume.kubernetes.io/storage-provisioner":"example.com/far"})"));
  EXPECT_EQ(of_claim(), "ExternalProvisioning");
  add(kinds::kPersistentVolumeClaim, claim("c", R"("volumeName":"v",)"));
  EXPECT_EQ(of_claim(), "") << "the volume may come";
  add(kinds::kPersistentVolume, volume("v", ref("other", "o")));
  EXPECT_EQ(of_claim(), "FailedBinding");
  add(kinds::kPersistentVolume, volume("v", "", "1Gi"));
  EXPECT_EQ(of_claim(), "VolumeMismatch");
}

TEST_F(VolumeBinder, AClaimIsLostWithItsVolume) {
  add(kinds::kPersistentVolumeClaim,
      claim("c", R"("volumeName":"v",)", R"(,"annotations":{"pv.kubernetes.io/bind-completed":"yes"})"));
  EXPECT_EQ(of_claim(), "UPDATE_STATUS c Lost; ClaimLost");
  const Plan plan = reconcile_claim(view, {kinds::kPersistentVolumeClaim, "shop", "c"}, kNow);
  EXPECT_EQ(plan.only_if_gone, (std::vector<Gone>{{{kinds::kPersistentVolume, "", "v"}, ""}}));
}

TEST_F(VolumeBinder, ReclaimsAsTheVolumesPolicySays) {
  struct Row {
    const char *policy, *phase, *provisioner, *expected;
  };
  const Row rows[] = {
      {"Retain", "Bound", "", "UPDATE_STATUS v Released"},
      {"Retain", "Released", "", ""},
      {"Delete", "Released", "kabuki.io/simulated", "DELETE v"},
      {"Delete", "Released", "example.com/far", ""},
      {"Delete", "Released", "", "UPDATE_STATUS v Failed; VolumeFailedDelete"},
      {"Delete", "Failed", "", ""},
      {"Recycle", "Released", "", "UPDATE v for "},
  };
  for (const Row& row : rows) {
    const std::string by = *row.provisioner ? std::string(R"(,"annotations":{"pv.kubernetes.io/provisioned-by":")") +
                                                  row.provisioner + "\"}"
                                            : "";
    add(kinds::kPersistentVolume,
        volume("v", std::string(R"("persistentVolumeReclaimPolicy":")") + row.policy + "\"," + ref("c", "gone"),
               "10Gi", row.phase, by));
    EXPECT_EQ(of_volume(), row.expected) << row.policy << " " << row.phase << " " << row.provisioner;
    // A new claim of that name is another.
    add(kinds::kPersistentVolumeClaim, claim("c", R"("volumeName":"w",)"));
    EXPECT_EQ(of_volume(), row.expected);
    view.remove({kinds::kPersistentVolumeClaim, "shop", "c"});
  }
  add(kinds::kPersistentVolume, volume("v", "", "10Gi", "Pending"));
  EXPECT_EQ(of_volume(), "UPDATE_STATUS v Available");
}

TEST_F(VolumeBinder, ProtectsWhatIsInUse) {
  const std::string deleted =
      R"(,"deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["kubernetes.io/pvc-protection","kubernetes.io/pv-protection","own"])";
  add(kinds::kPersistentVolumeClaim, claim("c", "", deleted));
  const std::string pod = R"({"metadata":{"namespace":"shop","name":"p"},"spec":{"nodeName":"n","volumes":[
      {"name":"d","persistentVolumeClaim":{"claimName":"c"}}]},"status":{"phase":")";
  add(kinds::kPod, pod + "Running\"}}");
  EXPECT_EQ(protection(kinds::kPersistentVolumeClaim, "shop", "c"), "");
  add(kinds::kPod, pod + "Succeeded\"}}");
  EXPECT_EQ(protection(kinds::kPersistentVolumeClaim, "shop", "c"), "UPDATE c on ");
  add(kinds::kPersistentVolume, volume("v", "", "10Gi", "Bound", deleted));
  EXPECT_EQ(protection(kinds::kPersistentVolume, "", "v"), "");
  add(kinds::kPersistentVolume, volume("v", "", "10Gi", "Released", deleted));
  EXPECT_EQ(protection(kinds::kPersistentVolume, "", "v"), "UPDATE v for ");
}

TEST(VolumeConvergence, EveryClaimHasAVolumeOfItsOwnWhateverHappensOnTheWay) {
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE(seed);
    WorkloadSim sim(seed, {volume_binder_controller(), volume_protection_controller()});
    auto put = [&](KindId kind, const std::string& json) {
      auto message = message_of(kind, json);
      sim.api.set(kind, message.get());
    };
    const std::string guarded = R"(,"finalizers":["kubernetes.io/pvc-protection"])";
    put(kinds::kStorageClass, storage_class("standard"));
    for (int i = 0; i < 3; ++i)
      put(kinds::kPersistentVolume, volume("static-" + std::to_string(i), "", "10Gi", "Pending"));
    for (int i = 0; i < 5; ++i) {
      put(kinds::kPersistentVolumeClaim, claim("s" + std::to_string(i), R"("storageClassName":"",)", guarded));
      put(kinds::kPersistentVolumeClaim,
          claim("d" + std::to_string(i), R"("storageClassName":"standard",)", guarded));
    }
    sim.run(150, {.host = {.deliver = 0.4, .refuse = 0.1, .lose = 0.1, .answer = 0.5}, .crash = 0.01});
    ASSERT_TRUE(sim.settle(3000));
    std::map<std::string, int> users;
    int bound = 0;
    for (const ObjectPtr& object : sim.api.all(kinds::kPersistentVolumeClaim)) {
      const auto one = object->as<Claim>();
      if (one.status().phase() != "Bound") continue;
      ++bound;
      ++users[one.spec().volumename()];
      const auto held = sim.api.find({kinds::kPersistentVolume, "", one.spec().volumename()})->as<Volume>();
      EXPECT_EQ(held.spec().claimref().uid(), one.metadata().uid());
      EXPECT_EQ(held.status().phase(), "Bound");
    }
    EXPECT_EQ(bound, 8) << "five that are made, three that were there";
    for (const auto& [name, count] : users) EXPECT_EQ(count, 1) << name;
    EXPECT_EQ(sim.names(kinds::kPersistentVolume).size(), 8u);
    EXPECT_EQ(sim.writes_at_rest(60), 0u);

    // What was made for a claim goes with it; what was there stays, released.
    for (const ObjectPtr& object : sim.api.all(kinds::kPersistentVolumeClaim)) {
      sim.api.apply(actors::Write::remove(*object));
    }
    ASSERT_TRUE(sim.settle(3000));
    EXPECT_TRUE(sim.names(kinds::kPersistentVolumeClaim).empty());
    EXPECT_EQ(sim.names(kinds::kPersistentVolume), (std::vector<std::string>{"static-0", "static-1", "static-2"}));
    for (const ObjectPtr& object : sim.api.all(kinds::kPersistentVolume)) {
      EXPECT_EQ(object->as<Volume>().status().phase(), "Released");
    }
    EXPECT_EQ(sim.writes_at_rest(60), 0u);
  }
}

}  // namespace
}  // namespace kabuki::controllers

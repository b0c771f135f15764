#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "actors/api_server/write/admission/admission.hpp"
#include "messages/json.hpp"

namespace kabuki::api_server {
namespace {

/// What is around, and what is written, as JSON; what becomes of it by the whole way of a write.
class AdmissionTest : public ::testing::Test {
 protected:
  AdmissionTest() {
    add(kinds::kNamespace, R"({"metadata":{"name":"shop"}})");
    add(kinds::kServiceAccount, R"({"metadata":{"name":"default","namespace":"shop"}})");
  }
  static ObjectPtr encoded(KindId kind, std::string_view json, uint64_t revision) {
    std::unique_ptr<google::protobuf::Message> message(kind_of(kind).make());
    auto decoded = decode_json(json, message.get());
    EXPECT_TRUE(decoded.ok()) << json;
    return Object::encode(kind, *message, revision);
  }
  void add(KindId kind, std::string_view json) { around_.put(encoded(kind, json, ++revision_)); }
  void remove(KindId kind, const std::string& ns, const std::string& name) {
    around_.remove({kind, ns, name}, ++revision_);
  }
  Write create(KindId kind, std::string_view json) {
    std::shared_ptr<google::protobuf::Message> message(kind_of(kind).make());
    auto decoded = decode_json(json, message.get());
    EXPECT_TRUE(decoded.ok()) << json;
    const std::string ns = kind_of(kind).namespaced ? "shop" : "";
    Key key{kind, ns, meta_of(*message).name()};
    return {.verb = Write::Verb::create, .kind = &kind_of(kind), .key = key, .object = std::move(message)};
  }
  Result<Decision> run(const Write& write, const ObjectPtr& current = nullptr) {
    return decide(write, current, {.now = {1'800'000'000'000'000'000}, .random = &random_, .surroundings = &around_});
  }
  /// "" when it is admitted.
  std::string refusal(const Write& write, const ObjectPtr& current = nullptr) {
    auto decision = run(write, current);
    return decision ? "" : std::to_string(decision.error().code) + " " + decision.error().message;
  }
  static std::string json_of(const google::protobuf::Message& message) {
    std::string text;
    encode_json(message, &text);
    return text;
  }
  nlohmann::json admitted(const Write& write) {
    auto decision = run(write);
    EXPECT_TRUE(decision.ok()) << (decision ? "" : decision.error().message);
    return decision ? nlohmann::json::parse(json_of(*decision->object)) : nlohmann::json();
  }
  static std::string pod_json(const std::string& spec = "", const std::string& resources = "{}") {
    return R"({"metadata":{"name":"a"},"spec":{)" + spec + R"("containers":[{"name":"c","image":"i","resources":)" +
           resources + "}]}}";
  }
  Write pod(const std::string& spec = "", const std::string& resources = "{}") {
    return create(kinds::kPod, pod_json(spec, resources));
  }

  io::Random random_{1};
  Surroundings around_;
  uint64_t revision_ = 0;
};

using PriorityAdmission = AdmissionTest;
using LimitRanger = AdmissionTest;
using ServiceAccountAdmission = AdmissionTest;
using RuntimeClassAdmission = AdmissionTest;
using NamespaceLifecycle = AdmissionTest;
using DefaultStorageClass = AdmissionTest;
using ClaimAdmission = AdmissionTest;
using QuotaAdmission = AdmissionTest;

TEST_F(PriorityAdmission, ResolvesTheClassThatAPodNames) {
  add(kinds::kPriorityClass, R"({"metadata":{"name":"vip"},"value":1000,"preemptionPolicy":"Never"})");
  const auto spec = admitted(pod(R"("priorityClassName":"vip",)"))["spec"];
  EXPECT_EQ(spec["priority"], 1000);
  EXPECT_EQ(spec["preemptionPolicy"], "Never");
}

TEST_F(PriorityAdmission, GivesTheLeastGlobalDefaultOrNone) {
  auto spec = admitted(pod())["spec"];
  EXPECT_EQ(spec["priority"], 0);
  EXPECT_EQ(spec["preemptionPolicy"], "PreemptLowerPriority");
  EXPECT_FALSE(spec.contains("priorityClassName"));
  add(kinds::kPriorityClass, R"({"metadata":{"name":"a"},"value":20,"globalDefault":true})");
  add(kinds::kPriorityClass, R"({"metadata":{"name":"b"},"value":10,"globalDefault":true})");
  spec = admitted(pod())["spec"];
  EXPECT_EQ(spec["priority"], 10);
  EXPECT_EQ(spec["priorityClassName"], "b");
}

TEST_F(PriorityAdmission, RefusesUnknownClassesAndNumbersOfOnesOwn) {
  EXPECT_EQ(refusal(pod(R"("priorityClassName":"nope",)")),
            "403 pods \"a\" is forbidden: no PriorityClass with name nope was found");
  add(kinds::kPriorityClass, R"({"metadata":{"name":"vip"},"value":1000,"preemptionPolicy":"Never"})");
  EXPECT_EQ(
      refusal(pod(R"("priorityClassName":"vip","priority":7,)")),
      "403 pods \"a\" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority "
      "admission controller computed 1000 from the given PriorityClass name");
  EXPECT_EQ(refusal(pod(R"("priorityClassName":"vip","preemptionPolicy":"PreemptLowerPriority",)")),
            "403 pods \"a\" is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be "
            "provided in pod spec; priority admission controller computed Never from the given PriorityClass name");
  EXPECT_EQ(refusal(pod(R"("priorityClassName":"vip","priority":1000,)")), "");
}

TEST_F(PriorityAdmission, KeepsOneGlobalDefaultAndTheSystemsClasses) {
  const char* second = R"({"metadata":{"name":"b"},"value":10,"globalDefault":true})";
  EXPECT_EQ(refusal(create(kinds::kPriorityClass, second)), "");
  add(kinds::kPriorityClass, R"({"metadata":{"name":"a"},"value":20,"globalDefault":true})");
  EXPECT_EQ(refusal(create(kinds::kPriorityClass, second)),
            "403 priorityclasses.scheduling.k8s.io \"b\" is forbidden: PriorityClass a is already marked as default. "
            "Only one default can exist");
  const ObjectPtr system =
      encoded(kinds::kPriorityClass, R"({"metadata":{"name":"system-node-critical"},"value":2000001000})", 9);
  EXPECT_EQ(
      refusal({.verb = Write::Verb::remove, .kind = &kind_of(kinds::kPriorityClass), .key = system->key()}, system),
      "403 priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden: this is a system priority "
      "class and cannot be deleted");
  EXPECT_EQ(refusal(create(kinds::kPriorityClass, R"({"metadata":{"name":"system-x"},"value":1})")),
            "422 PriorityClass.scheduling.k8s.io \"system-x\" is invalid: metadata.name: Forbidden: priority class "
            "names with 'system-' prefix are reserved for system use only. error: system-x is not a known system "
            "priority class");
  EXPECT_EQ(refusal(create(kinds::kPriorityClass, R"({"metadata":{"name":"c"},"value":1000000001})")),
            "422 PriorityClass.scheduling.k8s.io \"c\" is invalid: value: Forbidden: maximum allowed value of a user "
            "defined priority is 1000000000");
  EXPECT_EQ(
      refusal(create(kinds::kPriorityClass, R"({"metadata":{"name":"system-cluster-critical"},"value":2000000000})")),
      "");
}

TEST_F(LimitRanger, FillsInWhatAContainerLeavesOut) {
  add(kinds::kLimitRange, R"({"metadata":{"name":"l","namespace":"shop"},"spec":{"limits":[{"type":"Container",
      "default":{"cpu":"500m","memory":"1Gi"},"defaultRequest":{"cpu":"100m"}}]}})");
  const auto made = admitted(pod("", R"({"requests":{"cpu":"50m"}})"));
  EXPECT_EQ(made["spec"]["containers"][0]["resources"],
            nlohmann::json::parse(R"({"limits":{"cpu":"500m","memory":"1Gi"},"requests":{"cpu":"50m"}})"));
  EXPECT_EQ(made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
            "LimitRanger plugin set: cpu, memory limit for container c");
  EXPECT_EQ(made["status"]["qosClass"], "Burstable");
  EXPECT_EQ(admitted(pod())["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
            "LimitRanger plugin set: cpu request for container c; cpu, memory limit for container c");
  // A limit of its own is its request too, before any default.
  EXPECT_EQ(
      admitted(pod("", R"({"limits":{"cpu":"300m"}})"))["spec"]["containers"][0]["resources"]["requests"]["cpu"],
      "300m");
}

TEST_F(LimitRanger, RefusesWhatIsOutsideItsBounds) {
  struct Row {
    const char *limits, *resources, *why;
  };
  const Row rows[] = {
      {R"("type":"Container","min":{"cpu":"100m"})", R"({"requests":{"cpu":"50m"}})",
       "minimum cpu usage per Container is 100m, but request is 50m"},
      {R"("type":"Container","min":{"cpu":"100m"})", R"({})",
       "minimum cpu usage per Container is 100m.  No request is specified"},
      {R"("type":"Container","max":{"cpu":"1"})", R"({"requests":{"cpu":"2"},"limits":{"cpu":"2"}})",
       "maximum cpu usage per Container is 1, but limit is 2"},
      {R"("type":"Container","min":{"cpu":"3"},"max":{"cpu":"1"})",
       R"({"requests":{"cpu":"2"},"limits":{"cpu":"2"}})",
       "[minimum cpu usage per Container is 3, but request is 2, maximum cpu usage per Container is 1, but limit is "
       "2]"},
      {R"("type":"Container","max":{"memory":"1Gi"})", R"({})",
       "maximum memory usage per Container is 1Gi.  No limit is specified"},
      {R"("type":"Container","maxLimitRequestRatio":{"cpu":"2"})", R"({"requests":{"cpu":"1"},"limits":{"cpu":"3"}})",
       "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000"},
      {R"("type":"Pod","max":{"cpu":"1"})", R"({"requests":{"cpu":"1"},"limits":{"cpu":"1500m"}})",
       "maximum cpu usage per Pod is 1, but limit is 1500m"},
      {R"("type":"Pod","max":{"cpu":"2"})", R"({"requests":{"cpu":"1"},"limits":{"cpu":"1500m"}})", ""},
  };
  for (const Row& row : rows) {
    add(kinds::kLimitRange,
        std::string(R"({"metadata":{"name":"l","namespace":"shop"},"spec":{"limits":[{)") + row.limits + "}]}}");
    const std::string why = *row.why ? std::string("403 pods \"a\" is forbidden: ") + row.why : "";
    EXPECT_EQ(refusal(pod("", row.resources)), why) << row.limits;
  }
}

TEST_F(LimitRanger, BoundsClaims) {
  add(kinds::kLimitRange, R"({"metadata":{"name":"l","namespace":"shop"},"spec":{"limits":[{
      "type":"PersistentVolumeClaim","min":{"storage":"1Gi"},"max":{"storage":"5Gi"}}]}})");
  auto claim = [&](const std::string& size) {
    return create(kinds::kPersistentVolumeClaim, R"({"metadata":{"name":"d"},"spec":{"accessModes":["ReadWriteOnce"],
        "resources":{"requests":{"storage":")" + size +
                                                     "\"}}}}");
  };
  EXPECT_EQ(refusal(claim("2Gi")), "");
  EXPECT_EQ(
      refusal(claim("10Gi")),
      "403 persistentvolumeclaims \"d\" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but "
      "request is 10Gi");
  EXPECT_EQ(
      refusal(claim("1Mi")),
      "403 persistentvolumeclaims \"d\" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but "
      "request is 1Mi");
}

TEST_F(ServiceAccountAdmission, MountsATokenInEveryContainer) {
  const auto spec = admitted(pod(R"("initContainers":[{"name":"i","image":"i"}],)"))["spec"];
  ASSERT_EQ(spec["volumes"].size(), 1u);
  const std::string name = spec["volumes"][0]["name"];
  EXPECT_EQ(name.size(), std::string("kube-api-access-12345").size());
  EXPECT_EQ(spec["volumes"][0]["projected"], nlohmann::json::parse(R"({"defaultMode":420,"sources":[
      {"serviceAccountToken":{"path":"token","expirationSeconds":3607}},
      {"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},
      {"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}
      ]})"));
  const auto mount = nlohmann::json::parse(
      R"([{"name":")" + name + R"(","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}])");
  EXPECT_EQ(spec["containers"][0]["volumeMounts"], mount);
  EXPECT_EQ(spec["initContainers"][0]["volumeMounts"], mount);
  EXPECT_EQ(spec["serviceAccountName"], "default");
  EXPECT_EQ(spec["serviceAccount"], "default");
}

TEST_F(ServiceAccountAdmission, MountsNoneWhereItIsNotWanted) {
  EXPECT_FALSE(admitted(pod(R"("automountServiceAccountToken":false,)"))["spec"].contains("volumes"));
  add(kinds::kServiceAccount, R"({"metadata":{"name":"bare","namespace":"shop"},"automountServiceAccountToken":false,
      "imagePullSecrets":[{"name":"pull"}]})");
  auto spec = admitted(pod(R"("serviceAccountName":"bare",)"))["spec"];
  EXPECT_FALSE(spec.contains("volumes"));
  EXPECT_EQ(spec["imagePullSecrets"], nlohmann::json::parse(R"([{"name":"pull"}])"));
  spec = admitted(pod(R"("serviceAccountName":"bare","automountServiceAccountToken":true,)"))["spec"];
  EXPECT_EQ(spec["volumes"].size(), 1u);
  spec = admitted(create(kinds::kPod, R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i",
      "volumeMounts":[{"name":"v","mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}]}],
      "volumes":[{"name":"v","emptyDir":{}}]}})"))["spec"];
  EXPECT_EQ(spec["volumes"].size(), 1u) << "its own is mounted there";
}

TEST_F(ServiceAccountAdmission, RefusesAnAccountThatIsNotThere) {
  EXPECT_EQ(
      refusal(pod(R"("serviceAccountName":"nope",)")),
      "403 pods \"a\" is forbidden: error looking up service account shop/nope: serviceaccount \"nope\" not found");
  Write write = pod(R"("serviceAccountName":"nope",)");
  write.looked_up = {encoded(kinds::kServiceAccount, R"({"metadata":{"name":"nope","namespace":"shop"}})", 3)};
  EXPECT_EQ(refusal(write), "") << "what the store has counts as well";
}

TEST_F(ServiceAccountAdmission, LeavesMirrorsAsTheyAre) {
  const auto mirror = [&](const std::string& spec) {
    return create(kinds::kPod,
                  R"({"metadata":{"name":"a","annotations":{"kubernetes.io/config.mirror":"x"}},"spec":{)" + spec +
                      R"("containers":[{"name":"c","image":"i"}]}})");
  };
  EXPECT_FALSE(admitted(mirror(""))["spec"].contains("volumes"));
  EXPECT_EQ(refusal(mirror(R"("serviceAccountName":"default",)")),
            "403 pods \"a\" is forbidden: a mirror pod may not reference service accounts");
}

TEST_F(RuntimeClassAdmission, GivesOverheadAndPlace) {
  add(kinds::kRuntimeClass, R"({"metadata":{"name":"vm"},"handler":"vm","overhead":{"podFixed":{"cpu":"250m"}},
      "scheduling":{"nodeSelector":{"vm":"yes"},"tolerations":[{"key":"vm","operator":"Exists"}]}})");
  const auto spec = admitted(pod(R"("runtimeClassName":"vm","nodeSelector":{"disk":"ssd"},
      "tolerations":[{"key":"vm","operator":"Equal","value":"a"}],)"))["spec"];
  EXPECT_EQ(spec["overhead"], nlohmann::json::parse(R"({"cpu":"250m"})"));
  EXPECT_EQ(spec["nodeSelector"], nlohmann::json::parse(R"({"disk":"ssd","vm":"yes"})"));
  std::vector<std::string> keys;
  for (const auto& toleration : spec["tolerations"]) keys.push_back(toleration["key"]);
  EXPECT_EQ(keys, (std::vector<std::string>{"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "vm"}));
}

TEST_F(RuntimeClassAdmission, RefusesWhatDoesNotFitTheClass) {
  EXPECT_EQ(refusal(pod(R"("runtimeClassName":"nope",)")),
            "403 pods \"a\" is forbidden: pod rejected: RuntimeClass \"nope\" not found");
  EXPECT_EQ(refusal(pod(R"("overhead":{"cpu":"1"},)")),
            "403 pods \"a\" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined "
            "Overhead");
  add(kinds::kRuntimeClass, R"({"metadata":{"name":"vm"},"handler":"vm","overhead":{"podFixed":{"cpu":"250m"}},
      "scheduling":{"nodeSelector":{"vm":"yes"}}})");
  EXPECT_EQ(
      refusal(pod(R"("runtimeClassName":"vm","overhead":{"cpu":"1"},)")),
      "403 pods \"a\" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  EXPECT_EQ(refusal(pod(R"("runtimeClassName":"vm","nodeSelector":{"vm":"no"},)")),
            "403 pods \"a\" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; "
            "pod.spec.nodeSelector[vm] = no");
}

TEST_F(NamespaceLifecycle, AdmitsOnlyWhereObjectsMayLive) {
  const auto map = [&] { return create(kinds::kConfigMap, R"({"metadata":{"name":"x"}})"); };
  EXPECT_EQ(refusal(map()), "");
  add(kinds::kNamespace, R"({"metadata":{"name":"shop","deletionTimestamp":"2026-01-01T00:00:00Z"}})");
  auto refused = run(map());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 403);
  EXPECT_EQ(
      refused.error().message,
      "configmaps \"x\" is forbidden: unable to create new content in namespace shop because it is being terminated");
  EXPECT_EQ(
      refused.error().causes,
      (std::vector<Cause>{{"NamespaceTerminating", "namespace shop is being terminated", "metadata.namespace"}}));
  remove(kinds::kNamespace, "", "shop");
  EXPECT_EQ(refusal(map()), "404 namespaces \"shop\" not found");
}

TEST_F(DefaultStorageClass, GivesClaimsTheNewestDefault) {
  const auto claim = [&](const std::string& spec) {
    const auto made =
        admitted(create(kinds::kPersistentVolumeClaim,
                        R"({"metadata":{"name":"d"},"spec":{)" + spec +
                            R"("accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}})"));
    return made["spec"].value("storageClassName", "none");
  };
  EXPECT_EQ(claim(""), "none");
  const std::string is_default = R"("annotations":{"storageclass.kubernetes.io/is-default-class":"true"})";
  add(kinds::kStorageClass,
      R"({"metadata":{"name":"new","creationTimestamp":"2026-01-02T00:00:00Z",)" + is_default + "}}");
  add(kinds::kStorageClass,
      R"({"metadata":{"name":"old","creationTimestamp":"2026-01-01T00:00:00Z",)" + is_default + "}}");
  add(kinds::kStorageClass, R"({"metadata":{"name":"other","creationTimestamp":"2026-01-03T00:00:00Z"}})");
  EXPECT_EQ(claim(""), "new");
  EXPECT_EQ(claim(R"("storageClassName":"other",)"), "other");
  EXPECT_EQ(claim(R"("storageClassName":"",)"), "");
}

TEST_F(ClaimAdmission, GrowsOnlyWhatIsBoundAndOfAClassThatCan) {
  add(kinds::kStorageClass, R"({"metadata":{"name":"stretch"},"provisioner":"p","allowVolumeExpansion":true})");
  add(kinds::kStorageClass, R"({"metadata":{"name":"stiff"},"provisioner":"p"})");
  const auto claim = [&](const std::string& storage, const std::string& size, const std::string& phase) {
    return R"({"metadata":{"name":"d","namespace":"shop","uid":"u"},"spec":{"accessModes":["ReadWriteOnce"],
        "volumeMode":"Filesystem","storageClassName":")" +
           storage + R"(","resources":{"requests":{"storage":")" + size + R"("}}},"status":{"phase":")" + phase +
           "\"}}";
  };
  const auto grown = [&](const std::string& storage, const std::string& phase) {
    const ObjectPtr current = encoded(kinds::kPersistentVolumeClaim, claim(storage, "1Gi", phase), 5);
    Write write = create(kinds::kPersistentVolumeClaim, claim(storage, "2Gi", phase));
    write.verb = Write::Verb::update;
    return refusal(write, current);
  };
  EXPECT_EQ(grown("stretch", "Bound"), "");
  EXPECT_EQ(grown("stretch", "Pending"),
            "403 persistentvolumeclaims \"d\" is forbidden: Only bound persistent volume claims can be expanded");
  EXPECT_EQ(grown("stiff", "Bound"),
            "403 persistentvolumeclaims \"d\" is forbidden: only dynamically provisioned pvc can be resized and the "
            "storageclass that provisions the pvc must support resize");
}

TEST_F(ClaimAdmission, ProtectsClaimsAndVolumesInUse) {
  const auto made = admitted(create(kinds::kPersistentVolumeClaim, R"({"metadata":{"name":"d"},"spec":{
      "accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}})"));
  EXPECT_EQ(made["metadata"]["finalizers"], nlohmann::json::parse(R"(["kubernetes.io/pvc-protection"])"));
}

TEST_F(QuotaAdmission, TellsADryRunWhetherThereIsRoom) {
  add(kinds::kResourceQuota, R"({"metadata":{"name":"q","namespace":"shop"},"spec":{"hard":{"pods":"1"}},
      "status":{"hard":{"pods":"1"},"used":{"pods":"1"}}})");
  Write write = pod();
  EXPECT_EQ(refusal(write), "") << "what is written is charged when it is committed";
  write.dry_run = true;
  EXPECT_EQ(refusal(write),
            "403 pods \"a\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1");
}

TEST(Surroundings, KnowWhatWasWrittenHereBeforeTheWatchShowsIt) {
  auto version = [](uint64_t revision) { return Object::make(kinds::kLimitRange, "shop", "l", revision, ""); };
  const Key key{kinds::kLimitRange, "shop", "l"};
  Surroundings around;
  around.put(version(5));
  around.put(version(3));
  EXPECT_EQ(around.find(key)->revision(), 5u) << "an older version comes late";
  around.remove(key, 4);
  EXPECT_TRUE(around.find(key)) << "deleted before it was made anew";
  around.remove_own(key, 7);
  EXPECT_FALSE(around.find(key));
  around.put(version(6));
  EXPECT_FALSE(around.find(key)) << "the watch is still behind";
  around.remove(key, 7);
  around.put(version(9));
  EXPECT_EQ(around.find(key)->revision(), 9u);
  around.put(version(2), true);
  EXPECT_EQ(around.find(key)->revision(), 2u) << "a restored store lists anew";
}

}  // namespace
}  // namespace kabuki::api_server

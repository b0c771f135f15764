#include <gtest/gtest.h>

#include "actors/api_server/write/admission/surroundings.hpp"
#include "actors/api_server/write/write.hpp"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/service_account.pb.h"
#include "messages/json.hpp"
#include "messages/meta.hpp"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace apps = ::k8s::io::api::apps::v1;

constexpr int64_t kNow = 1'800'000'000'000'000'000;

class Deciding : public ::testing::Test {
 protected:
  Result<Decision> run(const Write& write, const ObjectPtr& current = nullptr) {
    return decide(write, current, {.now = {kNow}, .random = &random_, .surroundings = &surroundings_});
  }

  template <class T>
  static std::shared_ptr<T> from_json(std::string_view json) {
    auto message = std::make_shared<T>();
    auto decoded = decode_json(json, message.get());
    EXPECT_TRUE(decoded.ok()) << (decoded.ok() ? "" : decoded.error().message);
    return message;
  }

  static Write create(KindId kind, std::shared_ptr<const google::protobuf::Message> object,
                      std::string ns = "default") {
    const Kind& entry = kind_of(kind);
    return {.verb = Write::Verb::create,
            .kind = &entry,
            .key = {kind, entry.namespaced ? ns : "", meta_of(*object).name()},
            .object = std::move(object)};
  }

  static Write on(Write::Verb verb, const ObjectPtr& current) {
    return {.verb = verb, .kind = &kind_of(current->kind()), .key = current->key()};
  }

  /// What a successful create left in the store, at revision 7.
  ObjectPtr stored(const Write& write) {
    auto decision = run(write);
    EXPECT_TRUE(decision.ok()) << (decision.ok() ? "" : decision.error().message);
    return Object::at_revision(*decision->next, 7);
  }

  ObjectPtr pod(std::string_view extra_spec = "") {
    return stored(
        create(kinds::kPod, from_json<core::Pod>(R"({"metadata":{"name":"a"},"spec":{)" + std::string(extra_spec) +
                                                 R"("containers":[{"name":"c","image":"i"}]}})")));
  }
  ObjectPtr deployment() {
    return stored(create(kinds::kDeployment, from_json<apps::Deployment>(R"({"metadata":{"name":"web"},"spec":{
      "selector":{"matchLabels":{"app":"web"}},
      "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})")));
  }
  ObjectPtr config_map() {
    return stored(
        create(kinds::kConfigMap, from_json<core::ConfigMap>(R"({"metadata":{"name":"m"},"data":{"a":"b"}})")));
  }

  void SetUp() override {
    core::Namespace space;
    space.mutable_metadata()->set_name("default");
    surroundings_.put(Object::encode(kinds::kNamespace, space, 1));
    core::ServiceAccount account;
    account.mutable_metadata()->set_name("default");
    account.mutable_metadata()->set_namespace_("default");
    surroundings_.put(Object::encode(kinds::kServiceAccount, account, 2));
  }

  io::Random random_{1};
  Surroundings surroundings_;
};

using DecideCreate = Deciding;
using DecideUpdate = Deciding;
using DecideRemove = Deciding;
using DecideBind = Deciding;

TEST_F(DecideCreate, GivesIdentityDefaultsAndTheFirstGeneration) {
  auto created = deployment()->as<apps::Deployment>();
  EXPECT_EQ(created.metadata().uid().size(), 36u);
  EXPECT_EQ(created.metadata().creationtimestamp().seconds(), kNow / 1'000'000'000);
  EXPECT_EQ(created.metadata().generation(), 1);
  EXPECT_EQ(created.metadata().namespace_(), "default");
  EXPECT_EQ(created.metadata().resourceversion(), "7");
  EXPECT_EQ(created.spec().replicas(), 1);
  EXPECT_EQ(created.spec().strategy().type(), "RollingUpdate");
}

TEST_F(DecideCreate, DropsWhatOnlyControllersMaySay) {
  auto pod = from_json<core::Pod>(R"({"metadata":{"name":"a","uid":"x","generation":9},
      "spec":{"containers":[{"name":"c","image":"i"}]},"status":{"phase":"Running","podIP":"1.2.3.4"}})");
  auto created = stored(create(kinds::kPod, pod))->as<core::Pod>();
  EXPECT_NE(created.metadata().uid(), "x");
  EXPECT_EQ(created.status().phase(), "Pending");
  EXPECT_EQ(created.status().podip(), "");
  EXPECT_EQ(created.status().qosclass(), "BestEffort");
}

TEST_F(DecideCreate, SaysOfAGatedPodWhyItWaits) {
  auto gated = from_json<core::Pod>(
      R"({"metadata":{"name":"a"},"spec":{"schedulingGates":[{"name":"a.b/c"}],"containers":[{"name":"c","image":"i"}]}})");
  auto created = stored(create(kinds::kPod, gated))->as<core::Pod>();
  ASSERT_EQ(created.status().conditions_size(), 1);
  EXPECT_EQ(created.status().conditions(0).type(), "PodScheduled");
  EXPECT_EQ(created.status().conditions(0).status(), "False");
  EXPECT_EQ(created.status().conditions(0).reason(), "SchedulingGated");
  EXPECT_EQ(pod()->as<core::Pod>().status().conditions_size(), 0);
}

TEST_F(DecideCreate, GivesPodsAnAccountAndFiveMinutesOnABrokenNode) {
  auto created = pod()->as<core::Pod>();
  EXPECT_EQ(created.spec().serviceaccountname(), "default");
  ASSERT_EQ(created.spec().tolerations_size(), 2);
  EXPECT_EQ(created.spec().tolerations(0).key(), "node.kubernetes.io/not-ready");
  EXPECT_EQ(created.spec().tolerations(1).tolerationseconds(), 300);
}

TEST_F(DecideCreate, MakesANameFromGenerateName) {
  auto map = from_json<core::ConfigMap>(R"({"metadata":{"generateName":"gn-"}})");
  auto decision = run(create(kinds::kConfigMap, map));
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(meta_of(*decision->object).name().size(), 8u);
  EXPECT_EQ(decision->next->name(), meta_of(*decision->object).name());
}

TEST_F(DecideCreate, RefusesAResourceVersionAndAnotherNamespace) {
  auto versioned = from_json<core::ConfigMap>(R"({"metadata":{"name":"m","resourceVersion":"3"}})");
  EXPECT_EQ(run(create(kinds::kConfigMap, versioned)).error().message,
            "resourceVersion should not be set on objects to be created");
  auto elsewhere = from_json<core::ConfigMap>(R"({"metadata":{"name":"m","namespace":"other"}})");
  EXPECT_EQ(run(create(kinds::kConfigMap, elsewhere)).error().code, 400);
}

TEST_F(DecideCreate, RefusesWhatIsInvalidWithEveryCause) {
  auto bad = from_json<core::ConfigMap>(R"({"metadata":{"name":"Bad_Name"},"data":{"a b":"c"}})");
  auto decision = run(create(kinds::kConfigMap, bad));
  ASSERT_FALSE(decision.ok());
  EXPECT_EQ(decision.error().code, 422);
  ASSERT_EQ(decision.error().causes.size(), 2u);
  EXPECT_EQ(decision.error().causes[1].field, "data[a b]");
}

TEST_F(DecideUpdate, CountsTheGenerationOnlyWhenTheSpecChanges) {
  ObjectPtr current = deployment();
  auto wanted = std::make_shared<apps::Deployment>(current->as<apps::Deployment>());
  (*wanted->mutable_metadata()->mutable_labels())["x"] = "y";
  Write write = on(Write::Verb::update, current);
  write.object = wanted;
  EXPECT_EQ(meta_of(*run(write, current)->object).generation(), 1);

  auto scaled = std::make_shared<apps::Deployment>(*wanted);
  scaled->mutable_spec()->set_replicas(5);
  write.object = scaled;
  EXPECT_EQ(meta_of(*run(write, current)->object).generation(), 2);
}

TEST_F(DecideUpdate, EachEndpointChangesItsPartAlone) {
  ObjectPtr current = deployment();
  auto wanted = std::make_shared<apps::Deployment>(current->as<apps::Deployment>());
  wanted->mutable_spec()->set_replicas(5);
  wanted->mutable_status()->set_replicas(4);
  Write write = on(Write::Verb::update, current);
  write.object = wanted;
  auto main = run(write, current);
  EXPECT_EQ(static_cast<apps::Deployment&>(*main->object).spec().replicas(), 5);
  EXPECT_EQ(static_cast<apps::Deployment&>(*main->object).status().replicas(), 0);

  write.subresource = "status";
  auto status = run(write, current);
  EXPECT_EQ(static_cast<apps::Deployment&>(*status->object).spec().replicas(), 1);
  EXPECT_EQ(static_cast<apps::Deployment&>(*status->object).status().replicas(), 4);
  EXPECT_EQ(meta_of(*status->object).generation(), 1);
}

TEST_F(DecideUpdate, OfNothingWritesNothing) {
  ObjectPtr current = deployment();
  Write write = on(Write::Verb::update, current);
  write.object = std::make_shared<apps::Deployment>(current->as<apps::Deployment>());
  EXPECT_EQ(run(write, current)->effect, Decision::Effect::unchanged);
}

TEST_F(DecideUpdate, RefusesAStaleVersionAnotherUidAndAnotherName) {
  ObjectPtr current = config_map();
  Write write = on(Write::Verb::update, current);
  auto stale = std::make_shared<core::ConfigMap>(current->as<core::ConfigMap>());
  stale->mutable_metadata()->set_resourceversion("6");
  write.object = stale;
  EXPECT_EQ(run(write, current).error().message,
            "Operation cannot be fulfilled on configmaps \"m\": the object has been modified; please apply your "
            "changes to the latest version and try again");
  auto other = std::make_shared<core::ConfigMap>(current->as<core::ConfigMap>());
  other->mutable_metadata()->set_uid("xx");
  write.object = other;
  EXPECT_EQ(run(write, current).error().code, 409);
  auto renamed = std::make_shared<core::ConfigMap>(current->as<core::ConfigMap>());
  renamed->mutable_metadata()->set_name("n");
  write.object = renamed;
  EXPECT_EQ(run(write, current).error().code, 400);
}

TEST_F(DecideUpdate, OfWhatIsGoneIsNotFound) {
  Write write = on(Write::Verb::update, config_map());
  EXPECT_EQ(run(write, nullptr).error().message, "configmaps \"m\" not found");
}

TEST_F(DecideUpdate, TakingTheLastFinalizerEndsADeletedObject) {
  auto map = from_json<core::ConfigMap>(R"({"metadata":{"name":"m","finalizers":["a.b/c"]}})");
  ObjectPtr current = stored(create(kinds::kConfigMap, map));
  auto deleting = run(on(Write::Verb::remove, current), current);
  ASSERT_EQ(deleting->effect, Decision::Effect::put);
  EXPECT_TRUE(meta_of(*deleting->object).has_deletiontimestamp());

  ObjectPtr terminating = Object::at_revision(*deleting->next, 8);
  auto freed = std::make_shared<core::ConfigMap>(terminating->as<core::ConfigMap>());
  freed->mutable_metadata()->clear_finalizers();
  Write write = on(Write::Verb::update, terminating);
  write.object = freed;
  EXPECT_EQ(run(write, terminating)->effect, Decision::Effect::removed);
}

TEST_F(DecideUpdate, PatchesByAllThreeKinds) {
  ObjectPtr current = deployment();
  for (auto [kind, patch] : {std::pair{PatchKind::merge, R"({"spec":{"replicas":3}})"},
                             std::pair{PatchKind::strategic, R"({"spec":{"replicas":3}})"},
                             std::pair{PatchKind::json, R"([{"op":"replace","path":"/spec/replicas","value":3}])"}}) {
    Write write = on(Write::Verb::patch, current);
    write.patch_kind = kind;
    write.patch = patch;
    auto decision = run(write, current);
    ASSERT_TRUE(decision.ok()) << decision.error().message;
    EXPECT_EQ(static_cast<apps::Deployment&>(*decision->object).spec().replicas(), 3);
    EXPECT_EQ(meta_of(*decision->object).generation(), 2);
  }
}

TEST_F(DecideUpdate, ScaleChangesReplicasAlone) {
  ObjectPtr current = deployment();
  Write write = on(Write::Verb::patch, current);
  write.subresource = "scale";
  write.patch = R"({"spec":{"replicas":4}})";
  auto decision = run(write, current);
  ASSERT_TRUE(decision.ok()) << decision.error().message;
  auto expected = current->as<apps::Deployment>();
  expected.mutable_spec()->set_replicas(4);
  expected.mutable_metadata()->set_generation(2);
  EXPECT_EQ(decision->object->DebugString(), expected.DebugString());
}

TEST_F(DecideRemove, EndsAtOnceWhatNobodyHolds) {
  ObjectPtr current = config_map();
  EXPECT_EQ(run(on(Write::Verb::remove, current), current)->effect, Decision::Effect::removed);
}

TEST_F(DecideRemove, LeavesARunningPodItsGrace) {
  ObjectPtr current = pod(R"("nodeName":"n",)");
  auto decision = run(on(Write::Verb::remove, current), current);
  ASSERT_EQ(decision->effect, Decision::Effect::put);
  EXPECT_EQ(meta_of(*decision->object).deletiongraceperiodseconds(), 30);
  EXPECT_EQ(meta_of(*decision->object).deletiontimestamp().seconds(), kNow / 1'000'000'000 + 30);

  Write last_word = on(Write::Verb::remove, current);
  last_word.grace_seconds = 0;
  EXPECT_EQ(run(last_word, current)->effect, Decision::Effect::removed);
}

TEST_F(DecideRemove, EndsAnUnscheduledPodAtOnce) {
  ObjectPtr current = pod();
  EXPECT_EQ(run(on(Write::Verb::remove, current), current)->effect, Decision::Effect::removed);
}

TEST_F(DecideRemove, KeepsPropagationAsAFinalizer) {
  ObjectPtr current = deployment();
  for (auto [propagation, finalizer] :
       {std::pair{"Foreground", "foregroundDeletion"}, std::pair{"Orphan", "orphan"}}) {
    Write write = on(Write::Verb::remove, current);
    write.propagation = propagation;
    auto decision = run(write, current);
    ASSERT_EQ(decision->effect, Decision::Effect::put);
    EXPECT_EQ(meta_of(*decision->object).finalizers(0), finalizer);
  }
}

TEST_F(DecideRemove, AnEventWaitsForNoGarbageCollector) {
  ObjectPtr current =
      stored(create(kinds::kEvent, from_json<core::Event>(R"({"metadata":{"name":"e","namespace":"default"},
      "involvedObject":{"kind":"Pod","namespace":"default","name":"p"},"reason":"R","type":"Normal"})")));
  for (const char* propagation : {"Foreground", "Orphan", "Background"}) {
    Write write = on(Write::Verb::remove, current);
    write.propagation = propagation;
    EXPECT_EQ(run(write, current)->effect, Decision::Effect::removed) << propagation;
  }
}

TEST_F(DecideRemove, ANamespaceWaitsForItsContents) {
  ObjectPtr current = stored(create(kinds::kNamespace, from_json<core::Namespace>(R"({"metadata":{"name":"n"}})")));
  auto decision = run(on(Write::Verb::remove, current), current);
  ASSERT_EQ(decision->effect, Decision::Effect::put);
  EXPECT_EQ(static_cast<core::Namespace&>(*decision->object).status().phase(), "Terminating");
}

TEST_F(DecideRemove, RefusesAnotherUid) {
  ObjectPtr current = config_map();
  Write write = on(Write::Verb::remove, current);
  write.expected_uid = "xx";
  auto decision = run(write, current);
  EXPECT_EQ(
      decision.error().message,
      "Operation cannot be fulfilled on ConfigMap \"m\": the UID in the precondition (xx) does not match the UID in "
      "record (" +
          std::string(current->uid()) + "). The object might have been deleted and then recreated");
}

TEST_F(DecideBind, PutsAPodOnANodeOnce) {
  ObjectPtr current = pod();
  Write write = on(Write::Verb::bind, current);
  write.node = "n";
  auto decision = run(write, current);
  ASSERT_TRUE(decision.ok());
  auto wanted = current->as<core::Pod>();
  wanted.mutable_spec()->set_nodename("n");
  auto* condition = wanted.mutable_status()->add_conditions();
  condition->set_type("PodScheduled");
  condition->set_status("True");
  *condition->mutable_lasttransitiontime() = time_of(kNow);
  EXPECT_EQ(decision->next->body(), Object::encode(kinds::kPod, wanted)->body());

  ObjectPtr there = Object::at_revision(*decision->next, 8);
  write.node = "m";
  EXPECT_EQ(run(write, there).error().code, 409);
}

TEST_F(DecideBind, LosesNothingOfAPodThatCannotBeRead) {
  const std::string body(pod()->body());
  const ObjectPtr cut = Object::make(kinds::kPod, "default", "a", 7, body.substr(0, body.size() - 3));
  Write write = on(Write::Verb::bind, cut);
  write.node = "n";
  EXPECT_EQ(run(write, cut).error().message, "Internal error occurred: the bytes of pods/default/a are corrupt");
}

}  // namespace
}  // namespace kabuki::api_server

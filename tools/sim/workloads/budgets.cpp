#include <algorithm>

#include "actors/controllers/disruption.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/deployment.hpp"
#include "tools/sim/workloads/writes.hpp"

namespace kabuki::tools {
namespace {

using Budget = ::k8s::io::api::policy::v1::PodDisruptionBudget;

/// Its own, so that what other workloads lose does not count as a reason to have lost a pod.
constexpr const char* kGuarded = "guarded";
constexpr int kDeployments = 2;
constexpr int kReplicasMax = 5;
constexpr int kEvictionsMax = 3;  // at once
constexpr int64_t kCpuMilli = 50;
constexpr std::chrono::seconds kTimeout{15};

std::string look_of_budget(const Object& object) {
  const auto spec = object.as<Budget>().spec();
  const auto& bound = spec.has_minavailable() ? spec.minavailable() : spec.maxunavailable();
  return (spec.has_minavailable() ? "minAvailable=" : "maxUnavailable=") +
         (bound.type() == 0 ? std::to_string(bound.intval()) : bound.strval());
}

int bound_of(const ::k8s::io::apimachinery::pkg::util::intstr::IntOrString& bound, int of) {
  if (bound.type() == 0) return bound.intval();
  return (std::stoi(bound.strval()) * of + 99) / 100;
}

/// It has counted the pods that are there.
void judge(const Budget& budget, const Observed& observed, Lines* wrong) {
  const std::string& who = budget.metadata().name();
  const ObjectPtr object = observed.find({kinds::kDeployment, kGuarded, who});
  const int expected = object ? object->as<Deployment>().spec().replicas() : 0;
  int healthy = 0;
  for (const auto& [key, pod] : observed.all_of<Pod>(kinds::kPod)) {
    const auto app = pod.metadata().labels().find("app");
    if (key.ns != kGuarded || app == pod.metadata().labels().end() || app->second != who) continue;
    healthy += std::ranges::any_of(pod.status().conditions(), [](const auto& condition) {
      return condition.type() == "Ready" && condition.status() == "True";
    });
  }
  const int desired = budget.spec().has_minavailable()
                          ? bound_of(budget.spec().minavailable(), expected)
                          : std::max(0, expected - bound_of(budget.spec().maxunavailable(), expected));
  const auto& status = budget.status();
  expect_equal(who, "observed generation", status.observedgeneration(), budget.metadata().generation(), wrong);
  expect_equal(who, "status.expectedPods", status.expectedpods(), expected, wrong);
  expect_equal(who, "status.currentHealthy", status.currenthealthy(), healthy, wrong);
  expect_equal(who, "status.desiredHealthy", status.desiredhealthy(), desired, wrong);
  expect_equal(who, "status.disruptionsAllowed", status.disruptionsallowed(),
               expected == 0 ? 0 : std::max(0, healthy - desired), wrong);
  expect_equal(who, "number of status.disruptedPods", status.disruptedpods_size(), 0, wrong);
}

class Budgets final : public Workload {
 public:
  Budgets(SimCluster& cluster, const WorkloadOptions& options) : Workload(cluster, options, "workload/budgets") {
    client().add({kinds::kNamespace, "", kGuarded}, nullptr);
    for (int i = 1; i <= kDeployments; ++i) {
      const std::string name = "shop-" + std::to_string(i);
      client().add({kinds::kDeployment, kGuarded, name}, look_of_deployment);
      client().add({kinds::kPodDisruptionBudget, kGuarded, name}, look_of_budget);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong = wrong_deployments(client().keys(), observed);
    for (const auto& [key, budget] : observed.all_of<Budget>(kinds::kPodDisruptionBudget)) {
      if (key.ns == kGuarded) judge(budget, observed, &wrong);
    }
    return wrong;
  }

 protected:
  void act() override {
    const Key& space = client().keys().front();
    if (client().busy(space)) return;
    if (!client().exists(space)) return create_namespace(space, &client());
    for (const Key& key : client().keys()) {
      if (client().exists(key)) continue;
      if (client().busy(key)) return;
      return key.kind == kinds::kDeployment ? create_deployment(key) : create_budget(key);
    }
    if (random().chance(0.75)) return evict_some();
    const Key* key = any_key();
    if (!key || *key == space) return;
    key->kind == kinds::kDeployment ? change_deployment(*key) : client().remove(*key);
  }

  /// What was permitted and did not come is forgotten after a while.
  bool rest() override {
    return evicting_ == 0 && cluster().now() - last_eviction_ > controllers::kDisruptionTakes + kTimeout;
  }

 private:
  void create_deployment(const Key& key) {
    const int replicas = static_cast<int>(random().between(2, kReplicasMax));
    client().create(key, sim_deployment(key, replicas, image_name(images_++), kCpuMilli));
  }

  void create_budget(const Key& key) {
    auto budget = named<Budget>(key);
    auto* spec = budget.mutable_spec();
    (*spec->mutable_selector()->mutable_matchlabels())["app"] = key.name;
    auto* bound = random().chance(0.5) ? spec->mutable_minavailable() : spec->mutable_maxunavailable();
    if (random().chance(0.3)) {
      bound->set_type(1);
      bound->set_strval(random().chance(0.5) ? "50%" : "34%");
    } else {
      bound->set_type(0);
      bound->set_intval(static_cast<int>(random().between(1, 2)));
    }
    client().create(key, budget);
  }

  void change_deployment(const Key& key) {
    if (random().chance(0.5)) return patch_image<Deployment>(key, image_name(images_++), &client());
    scale<Deployment>(key, static_cast<int>(random().between(1, kReplicasMax)), &client());
  }

  void evict_some() {
    bus::ListObjects request;
    request.mutable_selection()->set_kind(kinds::kPod);
    request.mutable_selection()->set_namespace_(kGuarded);
    ++evicting_;
    cluster().ask(cluster().serving(), runtime::role(runtime::roles::kApiServer),
                  runtime::make_message(std::move(request)), kTimeout, [this](Result<runtime::MessagePtr> answer) {
                    --evicting_;
                    if (!answer || (*answer)->objects.empty()) return;
                    const auto& pods = (*answer)->objects;
                    const int64_t count = random().between(1, kEvictionsMax);
                    for (int64_t i = 0; i < count; ++i) evict(pods[random().below(pods.size())]->key());
                  });
  }

  void evict(const Key& pod) {
    api_server::http::Request request;
    request.method = "POST";
    request.path = "/api/v1/namespaces/" + pod.ns + "/pods/" + pod.name + "/eviction";
    request.headers = {{"content-type", "application/json"}};
    request.body = R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":")" + pod.name + "\"}}";
    ++evicting_;
    last_eviction_ = cluster().now();
    cluster().call(cluster().serving(), std::move(request), kTimeout,
                   [this](int, const std::string&) { --evicting_; });
  }

  int images_ = 1;
  int evicting_ = 0;
  io::MonoTime last_eviction_;
};

}  // namespace

std::unique_ptr<Workload> make_budgets(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Budgets>(cluster, options);
}

}  // namespace kabuki::tools

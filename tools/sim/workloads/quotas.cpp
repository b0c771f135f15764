#include <algorithm>

#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/quantity.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/deployment.hpp"
#include "tools/sim/workloads/writes.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::ResourceQuota;

constexpr const char* kBounded = "bounded";
constexpr int kDeployments = 2;
constexpr int kReplicasMax = 6;
constexpr int kPodsMin = 4;  // that the quota allows
constexpr int kPodsMax = 8;
constexpr int64_t kCpuMilli = 50;

/// How many pods it allows.
int pods_of(const ResourceQuota& quota) {
  const auto hard = quota.spec().hard().find("pods");
  return hard == quota.spec().hard().end() ? 0 : std::atoi(hard->second.string().c_str());
}

std::string look_of_quota(const Object& object) {
  return "pods=" + std::to_string(pods_of(object.as<ResourceQuota>()));
}

/// What it says is used is what is there.
void judge(const ResourceQuota& quota, const Observed& observed, Lines* wrong) {
  int64_t pods = 0;
  for (const auto& [key, pod] : observed.all_of<Pod>(kinds::kPod)) pods += key.ns == kBounded && !has_ended(pod);
  auto amount = [&](const auto& map, const char* what) {
    const auto found = map.find(what);
    const auto parsed = found == map.end() ? Result<Quantity>(Quantity()) : Quantity::parse(found->second.string());
    return parsed ? parsed->milli() : -1;
  };
  const std::string& who = quota.metadata().name();
  expect_equal(who, "status.hard of pods", amount(quota.status().hard(), "pods"), int64_t{pods_of(quota)} * 1000,
               wrong);
  expect_equal(who, "status.used of pods", amount(quota.status().used(), "pods"), pods * 1000, wrong);
  expect_equal(who, "status.used of requests.cpu", amount(quota.status().used(), "requests.cpu"), pods * kCpuMilli,
               wrong);
}

class Quotas final : public Workload {
 public:
  Quotas(SimCluster& cluster, const WorkloadOptions& options) : Workload(cluster, options, "workload/quotas") {
    client().add({kinds::kNamespace, "", kBounded}, nullptr);
    client().add({kinds::kResourceQuota, kBounded, "bound"}, look_of_quota);
    for (int i = 1; i <= kDeployments; ++i) {
      client().add({kinds::kDeployment, kBounded, "crowd-" + std::to_string(i)}, look_of_deployment);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const auto& [key, quota] : observed.all_of<ResourceQuota>(kinds::kResourceQuota)) {
      if (key.ns == kBounded) judge(quota, observed, &wrong);
    }
    append(wrong_deployments(client().keys(), observed), &wrong);
    return wrong;
  }

 protected:
  void act() override {
    const Key& space = client().keys().front();
    if (client().busy(space)) return;
    if (!client().exists(space)) return create_namespace(space, &client());
    const Key* key = any_key();
    if (!key || *key == space) return;
    if (key->kind == kinds::kResourceQuota) return change_quota(*key);
    if (!client().exists(*key)) return create_deployment(*key);
    const uint64_t draw = random().below(10);
    if (draw == 0) return client().remove(*key);
    if (draw < 7) return scale<Deployment>(*key, static_cast<int>(random().between(0, kReplicasMax)), &client());
    // Not by a merge patch, which would drop what the containers ask for.
    update_image<Deployment>(*key, image_name(images_++), &client());
  }

  /// Everything is to fit in the end: what asked for more is refused again and again.
  bool rest() override {
    for (const Key& key : client().keys()) {
      if (key.kind != kinds::kDeployment || !client().exists(key)) continue;
      if (client().as<Deployment>(key).spec().replicas() <= kPodsMin / kDeployments - 1) continue;
      scale<Deployment>(key, kPodsMin / kDeployments - 1, &client());
      return false;
    }
    return true;
  }

 private:
  void change_quota(const Key& key) {
    if (client().exists(key) && random().chance(0.2)) return client().remove(key);
    const int pods = static_cast<int>(random().between(kPodsMin, kPodsMax));
    if (client().exists(key)) {
      return client().update<ResourceQuota>(
          key,
          [pods](ResourceQuota* quota) {
            (*quota->mutable_spec()->mutable_hard())["pods"].set_string(std::to_string(pods));
          },
          "update the bound of");
    }
    auto quota = named<ResourceQuota>(key);
    (*quota.mutable_spec()->mutable_hard())["pods"].set_string(std::to_string(pods));
    (*quota.mutable_spec()->mutable_hard())["requests.cpu"].set_string("10");
    client().create(key, quota);
  }

  void create_deployment(const Key& key) {
    const int replicas = static_cast<int>(random().between(1, kReplicasMax));
    client().create(key, sim_deployment(key, replicas, image_name(images_++), kCpuMilli));
  }

  int images_ = 1;
};

}  // namespace

std::unique_ptr<Workload> make_quotas(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Quotas>(cluster, options);
}

}  // namespace kabuki::tools

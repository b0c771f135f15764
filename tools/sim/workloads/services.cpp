#include "messages/api/core/v1/service.pb.h"
#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/deployment.hpp"
#include "tools/sim/workloads/writes.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::Service;

constexpr int kPairs = 2;
constexpr int kReplicasMax = 4;
constexpr int64_t kCpuMilli = 50;

std::string look_of_service(const Object& object) {
  const auto service = object.as<Service>();
  const auto app = service.spec().selector().find("app");
  return "app=" + (app == service.spec().selector().end() ? "" : app->second) +
         " port=" + std::to_string(service.spec().ports(0).port());
}

class Services final : public Workload {
 public:
  Services(SimCluster& cluster, const WorkloadOptions& options) : Workload(cluster, options, "workload/services") {
    for (int i = 1; i <= kPairs; ++i) {
      client().add({kinds::kDeployment, kSimNamespace, app(i)}, look_of_deployment);
      client().add({kinds::kService, kSimNamespace, app(i)}, look_of_service);
    }
  }

  /// That endpoints are the ready pods is asked of every service there is.
  Lines wrong(const Observed& observed) const override { return wrong_deployments(client().keys(), observed); }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    const bool is_deployment = key->kind == kinds::kDeployment;
    if (!client().exists(*key)) return is_deployment ? create_deployment(*key) : create_service(*key);
    const uint64_t draw = random().below(10);
    if (draw == 0) return client().remove(*key);
    if (!is_deployment) return change_service(*key);
    if (draw >= 7) return patch_image<Deployment>(*key, image_name(images_++), &client());
    scale<Deployment>(*key, static_cast<int>(random().between(0, kReplicasMax)), &client());
  }

 private:
  static std::string app(int64_t number) { return "front-" + std::to_string(number); }

  void create_deployment(const Key& key) {
    const int replicas = static_cast<int>(random().between(1, kReplicasMax));
    client().create(key, sim_deployment(key, replicas, image_name(images_++), kCpuMilli));
  }

  void create_service(const Key& key) {
    auto service = named<Service>(key);
    (*service.mutable_spec()->mutable_selector())["app"] = key.name;
    service.mutable_spec()->add_ports()->set_port(80);
    client().create(key, service);
  }

  /// Another port, or the pods of the other Deployment.
  void change_service(const Key& key) {
    if (random().chance(0.5)) {
      const int port = static_cast<int>(random().between(80, 90));
      return client().update<Service>(
          key, [port](Service* service) { service->mutable_spec()->mutable_ports(0)->set_port(port); },
          "update the port of");
    }
    const std::string selected = app(random().between(1, kPairs));
    client().patch<Service>(
        key, R"({"spec":{"selector":{"app":")" + selected + "\"}}}",
        [selected](Service* service) { (*service->mutable_spec()->mutable_selector())["app"] = selected; },
        "patch the selector of");
  }

  int images_ = 1;
};

}  // namespace

std::unique_ptr<Workload> make_services(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Services>(cluster, options);
}

}  // namespace kabuki::tools

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/deployment.hpp"
#include "tools/sim/workloads/writes.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::ConfigMap;
using ::k8s::io::api::core::v1::Namespace;

constexpr int kSpaces = 3;
constexpr int kReplicasMax = 2;
constexpr int64_t kCpuMilli = 20;
constexpr const char* kAccount = "default";
constexpr const char* kAuthority = "kube-root-ca.crt";

std::string look_of_settings(const Object& object) {
  const auto settings = object.as<ConfigMap>();
  const auto found = settings.data().find("colour");
  return "colour=" + (found == settings.data().end() ? "" : found->second);
}

class Namespaces final : public Workload {
 public:
  Namespaces(SimCluster& cluster, const WorkloadOptions& options)
      : Workload(cluster, options, "workload/namespaces") {
    for (int i = 1; i <= kSpaces; ++i) {
      const std::string space = "team-" + std::to_string(i);
      client().add({kinds::kNamespace, "", space}, nullptr);
      client().add({kinds::kDeployment, space, "app"}, look_of_deployment);
      client().add({kinds::kConfigMap, space, "settings"}, look_of_settings);
    }
  }

  /// Each namespace is whole or gone, with everything in it.
  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const auto& [key, space] : observed.all_of<Namespace>(kinds::kNamespace)) {
      if (space.status().phase() != "Active") wrong.push_back(key.name + " is " + space.status().phase());
      for (const Key& own :
           {Key{kinds::kServiceAccount, key.name, kAccount}, Key{kinds::kConfigMap, key.name, kAuthority}}) {
        if (!observed.find(own)) wrong.push_back(own.text() + " is not there");
      }
    }
    append(wrong_deployments(client().keys(), observed), &wrong);
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    if (key->kind == kinds::kNamespace) return change_space(*key);
    // A client that creates where no namespace is, or one that goes, is refused: that is to be tried, too.
    if (!client().exists(*key)) return create(*key);
    if (random().chance(0.2)) return client().remove(*key);
    key->kind == kinds::kDeployment ? scale(*key) : paint(*key);
  }

 private:
  void change_space(const Key& key) {
    if (client().exists(key)) return random().chance(0.4) ? client().remove(key) : void();
    create_namespace(key, &client());
  }

  void create(const Key& key) {
    if (key.kind == kinds::kDeployment) {
      const int replicas = static_cast<int>(random().between(1, kReplicasMax));
      return client().create(key, sim_deployment(key, replicas, image_name(1), kCpuMilli), true);
    }
    auto settings = named<ConfigMap>(key);
    (*settings.mutable_data())["colour"] = std::to_string(random().below(100));
    client().create(key, settings, true);
  }

  void scale(const Key& key) {
    const int replicas = static_cast<int>(random().between(0, kReplicasMax));
    client().update<Deployment>(
        key, [replicas](Deployment* deployment) { deployment->mutable_spec()->set_replicas(replicas); }, "scale");
  }

  void paint(const Key& key) {
    const std::string colour = std::to_string(random().below(100));
    client().update<ConfigMap>(
        key, [colour](ConfigMap* settings) { (*settings->mutable_data())["colour"] = colour; }, "paint");
  }
};

}  // namespace

std::unique_ptr<Workload> make_namespaces(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Namespaces>(cluster, options);
}

}  // namespace kabuki::tools

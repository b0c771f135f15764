#include "actors/controllers/kubernetes_service.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/discovery/v1/endpoint_slice.pb.h"
#include "messages/api/networking/v1/service_cidr.pb.h"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace discovery = ::k8s::io::api::discovery::v1;
namespace networking = ::k8s::io::api::networking::v1;
using actors::Write;

const Key kKey{kinds::kService, "default", "kubernetes"};

template <class T>
T read(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

View with_namespace() {
  View view;
  view.put(Object::encode(kinds::kNamespace, read<core::Namespace>("metadata { name: 'default' }"), 1));
  return view;
}

TEST(KubernetesService, IsMadeOnceItsNamespaceIsThere) {
  EXPECT_EQ(reconcile_kubernetes_service(View(), kKey, {}), Plan());
  View view = with_namespace();
  const Plan plan = reconcile_kubernetes_service(view, kKey, {});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write.object->as<core::Service>().spec().clusterip(), "10.96.0.1");
  view.put(Object::at_revision(*plan.steps[0].write.object, 2));
  EXPECT_EQ(reconcile_kubernetes_service(view, kKey, {}), Plan());
}

TEST(KubernetesService, TheRangeOfAddressesIsMadeAndReady) {
  const Key range{kinds::kServiceCIDR, "", "kubernetes"};
  const Instant now{{77'000'000'000}, {}};
  View view;
  Plan plan = reconcile_service_range(view, range, {}, now);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write, Write::create(kinds::kServiceCIDR, read<networking::ServiceCIDR>(R"(
    metadata { name: "kubernetes" } spec { cidrs: "10.96.0.0/16" })")));
  view.put(Object::at_revision(*plan.steps[0].write.object, 1));
  plan = reconcile_service_range(view, range, {}, now);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write.verb, bus::WriteObjects::UPDATE_STATUS);
  const auto status = plan.steps[0].write.object->as<networking::ServiceCIDR>().status();
  EXPECT_EQ(status.DebugString(), read<networking::ServiceCIDRStatus>(R"(
    conditions { type: "Ready" status: "True" message: "Kubernetes default Service CIDR is ready"
                 lastTransitionTime { seconds: 77 } })")
                                      .DebugString());
  view.put(Object::at_revision(*plan.steps[0].write.object, 2));
  EXPECT_EQ(reconcile_service_range(view, range, {}, now), Plan());
}

TEST(KubernetesService, WaitsUntilItsPortIsKnown) {
  View view = with_namespace();
  int port = 0;
  KubernetesService options{.port = [&] { return port; }};
  const Plan waits = reconcile_kubernetes_service(view, kKey, options);
  EXPECT_TRUE(waits.empty());
  EXPECT_EQ(waits.again_after, std::chrono::seconds(1));
  port = 6443;
  const Plan plan = reconcile_kubernetes_service(view, kKey, options);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write.object->as<core::Service>().spec().ports(0).targetport().intval(), 6443);
}

/// What a plan writes, one line each.
std::vector<std::string> lines(const Plan& plan) {
  std::vector<std::string> out;
  for (const Step& step : plan.steps) {
    std::string line = actors::text(step.write);
    if (step.write.object && step.write.object->kind() == kinds::kEndpointSlice) {
      const auto slice = step.write.object->as<discovery::EndpointSlice>();
      line += " " + slice.addresstype() + " " + std::to_string(slice.ports(0).port());
      for (const auto& endpoint : slice.endpoints()) line += " " + endpoint.addresses(0);
    }
    out.push_back(line);
  }
  return out;
}

TEST(KubernetesService, ItsSlicesSayWhatItsEndpointsSay) {
  View view = with_namespace();
  const KubernetesService options{.port = [] { return 6443; }};
  const auto next = [&](const std::string& subsets) {
    view.put(Object::encode(kinds::kEndpoints,
                            read<core::Endpoints>("metadata { name: 'kubernetes' namespace: 'default' }" + subsets),
                            9));
    Plan plan = reconcile_kubernetes_service(view, kKey, options);
    std::erase_if(plan.steps, [](const Step& step) { return step.write.key.kind == kinds::kService; });
    for (const Step& step : plan.steps) {
      if (step.write.object) {
        view.put(Object::at_revision(*step.write.object, 2));
      } else {
        view.remove(step.write.key);
      }
    }
    return plan;
  };
  using Lines = std::vector<std::string>;
  const Plan first =
      next("subsets { addresses { ip: '10.0.0.1' } ports { name: 'https' port: 6443 protocol: 'TCP' } }");
  ASSERT_EQ(first.steps.size(), 1u);
  EXPECT_EQ(first.steps[0].write, Write::create(kinds::kEndpointSlice, read<discovery::EndpointSlice>(R"(
    metadata { name: "kubernetes" namespace: "default"
               labels { key: "kubernetes.io/service-name" value: "kubernetes" } }
    addressType: "IPv4" endpoints { addresses: "10.0.0.1" conditions { ready: true } }
    ports { name: "https" protocol: "TCP" port: 6443 })")));
  EXPECT_EQ(lines(next("subsets { addresses { ip: '10.0.0.1' } ports { port: 6443 } }")), Lines{}) << "at rest";
  EXPECT_EQ(lines(next("subsets { addresses { ip: '10.0.0.1' } addresses { ip: '10.0.0.2' } ports { port: 6443 } }"
                       "subsets { addresses { ip: '10.0.0.1' } ports { port: 7443 } }")),
            (Lines{"UPDATE endpointslices/default/kubernetes IPv4 6443 10.0.0.1 10.0.0.2",
                   "CREATE endpointslices/default/kubernetes-7443 IPv4 7443 10.0.0.1"}));
  EXPECT_EQ(lines(next("subsets { addresses { ip: '10.0.0.1' } ports { port: 7443 } }")),
            (Lines{"UPDATE endpointslices/default/kubernetes IPv4 7443 10.0.0.1",
                   "DELETE endpointslices/default/kubernetes-7443"}));
}

}  // namespace
}  // namespace kabuki::controllers

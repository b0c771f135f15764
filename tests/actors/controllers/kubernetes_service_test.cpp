#include "actors/controllers/kubernetes_service.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/discovery/v1/endpoint_slice.pb.h"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace discovery = ::k8s::io::api::discovery::v1;
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

TEST(KubernetesService, ItsEndpointsAreTheApiServer) {
  View view = with_namespace();
  int port = 0;
  KubernetesService options{.server = "192.168.1.7", .port = [&] { return port; }};
  const Plan waits = reconcile_kubernetes_service(view, kKey, options);
  EXPECT_TRUE(waits.empty());
  EXPECT_EQ(waits.again_after, std::chrono::seconds(1));
  port = 6443;
  const Plan plan = reconcile_kubernetes_service(view, kKey, options);
  ASSERT_EQ(plan.steps.size(), 3u);
  EXPECT_EQ(plan.steps[0].write.object->as<core::Service>().spec().ports(0).targetport().intval(), 6443);
  EXPECT_EQ(plan.steps[1].write, Write::create(kinds::kEndpoints, read<core::Endpoints>(R"(
    metadata { name: "kubernetes" namespace: "default"
               labels { key: "endpointslice.kubernetes.io/skip-mirror" value: "true" } }
    subsets { addresses { ip: "192.168.1.7" } ports { name: "https" port: 6443 protocol: "TCP" } })")));
  EXPECT_EQ(plan.steps[2].write, Write::create(kinds::kEndpointSlice, read<discovery::EndpointSlice>(R"(
    metadata { name: "kubernetes" namespace: "default"
               labels { key: "kubernetes.io/service-name" value: "kubernetes" } }
    addressType: "IPv4" endpoints { addresses: "192.168.1.7" conditions { ready: true } }
    ports { name: "https" protocol: "TCP" port: 6443 })")));
  for (const Step& step : plan.steps) view.put(Object::at_revision(*step.write.object, 2));
  EXPECT_EQ(reconcile_kubernetes_service(view, kKey, options), Plan());
  // Another leads.
  options.server = "192.168.1.8";
  EXPECT_EQ(reconcile_kubernetes_service(view, kKey, options).steps.size(), 2u);
}

}  // namespace
}  // namespace kabuki::controllers

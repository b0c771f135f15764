#include "actors/controllers/endpoint_slice.hpp"

#include <gtest/gtest.h>

#include "actors/controllers/endpoint_slice_mirroring.hpp"
#include "actors/controllers/service_pods.hpp"
#include "tests/actors/controllers/service_world.hpp"

namespace kabuki::controllers::testing {
namespace {

TEST(EndpointSlices, AreWrittenWholeAndOnlyWhenSomethingChanged) {
  ServiceWorld world;
  world.put(kinds::kService, service(kPort));
  world.put(kinds::kPod, pod(1, "metadata { deletionTimestamp { seconds: 9 } }"));
  const auto expected = read<EndpointSlice>(R"(
    metadata { generateName: "web-" namespace: "default"
      labels { key: "team" value: "a" } labels { key: "kubernetes.io/service-name" value: "web" }
      labels { key: "endpointslice.kubernetes.io/managed-by" value: "endpointslice-controller.k8s.io" }
      ownerReferences { kind: "Service" name: "web" uid: "service-uid" apiVersion: "v1" controller: true
                        blockOwnerDeletion: true } }
    addressType: "IPv4"
    endpoints { addresses: "10.0.0.1" conditions { ready: false serving: true terminating: true }
                targetRef { kind: "Pod" namespace: "default" name: "web-1" uid: "uid-web-1" }
                nodeName: "n1" zone: "z1" }
    ports { name: "http" protocol: "TCP" port: 8080 })");
  const Plan plan = reconcile_endpoint_slices(world.view, key);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write, Write::create(kinds::kEndpointSlice, expected));
  world.apply(plan);
  EXPECT_EQ(world.reconcile_slices(), "");
  auto relabelled = service(kPort);
  (*relabelled.mutable_metadata()->mutable_labels())["team"] = "b";
  world.put(kinds::kService, relabelled);
  EXPECT_EQ(world.reconcile_slices(), "~");
}

TEST(EndpointSlices, ChangeAsLittleAsCanBe) {
  ServiceWorld world;
  world.put(kinds::kService, service(kPort));
  EXPECT_EQ(world.reconcile_slices(), "+");  // one that says that there is nothing
  EXPECT_EQ(world.slices(), "web-1=0");
  for (int i = 0; i < 250; ++i) world.put(kinds::kPod, pod(i));
  EXPECT_EQ(world.reconcile_slices(), "~++");
  std::string sizes = world.slices();
  EXPECT_TRUE(sizes == "web-1=50 web-2=100 web-3=100" || sizes == "web-1=100 web-2=100 web-3=50") << sizes;
  EXPECT_EQ(world.reconcile_slices(), "");
  // One more goes where there is room for it.
  world.put(kinds::kPod, pod(250));
  EXPECT_EQ(world.reconcile_slices(), "~");
  // Of one that goes and one that comes only one slice hears.
  world.view.remove({kinds::kPod, "default", "web-3"});
  world.put(kinds::kPod, pod(251));
  EXPECT_EQ(world.reconcile_slices(), "~");
  // Without room in any for all of them there is a new one, although there is room in several for some.
  for (int i = 252; i < 322; ++i) world.put(kinds::kPod, pod(i));
  EXPECT_EQ(world.reconcile_slices(), "+");
  // One pod changes in place.
  world.put(kinds::kPod, pod(7, "", false));
  EXPECT_EQ(world.reconcile_slices(), "~");
  for (int i = 0; i < 322; ++i) world.view.remove({kinds::kPod, "default", "web-" + std::to_string(i)});
  EXPECT_EQ(world.reconcile_slices(), "---~");
  EXPECT_EQ(world.reconcile_slices(), "");
}

TEST(EndpointSlices, OfOtherPortsTakeTheirPlace) {
  ServiceWorld world;
  world.put(kinds::kService, service(kPort));
  for (int i = 0; i < 3; ++i) world.put(kinds::kPod, pod(i));
  EXPECT_EQ(world.reconcile_slices(), "+");
  world.put(kinds::kService, service(R"(ports { name: "http" protocol: "TCP" port: 80 targetPort { intVal: 9 } })"));
  EXPECT_EQ(world.reconcile_slices(), "~");
  EXPECT_EQ(world.slices(), "web-1=3");
}

TEST(EndpointSlices, EachFamilyHasItsOwn) {
  ServiceWorld world;
  world.put(kinds::kService, service(kPort + "ipFamilies: 'IPv6'"));
  world.put(kinds::kPod, pod(1, "status { podIPs { ip: 'fd00::1' } }"));
  world.put(kinds::kPod, pod(2));
  EXPECT_EQ(world.reconcile_slices(), "++");
  std::string all;
  for (const ObjectPtr& object : world.view.all(kinds::kEndpointSlice)) {
    const auto slice = object->as<EndpointSlice>();
    all += slice.addresstype() + ":";
    for (const auto& endpoint : slice.endpoints()) all += " " + endpoint.addresses(0);
    all += "; ";
  }
  EXPECT_EQ(all, "IPv4: 10.0.0.1 10.0.0.2; IPv6: fd00::1; ");
}

TEST(EndpointSlices, PodsOfANodeThatIsGoneAreLeftOut) {
  for (const bool publishes_all : {false, true}) {
    ServiceWorld world;
    world.put(kinds::kService, service(kPort + (publishes_all ? "publishNotReadyAddresses: true" : "")));
    world.put(kinds::kPod, pod(1, "spec { nodeName: 'gone' }"));
    world.reconcile_slices();
    EXPECT_EQ(world.slices(), publishes_all ? "web-1=1" : "web-1=0");
  }
}

/// An endpoint of "10.0.0.<number>" in a zone.
TEST(EndpointSlices, ThoseOfAFormerServiceOfTheNameAreNotTouched) {
  ServiceWorld world;
  world.put(kinds::kService, service(kPort));
  world.put(kinds::kPod, pod(1));
  world.reconcile_slices();
  auto again = service(kPort);
  again.mutable_metadata()->set_uid("another-uid");
  world.put(kinds::kService, again);
  EXPECT_EQ(world.reconcile_slices(), "+");
  EXPECT_EQ(world.slices(), "web-1=1 web-2=1");
}

TEST(EndpointSliceMirroring, MirrorsWhatNoSelectorMade) {
  const Key mirrored{kinds::kEndpoints, "default", "web"};
  ServiceWorld world;
  auto endpoints = read<core::Endpoints>(R"(
    metadata { name: "web" namespace: "default" uid: "e" labels { key: "a" value: "b" }
      annotations { key: "kubectl.kubernetes.io/last-applied-configuration" value: "{}" }
      annotations { key: "note" value: "yes" } }
    subsets { addresses { ip: "1.2.3.4" hostname: "h" } notReadyAddresses { ip: "1.2.3.5" nodeName: "n1" }
              ports { name: "x" port: 5 protocol: "TCP" } }
    subsets { addresses { ip: "fd00::1" } ports { name: "x" port: 5 protocol: "TCP" } })");
  auto without = service();
  without.mutable_spec()->clear_selector();
  world.put(kinds::kEndpoints, endpoints);
  EXPECT_EQ(reconcile_endpoint_slice_mirroring(world.view, mirrored), Plan()) << "without a service";
  world.put(kinds::kService, without);
  const std::string metadata = R"(metadata { generateName: "web-" namespace: "default"
      labels { key: "a" value: "b" } labels { key: "kubernetes.io/service-name" value: "web" }
      labels { key: "endpointslice.kubernetes.io/managed-by" value: "endpointslicemirroring-controller.k8s.io" }
      annotations { key: "note" value: "yes" }
      ownerReferences { kind: "Endpoints" name: "web" uid: "e" apiVersion: "v1" controller: true
                        blockOwnerDeletion: true } } )";
  const std::string ports = R"( ports { name: "x" protocol: "TCP" port: 5 })";
  Plan expected;
  expected.add(Write::create(kinds::kEndpointSlice, read<EndpointSlice>(metadata + R"(addressType: "IPv4"
        endpoints { addresses: "1.2.3.4" conditions { ready: true } hostname: "h" }
        endpoints { addresses: "1.2.3.5" conditions { ready: false } nodeName: "n1" })" +
                                                                        ports)));
  expected.add(Write::create(kinds::kEndpointSlice, read<EndpointSlice>(metadata + R"(addressType: "IPv6"
        endpoints { addresses: "fd00::1" conditions { ready: true } })" +
                                                                        ports)));
  const Plan plan = reconcile_endpoint_slice_mirroring(world.view, mirrored);
  EXPECT_EQ(plan, expected);
  world.apply(plan);
  EXPECT_EQ(reconcile_endpoint_slice_mirroring(world.view, mirrored), Plan());
  (*endpoints.mutable_metadata()->mutable_labels())["endpointslice.kubernetes.io/skip-mirror"] = "true";
  world.put(kinds::kEndpoints, endpoints);
  EXPECT_EQ(reconcile_endpoint_slice_mirroring(world.view, mirrored).steps.size(), 2u) << "both go";
  endpoints.mutable_metadata()->clear_labels();
  world.put(kinds::kEndpoints, endpoints);
  world.put(kinds::kService, service());
  EXPECT_EQ(reconcile_endpoint_slice_mirroring(world.view, mirrored).steps.size(), 2u) << "a selector makes others";
}

}  // namespace
}  // namespace kabuki::controllers::testing

#pragma once

#include <gtest/gtest.h>

#include "actors/kubelet/kubelet.hpp"
#include "runtime/view_actor.hpp"
#include "tests/actors/kubelet/fake_api.hpp"
#include "tests/runtime/sim_test.hpp"

namespace kabuki::kubelet {

using namespace std::chrono_literals;
using runtime::make_message;

/// host-0 serves a FakeApi; host-1 and host-2 each have two nodes; those of host-2 watch through its views.
struct KubeletSim : runtime::sim::SimTest {
  std::shared_ptr<FakeStore> store = std::make_shared<FakeStore>();

  void start(uint64_t seed) {
    begin(seed);
    runtime::SupervisorSpec api;
    api.intensity = 100;
    api.children.push_back({.name = "api", .make = [store = store] { return std::make_unique<FakeApi>(store); }});
    add("host-0", api);
    add("host-1", host_tree(0));
    add("host-2", host_tree(2));
    world->connect_all();
    for (const std::string& host : world->hosts()) world->host(host)->set_role("api-server", {"host-0/api"});
  }
  static runtime::SupervisorSpec host_tree(uint64_t first) {
    KubeletOptions options;
    options.nodes = simulated_nodes("node-", first, 2);
    runtime::SupervisorSpec root;
    root.intensity = 100;
    if (first > 0) {
      runtime::ViewSpec pods;
      pods.name = "pods";
      pods.index_field = "spec.nodeName";
      pods.selection.set_kind(kinds::kPod);
      auto* field = pods.selection.add_fields();
      field->set_field("spec.nodeName");
      for (const NodeOptions& node : options.nodes) field->add_values(node.name);
      options.watch_source = runtime::views_of("host-2");
      root.children.push_back({.name = runtime::kViewsName, .make = [pods] { return runtime::make_views({pods}); }});
    }
    root.children.push_back(runtime::supervisor_child("kubelet", kubelet_tree(std::move(options))));
    return root;
  }
  void create(const std::string& name, const std::string& node, const std::string& annotation = {},
              const std::string& value = {}) {
    PodMessage pod;
    pod.mutable_metadata()->set_name(name);
    if (!annotation.empty()) (*pod.mutable_metadata()->mutable_annotations())["sim.kabuki.io/" + annotation] = value;
    pod.mutable_spec()->set_nodename(node);
    auto* container = pod.mutable_spec()->add_containers();
    container->set_name("app");
    container->set_image("nginx");
    container->add_ports()->set_containerport(80);
    FakeApi::alive->create_pod(pod);
  }
  bool until(const std::function<bool()>& done, io::Duration limit = 60s) { return world->run_until(done, limit); }
  bool running(const std::string& name) { return store->pod(name).status().phase() == "Running"; }
  std::string kill(const std::string& actor) {
    const std::string host = actor.substr(0, actor.find('/'));
    auto answer = ask(host, actor, make_message(bus::KillActor()));
    return answer.ok() ? "" : answer.error().message;
  }
  bus::NetProbeReply probe(const std::string& from, const std::string& to, uint32_t port) {
    bus::NetProbe request;
    request.set_from_namespace("default");
    request.set_from_pod(from);
    request.set_to_ip(store->pod(to).status().podip());
    request.set_port(port);
    const std::string node = store->pod(from).spec().nodename();
    const std::string host = node < "node-2" ? "host-1" : "host-2";
    auto answer = ask("host-0", host + "/kubelet/" + node, make_message(request), 10s);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
    return answer.ok() ? *(*answer)->as<bus::NetProbeReply>() : bus::NetProbeReply();
  }
};

}  // namespace kabuki::kubelet

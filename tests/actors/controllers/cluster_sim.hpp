#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/control_plane.hpp"
#include "actors/controllers/owners.hpp"
#include "actors/controllers/pod_facts.hpp"
#include "actors/node_host.hpp"
#include "actors/write.hpp"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/bus/control.pb.h"
#include "messages/meta.hpp"
#include "store/engines/memory.hpp"
#include "tests/runtime/sim_test.hpp"

namespace kabuki::controllers {

using namespace std::chrono_literals;

/// A whole cluster on one simulated host: store, API server, views, scheduler, controllers and simulated kubelets.
struct ClusterSim : runtime::sim::SimTest {
  std::map<std::string, std::shared_ptr<store::MemoryMedium>> media;
  int nodes = 3;
  std::function<void(std::string_view actor, std::string_view what)> on_step;  // of each message and timer

  void start(uint64_t seed) {
    runtime::sim::WorldOptions options;
    options.seed = seed;
    options.on_step = [this](io::MonoTime, std::string_view, std::string_view actor, std::string_view what) {
      if (on_step) on_step(actor, what);
    };
    world = std::make_unique<runtime::sim::World>(options);
    actors::ControlPlaneOptions plane;
    plane.host = "host-1";
    plane.authority_pem = "PEM";
    plane.engine = [this, map = plane.shards](const std::string& shard) {
      auto& medium = media[shard];
      if (!medium) medium = std::make_shared<store::MemoryMedium>();
      return store::make_memory_engine(medium, {.identity = map.identity(shard)});
    };
    actors::NodeHostOptions node_host;
    node_host.host = "host-1";
    node_host.nodes = nodes;
    node_host.all_views = true;
    actors::TreeParts parts;
    actors::add_control_plane(plane, &parts);
    actors::add_node_host(node_host, &parts);
    parts.membership = nullptr;
    parts.member = nullptr;
    runtime::Host& host = world->add_host(named("host-1"));
    for (const auto& [role, holder] : actors::control_plane_roles(plane)) host.set_role(role, holder);
    auto started = host.start(actors::supervision_tree(std::move(parts)));
    ASSERT_TRUE(started.ok()) << started.error().message;
    world->connect_all();
  }

  std::vector<actors::WriteOutcome> write(std::vector<actors::Write> writes) {
    return actors::read_outcomes(ask("host-1", "@api-server", actors::write_message(writes, "test"), 30s),
                                 writes.size());
  }
  std::vector<ObjectPtr> list(KindId kind) {
    bus::ListObjects request;
    request.mutable_selection()->set_kind(kind);
    auto answer = ask("host-1", "@api-server", runtime::make_message(request), 30s);
    return answer.ok() ? (*answer)->objects : std::vector<ObjectPtr>();
  }
  ObjectPtr find(KindId kind, const std::string& ns, const std::string& name) {
    for (const ObjectPtr& object : list(kind)) {
      if (object->ns() == ns && object->name() == name) return object;
    }
    return nullptr;
  }
  /// Looks every virtual second.
  bool until(const std::function<bool()>& done, io::Duration limit) {
    for (io::Duration passed{0}; passed < limit; passed += 1s) {
      if (done()) return true;
      world->run_for(1s);
    }
    return done();
  }
  void kill(const std::string& actor) {
    auto answer = ask("host-1", actor, runtime::make_message(bus::KillActor()));
    ASSERT_TRUE(answer.ok()) << answer.error().message;
  }
  size_t ready_pods() {
    size_t ready = 0;
    for (const ObjectPtr& pod : list(kinds::kPod)) {
      const PodFacts facts = facts_of_pod(*pod);
      ready += facts.active() && facts.ready;
    }
    return ready;
  }

  static ::k8s::io::api::apps::v1::Deployment deployment(int replicas, const std::string& image = "nginx") {
    ::k8s::io::api::apps::v1::Deployment d;
    d.mutable_metadata()->set_name("web");
    d.mutable_metadata()->set_namespace_("default");
    d.mutable_spec()->set_replicas(replicas);
    (*d.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "web";
    auto* model = d.mutable_spec()->mutable_template_();
    (*model->mutable_metadata()->mutable_labels())["app"] = "web";
    auto* container = model->mutable_spec()->add_containers();
    container->set_name("app");
    container->set_image(image);
    return d;
  }
  bool namespace_is_ready() {
    return until([this] { return find(kinds::kServiceAccount, "default", "default") != nullptr; }, 60s);
  }
  void create(int replicas) {
    ASSERT_TRUE(namespace_is_ready());
    auto outcome = write({actors::Write::create(kinds::kDeployment, deployment(replicas))});
    ASSERT_FALSE(outcome[0].error) << outcome[0].error->message;
  }
};

}  // namespace kabuki::controllers

#pragma once

#include <gtest/gtest.h>

#include "actors/controllers/owners.hpp"
#include "actors/controllers/revisions.hpp"
#include "actors/controllers/stateful_set.hpp"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/encode.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing::stateful_sets {

namespace apps = ::k8s::io::api::apps::v1;
using actors::Write;
using Names = std::vector<std::string>;

inline constexpr int64_t kNow = 1'000'000;
inline const Instant now{{kNow * 1'000'000'000}, {0}};
inline const Key key{kinds::kStatefulSet, "default", "web"};

inline apps::StatefulSet set(int replicas, const std::string& image = "v1") {
  apps::StatefulSet set;
  set.mutable_metadata()->set_name("web");
  set.mutable_metadata()->set_namespace_("default");
  set.mutable_metadata()->set_uid("set-uid");
  set.mutable_metadata()->set_generation(1);
  auto* spec = set.mutable_spec();
  spec->set_replicas(replicas);
  spec->set_servicename("svc");
  spec->set_podmanagementpolicy("OrderedReady");
  spec->mutable_updatestrategy()->set_type("RollingUpdate");
  spec->mutable_updatestrategy()->mutable_rollingupdate()->set_partition(0);
  (*spec->mutable_selector()->mutable_matchlabels())["app"] = "web";
  (*spec->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "web";
  auto* container = spec->mutable_template_()->mutable_spec()->add_containers();
  container->set_name("app");
  container->set_image(image);
  return set;
}

/// A set and its pods as a table says: the plan's writes as text.
struct World {
  View view{View::kControllers | View::kPods};
  apps::StatefulSet set;

  explicit World(apps::StatefulSet what) : set(std::move(what)) {
    put_set();
    // The revision of its template, as the first plan makes it.
    for (auto& step : plan().steps) add_revision(step.write, 1);
  }
  void add_revision(const Write& write, int64_t number) {
    auto message = write.object->as<apps::ControllerRevision>();
    message.mutable_metadata()->set_uid("uid-" + message.metadata().name());
    message.set_revision(number);
    revision = message.metadata().name();
    if (set.status().currentrevision().empty()) set.mutable_status()->set_currentrevision(revision);
    view.put(Object::encode(kinds::kControllerRevision, message, 5));
    put_set();
  }
  void put_set() { view.put(Object::encode(kinds::kStatefulSet, set, 10)); }
  void image(const std::string& image) {
    set.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image(image);
    put_set();
    for (auto& step : plan().steps) add_revision(step.write, 2);
  }
  /// states: '.' none, 'r' ready, 'u' running but not ready, 'p' pending, 'f' failed, 't' ready and terminating;
  /// in upper case of the older revision.
  void pods(const std::string& states, const std::string& old = {}) {
    for (size_t i = 0; i < states.size(); ++i) {
      if (states[i] == '.') continue;
      const char state = static_cast<char>(std::tolower(states[i]));
      const std::string name = "web-" + std::to_string(i);
      core::Pod pod;
      auto* meta = pod.mutable_metadata();
      meta->set_name(name);
      meta->set_namespace_("default");
      meta->set_uid("uid-" + name);
      auto& labels = *meta->mutable_labels();
      labels["app"] = "web";
      labels["statefulset.kubernetes.io/pod-name"] = name;
      labels["apps.kubernetes.io/pod-index"] = std::to_string(i);
      labels["controller-revision-hash"] = std::isupper(states[i]) ? old : revision;
      *meta->add_ownerreferences() = controller_reference(*view.find(key));
      if (state == 't') meta->mutable_deletiontimestamp()->set_seconds(kNow);
      pod.mutable_spec()->set_nodename("node");
      pod.mutable_status()->set_phase(state == 'p' ? "Pending" : state == 'f' ? "Failed" : "Running");
      auto* ready = pod.mutable_status()->add_conditions();
      ready->set_type("Ready");
      ready->set_status(state == 'r' || state == 't' ? "True" : "False");
      ready->mutable_lasttransitiontime()->set_seconds(kNow - 100);
      view.put(Object::encode(kinds::kPod, pod, 20));
    }
  }
  Plan plan() { return reconcile_stateful_set(view, key, now); }
  std::vector<Write> writes() {
    std::vector<Write> out;
    for (auto& step : plan().steps) {
      if (step.write.verb != bus::WriteObjects::UPDATE_STATUS) out.push_back(step.write);
    }
    return out;
  }
  /// "+web-0 -web-1": pods made and deleted.
  std::string moves() {
    std::string text;
    for (const Write& write : writes()) {
      if (!text.empty()) text += ' ';
      text += write.verb == bus::WriteObjects::CREATE ? '+' : write.verb == bus::WriteObjects::DELETE ? '-' : '~';
      text += write.key.name;
    }
    return text;
  }
  apps::StatefulSetStatus status() {
    for (auto& step : plan().steps) {
      if (step.write.verb == bus::WriteObjects::UPDATE_STATUS)
        return step.write.object->as<apps::StatefulSet>().status();
    }
    return set.status();
  }
  std::string revision;
};

}  // namespace kabuki::controllers::testing::stateful_sets

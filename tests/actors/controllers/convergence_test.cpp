#include <gtest/gtest.h>

#include "actors/controllers/deployment.hpp"
#include "actors/controllers/garbage_collector.hpp"
#include "actors/controllers/replica_set.hpp"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/fake_api.hpp"

namespace kabuki::controllers::testing {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;

constexpr int64_t kEpoch = 1'000'000;

apps::Deployment deployment(const std::string& name, int replicas, const std::string& image) {
  apps::Deployment d;
  d.mutable_metadata()->set_name(name);
  d.mutable_metadata()->set_namespace_("default");
  auto* spec = d.mutable_spec();
  spec->set_replicas(replicas);
  spec->set_progressdeadlineseconds(600);
  spec->set_revisionhistorylimit(2);
  (*spec->mutable_selector()->mutable_matchlabels())["app"] = name;
  (*spec->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = name;
  spec->mutable_template_()->mutable_spec()->add_containers()->set_image(image);
  spec->mutable_strategy()->set_type("RollingUpdate");
  return d;
}

/// What a scheduler and a kubelet do to a pod, one step at a time.
void live(FakeApi& api, io::Random& random, double failures, int64_t now) {
  for (const ObjectPtr& object : api.all(kinds::kPod)) {
    if (!random.chance(0.4)) continue;
    auto pod = object->as<core::Pod>();
    if (pod.metadata().has_deletiontimestamp()) {
      api.vanish(object->key());
    } else if (pod.spec().nodename().empty()) {
      pod.mutable_spec()->set_nodename("node-" + std::to_string(random.below(3)));
      api.set(kinds::kPod, &pod);
    } else if (pod.status().phase().empty()) {
      pod.mutable_status()->set_phase("Running");
      auto* ready = pod.mutable_status()->add_conditions();
      ready->set_type("Ready");
      ready->set_status("True");
      ready->mutable_lasttransitiontime()->set_seconds(now);
      api.set(kinds::kPod, &pod);
    } else if (random.chance(failures)) {
      pod.mutable_status()->set_phase("Failed");
      pod.mutable_status()->mutable_conditions(0)->set_status("False");
      api.set(kinds::kPod, &pod);
    }
  }
}

struct Cluster {
  FakeApi api;
  std::vector<std::unique_ptr<FakeHost>> hosts;
  io::Random random;
  int64_t now = kEpoch;

  explicit Cluster(uint64_t seed) : random(seed) {
    for (Controller controller : {deployment_controller(), replica_set_controller(), garbage_collector()}) {
      hosts.push_back(std::make_unique<FakeHost>(api, std::move(controller)));
    }
  }
  void step(const FakeHost::Chances& chances, double failures) {
    api.set_time(++now);
    live(api, random, failures, now);
    for (auto& host : hosts) host->step(random, chances, now);
  }
  bool quiet() const {
    for (const auto& host : hosts) {
      if (!host->quiet()) return false;
    }
    return true;
  }
  uint64_t writes() const {
    uint64_t sum = 0;
    for (const auto& host : hosts) sum += host->writes();
    return sum;
  }
  /// Without faults until nothing moves; the steps it took.
  int settle(int most) {
    for (int i = 0, calm = 0; i < most; ++i) {
      const uint64_t before = api.revision();
      step({.deliver = 0.8, .answer = 0.8}, 0);
      calm = quiet() && api.revision() == before ? calm + 1 : 0;
      if (calm > 20) return i;
    }
    return most;
  }
  std::vector<std::string> active_pods(const std::string& app) const {
    std::vector<std::string> images;
    for (const ObjectPtr& object : api.all(kinds::kPod)) {
      const auto pod = object->as<core::Pod>();
      auto it = pod.metadata().labels().find("app");
      if (it == pod.metadata().labels().end() || it->second != app || !facts_of_pod(*object).active()) continue;
      images.push_back(pod.spec().containers(0).image());
    }
    return images;
  }
};

TEST(Convergence, EndsWithExactlyTheRightPodsWhateverHappensOnTheWay) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Cluster cluster(seed);
    io::Random user = cluster.random.split("user");
    std::map<std::string, std::pair<int, std::string>> wanted;
    for (int round = 0; round < 120; ++round) {
      if (round % 12 == 0) {
        const std::string name = "app-" + std::to_string(user.below(2));
        const std::pair<int, std::string> want(static_cast<int>(user.below(8)), "v" + std::to_string(user.below(3)));
        wanted[name] = want;
        auto d = deployment(name, want.first, want.second);
        if (auto existing = cluster.api.find({kinds::kDeployment, "default", name})) {
          auto now = existing->as<apps::Deployment>();
          now.mutable_metadata()->set_generation(now.metadata().generation() + 1);
          *now.mutable_spec() = d.spec();
          cluster.api.set(kinds::kDeployment, &now);
        } else {
          cluster.api.create(actors::Write::create(kinds::kDeployment, d));
        }
      }
      cluster.step({.deliver = 0.4, .refuse = 0.15, .lose = 0.1, .answer = 0.5}, 0.05);
    }
    ASSERT_LT(cluster.settle(3000), 3000);
    for (const auto& [name, want] : wanted) {
      EXPECT_EQ(cluster.active_pods(name), std::vector<std::string>(static_cast<size_t>(want.first), want.second));
      const auto d = cluster.api.find({kinds::kDeployment, "default", name})->as<apps::Deployment>();
      EXPECT_EQ(d.status().replicas(), want.first);
      EXPECT_EQ(d.status().updatedreplicas(), want.first);
      EXPECT_EQ(d.status().availablereplicas(), want.first);
      EXPECT_EQ(d.status().unavailablereplicas(), 0);
      EXPECT_EQ(d.status().observedgeneration(), d.metadata().generation());
    }
    std::map<std::string, int> sets;
    for (const ObjectPtr& set : cluster.api.all(kinds::kReplicaSet)) {
      ++sets[set->as<apps::ReplicaSet>().metadata().labels().at("app")];
    }
    for (const auto& [name, count] : sets) EXPECT_LE(count, 3) << name;  // the newest and a history of two
  }
}

TEST(Convergence, NeverMakesMorePodsThanAreAskedFor) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Cluster cluster(seed);
    cluster.api.create(actors::Write::create(kinds::kDeployment, deployment("app", 12, "v1")));
    for (int i = 0; i < 150; ++i) cluster.step({.deliver = 0.3, .refuse = 0.2, .lose = 0.2, .answer = 0.4}, 0);
    ASSERT_LT(cluster.settle(1000), 1000);
    std::set<std::string_view> made;
    for (const auto& event : cluster.api.log()) {
      if (event.object->kind() == kinds::kPod) made.insert(event.object->uid());
    }
    EXPECT_EQ(made.size(), 12u);
  }
}

TEST(Convergence, NothingIsWrittenAtTheFixpoint) {
  Cluster cluster(7);
  cluster.api.create(actors::Write::create(kinds::kDeployment, deployment("app", 5, "v1")));
  ASSERT_LT(cluster.settle(1000), 1000);
  const uint64_t writes = cluster.writes();
  for (int i = 0; i < 100; ++i) cluster.step({.deliver = 1, .answer = 1}, 0);
  EXPECT_EQ(cluster.writes(), writes);
}

TEST(Convergence, ARollingUpdateKeepsItsBounds) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Cluster cluster(seed);
    auto d = deployment("app", 8, "v1");
    cluster.api.create(actors::Write::create(kinds::kDeployment, d));
    ASSERT_LT(cluster.settle(1000), 1000);
    auto now = cluster.api.find({kinds::kDeployment, "default", "app"})->as<apps::Deployment>();
    now.mutable_metadata()->set_generation(2);
    now.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image("v2");
    cluster.api.set(kinds::kDeployment, &now);
    bool moved = false;
    for (int i = 0; i < 400; ++i) {
      cluster.step({.deliver = 0.5, .refuse = 0.1, .lose = 0.1, .answer = 0.5}, 0);
      size_t available = 0, all = 0;
      for (const ObjectPtr& pod : cluster.api.all(kinds::kPod)) {
        const PodFacts facts = facts_of_pod(*pod);
        all += facts.active();
        available += facts.active() && facts.ready;
      }
      moved |= all > 8;
      ASSERT_LE(all, 10u);       // maxSurge 25 %
      ASSERT_GE(available, 6u);  // maxUnavailable 25 %
    }
    EXPECT_TRUE(moved);
    ASSERT_LT(cluster.settle(1000), 1000);
    EXPECT_EQ(cluster.active_pods("app"), std::vector<std::string>(8, "v2"));
  }
}

TEST(Convergence, DeletingTheDeploymentLeavesNothing) {
  Cluster cluster(3);
  cluster.api.create(actors::Write::create(kinds::kDeployment, deployment("app", 5, "v1")));
  ASSERT_LT(cluster.settle(1000), 1000);
  cluster.api.vanish({kinds::kDeployment, "default", "app"});
  ASSERT_LT(cluster.settle(1000), 1000);
  EXPECT_TRUE(cluster.api.objects().empty());
}

TEST(Convergence, WhatAQuotaForbidsIsToldWhileItDoesAndMadeAfterwards) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    Cluster cluster(seed);
    size_t quota = 3;
    cluster.api.refuses = [&](const actors::Write& write) -> std::optional<Error> {
      if (write.verb != bus::WriteObjects::CREATE || write.key.kind != kinds::kPod) return std::nullopt;
      if (cluster.api.all(kinds::kPod).size() < quota) return std::nullopt;
      return forbidden(kind_of(kinds::kPod), "web", "exceeded quota: q");
    };
    auto failures = [&] {
      std::string text;
      for (const ObjectPtr& object : cluster.api.all(kinds::kReplicaSet)) {
        const auto set = object->as<apps::ReplicaSet>();
        for (const auto& one : set.status().conditions()) text += "set " + one.reason() + " ";
      }
      for (const ObjectPtr& object : cluster.api.all(kinds::kDeployment)) {
        const auto d = object->as<apps::Deployment>();
        for (const auto& one : d.status().conditions()) {
          if (one.type() == "ReplicaFailure") text += "deployment " + one.reason() + " ";
        }
      }
      return text;
    };
    cluster.api.create(actors::Write::create(kinds::kDeployment, deployment("app", 6, "v1")));
    for (int i = 0; i < 200; ++i) cluster.step({.deliver = 0.5, .refuse = 0.1, .lose = 0.1, .answer = 0.5}, 0);
    EXPECT_EQ(cluster.active_pods("app").size(), 3u);
    EXPECT_EQ(failures(), "set FailedCreate deployment FailedCreate ");
    const uint64_t revision = cluster.api.revision();
    for (int i = 0; i < 200; ++i) cluster.step({.deliver = 1, .answer = 1}, 0);
    EXPECT_EQ(cluster.api.revision(), revision) << "what is told already is not written again";
    quota = 100;
    ASSERT_LT(cluster.settle(3000), 3000);
    EXPECT_EQ(cluster.active_pods("app").size(), 6u);
    EXPECT_EQ(failures(), "");
    std::set<std::string> said;
    for (const auto& note : cluster.hosts[1]->notes) {
      const bool by_chance = note.message.find("by chance") != std::string::npos;
      if (note.reason == "FailedCreate" && !by_chance) said.insert(note.type + " " + note.message);
    }
    EXPECT_EQ(said, std::set<std::string>{"Warning Error creating: pods \"web\" is forbidden: exceeded quota: q"});
  }
}

TEST(Convergence, TheSameSeedGivesTheSameHistory) {
  auto run = [] {
    Cluster cluster(11);
    cluster.api.create(actors::Write::create(kinds::kDeployment, deployment("app", 5, "v1")));
    for (int i = 0; i < 200; ++i) cluster.step({.deliver = 0.4, .refuse = 0.2, .lose = 0.1, .answer = 0.4}, 0.05);
    std::string history;
    for (const auto& event : cluster.api.log())
      history += event.object->key().text() + std::string(event.object->body());
    return history;
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace kabuki::controllers::testing

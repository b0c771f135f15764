#pragma once

#include <string>
#include <vector>

#include "actors/membership/api_server_choice.hpp"
#include "actors/write.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/bus/control.pb.h"
#include "tools/sim/cluster.hpp"

namespace kabuki::tools {

/// Three masters over a shared store; whoever leads the scheduler or the controllers stands still again and again,
/// for longer than its lease, while there is always something to be bound or made: so some of its writes have been
/// checked and are on their way when its term ends.
struct PausedLeaders {
  explicit PausedLeaders(uint64_t seed) : cluster(options(seed)) {}
  ~PausedLeaders() { cluster.close(); }

  static SimClusterOptions options(uint64_t seed) {
    using namespace std::chrono_literals;
    SimClusterOptions options;
    options.seed = seed;
    options.hosts = 4;
    options.masters = 3;
    options.election = {.lease_duration = 2s, .renew_deadline = 1300ms, .retry_period = 300ms};
    options.store_latency_min = 1ms;
    options.store_latency_max = 60ms;
    return options;
  }

  void create_pod(const std::string& host) {
    ::k8s::io::api::core::v1::Pod pod;
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_metadata()->set_name("p-" + std::to_string(++pods));
    auto* container = pod.mutable_spec()->add_containers();
    container->set_name("app");
    container->set_image("nginx");
    const auto write = actors::Write::create(kinds::kPod, pod);
    cluster.ask(host, {host + "/" + membership::kBusApiServer}, actors::write_message(std::span(&write, 1), "test"),
                std::chrono::seconds(5), [](const Result<runtime::MessagePtr>&) {});
  }

  /// What was written under a term that was over.
  std::vector<std::string> run(int pauses) {
    using namespace std::chrono_literals;
    if (!cluster.start(60s)) return {"the cluster did not come up"};
    cluster.run_for(10s);
    auto random = cluster.world().random("pauses");
    for (int i = 0; i < pauses; ++i) {
      for (int k = 0; k < 20; ++k) {
        for (const char* host : {"host-1", "host-2", "host-3"}) create_pod(host);
        cluster.run_for(io::Duration(random.between(1'000'000, 40'000'000)));
      }
      const std::string elector = random.chance(0.7) ? "scheduler" : "controllers";
      std::string leader;
      cluster.ask("host-1", {"host-1/" + elector}, runtime::make_message(bus::GetLeader()), 3s,
                  [&leader](const Result<runtime::MessagePtr>& answer) {
                    if (answer) leader = (*answer)->as<bus::Leader>()->holder();
                  });
      cluster.run_until([&] { return !leader.empty(); }, 4s, 1ms);
      create_pod(leader == "host-1" ? "host-2" : "host-1");
      cluster.run_for(io::Duration(random.between(0, 150'000'000)));
      if (!leader.empty()) cluster.world().pause_host(leader, 5s);
      cluster.run_for(8s);
    }
    return cluster.shared()->stale_changes();
  }

  SimCluster cluster;
  int pods = 0;
};

}  // namespace kabuki::tools

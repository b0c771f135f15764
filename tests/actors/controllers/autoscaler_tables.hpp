#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/controllers/autoscaler_replicas.hpp"
#include "messages/meta.hpp"

namespace kabuki::controllers::autoscaler_tables {

inline constexpr int64_t kSecond = 1'000'000'000;
inline constexpr int64_t kNow = 100'000 * kSecond;

/// One pod of a table: what it requests and uses, in thousandths.
struct Pod {
  int64_t request = 1000;
  std::optional<int64_t> use;
  std::string phase = "Running";
  bool ready = true;
  int64_t started_ago = 3600;  // seconds
  int64_t ready_since_ago = 3500;
  bool deleting = false;
};

struct Cluster {
  std::vector<PodMessage> pods;
  bus::PodUses uses;
};

inline Cluster cluster(const std::vector<Pod>& table, const std::string& resource = "cpu") {
  Cluster out;
  out.uses.set_window_ns(60 * kSecond);
  for (size_t i = 0; i < table.size(); ++i) {
    const Pod& row = table[i];
    PodMessage pod;
    pod.mutable_metadata()->set_name("pod-" + std::to_string(i));
    pod.mutable_metadata()->set_namespace_("default");
    if (row.deleting) *pod.mutable_metadata()->mutable_deletiontimestamp() = time_of(kNow);
    auto* container = pod.mutable_spec()->add_containers();
    container->set_name("app");
    if (row.request > 0) {
      (*container->mutable_resources()->mutable_requests())[resource].set_string(std::to_string(row.request) + "m");
    }
    pod.mutable_status()->set_phase(row.phase);
    *pod.mutable_status()->mutable_starttime() = time_of(kNow - row.started_ago * kSecond);
    auto* condition = pod.mutable_status()->add_conditions();
    condition->set_type("Ready");
    condition->set_status(row.ready ? "True" : "False");
    *condition->mutable_lasttransitiontime() = time_of(kNow - row.ready_since_ago * kSecond);
    if (row.use) {
      auto* item = out.uses.add_items();
      item->set_at_ns(kNow);
      item->mutable_use()->set_namespace_("default");
      item->mutable_use()->set_name(pod.metadata().name());
      auto* use = item->mutable_use()->add_containers();
      use->set_name("app");
      use->set_cpu_milli(*row.use);
      use->set_memory_bytes(*row.use / 1000);
    }
    out.pods.push_back(std::move(pod));
  }
  return out;
}

}  // namespace kabuki::controllers::autoscaler_tables

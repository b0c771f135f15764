#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/scheduler/plugins/plugin.hpp"
#include "messages/result.hpp"

namespace kabuki::scheduler {

/// How pods of one schedulerName are placed.
struct Profile {
  enum class Fit { least_allocated, most_allocated };

  std::string scheduler_name = "default-scheduler";
  std::vector<const Plugin*> filters;
  std::vector<std::pair<const Plugin*, int64_t>> scorers;  // with weights
  bool preemption = true;
  Fit fit = Fit::least_allocated;
  std::map<std::string, int64_t> fit_weights{{"cpu", 1}, {"memory", 1}};
  /// Of others' required affinity, when nodes are scored; 0: it counts for nothing.
  int64_t hard_pod_affinity_weight = 1;
  /// Of the nodes, how many need be found fitting before the best of them is taken; 0 follows the number of nodes.
  int64_t percentage_of_nodes_to_score = 0;

  /// Every plugin with its usual weight.
  static Profile standard(std::string scheduler_name = "default-scheduler");
};

/// Profiles of a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1), as YAML or JSON: schedulerName, plugins
/// enabled and disabled at multiPoint, filter, score and postFilter, their weights, the scoringStrategy of
/// NodeResourcesFit, the hardPodAffinityWeight of InterPodAffinity, percentageOfNodesToScore. Error: BadRequest that
/// names the field, also of what would change decisions and is not supported.
Result<std::vector<Profile>> read_profiles(std::string_view text);

}  // namespace kabuki::scheduler

#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "messages/bus/control.pb.h"
#include "tools/sim/cluster.hpp"
#include "tools/sim/history.hpp"
#include "tools/sim/specified_tree.hpp"
#include "tools/sim/workload.hpp"

namespace kabuki::tools {

enum class Verdict { passed, failed, ran_out_of_time };
std::string_view text(Verdict verdict);

struct Check {
  std::string name;
  Verdict verdict = Verdict::passed;
  std::string detail;  // of a failure: what was found, a few lines
};

/// What the cluster looks like from outside once it is quiet.
struct Observed {
  bool settled = false;
  std::string why_not_settled;
  std::map<Key, ObjectPtr> served;                        // by the API server
  std::map<std::string, std::map<Key, ObjectPtr>> views;  // by host: what its views hold
  std::map<std::string, bus::ActorInfo> trees;            // by host
  std::map<std::string, SpecifiedTree> specified;         // by host: what those are to be
  std::set<std::string> masters;                          // hosts with a control plane
  std::map<std::string, int> container_crashes;           // by pod, "default/web-1"
};

/// Asks the API server and every host; what does not answer is left out.
void observe(SimCluster& cluster, Observed* observed);

/// Every promise, in the order of tools/sim/README.md. One that need only hold in the end has run out of time where
/// the cluster has not settled.
std::vector<Check> judge(const Observed& observed, const History& history, const Workload& workload,
                         const std::vector<std::string>& nodes);

}  // namespace kabuki::tools

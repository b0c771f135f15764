#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "messages/bus/control.pb.h"
#include "tools/sim/cluster.hpp"
#include "tools/sim/specified_tree.hpp"

namespace kabuki::tools {

/// What a check found wrong, a line each.
using Lines = std::vector<std::string>;

/// What the cluster looks like from outside once it is quiet.
struct Observed {
  bool settled = false;
  std::string why_not_settled;
  Lines written_at_rest;                                  // what changed after it had settled
  bool restored = false;                                  // the store was put back on the way
  std::map<Key, ObjectPtr> served;                        // by the API server
  std::map<std::string, std::map<Key, ObjectPtr>> views;  // by host: what its views hold
  std::map<std::string, bus::ActorInfo> trees;            // by host
  std::map<std::string, SpecifiedTree> specified;         // by host: what those are to be
  std::set<std::string> masters;                          // hosts with a control plane
  std::vector<std::string> nodes;                         // names of all that are to be there
  Lines under_past_terms;                                 // what was written so, at any time
  std::map<std::string, int> container_crashes;           // by pod, "default/web-1"

  /// Null where it is not served.
  ObjectPtr find(const Key& key) const {
    const auto found = served.find(key);
    return found == served.end() ? ObjectPtr() : found->second;
  }
  /// One kind of what the API server serves, parsed.
  template <class T>
  std::map<Key, T> all_of(KindId kind) const {
    std::map<Key, T> all;
    for (auto it = served.lower_bound({kind, "", ""}); it != served.end() && it->first.kind == kind; ++it) {
      all.emplace(it->first, it->second->template as<T>());
    }
    return all;
  }
};

/// Asks the API server and every host; what does not answer is left out.
void observe(SimCluster& cluster, Observed* observed);

}  // namespace kabuki::tools

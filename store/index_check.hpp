#pragma once

#include <map>
#include <string>
#include <vector>

#include "messages/bus/types.pb.h"
#include "store/check.hpp"
#include "store/indexes.hpp"

namespace kabuki::store {

/// Whether a running shard's indexes lead to what they should: of each index some values are looked up, and the lists
/// compared with all objects, read at the same revision.
class IndexCheck {
 public:
  /// Looks at up to `values_max` values of each index: those that come first.
  explicit IndexCheck(std::vector<Index> indexes = standard_indexes(), size_t values_max = 200);

  /// Every object of the shard, in key order.
  void add(const Object& object);

  struct Probe {
    bus::Selection selection;  // to be listed at the revision that the objects are of
    std::string what;          // "pods by spec.nodeName node-1"
    std::vector<Key> expected;
  };
  std::vector<Probe> probes() const;

 private:
  const std::vector<Index> indexes_;
  const size_t values_max_;
  std::vector<std::map<std::string, std::vector<Key>>> by_value_;  // of each index
};

/// What is wrong with what `probe` brought.
std::vector<Finding> judge_probe(const std::string& shard, const IndexCheck::Probe& probe,
                                 const std::vector<ObjectPtr>& listed);

}  // namespace kabuki::store

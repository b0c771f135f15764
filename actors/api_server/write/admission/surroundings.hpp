#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "messages/object.hpp"
#include "runtime/object_set.hpp"

namespace kabuki::api_server {

/// The objects that admission looks at beside the one that is written: namespaces, accounts, classes, limits, quotas.
/// Fed by watches, and by the writes that its own API server made, which it so knows at once. Not thread-safe.
class Surroundings {
 public:
  /// The kinds that it holds.
  static std::span<const KindId> kinds();
  static bool holds(KindId kind);

  /// An older version than the one that is known changes nothing, unless it is `listed`: a store that was restored
  /// begins again with lower revisions.
  void put(const ObjectPtr& object, bool listed = false);
  /// What the watch shows: deleted at `revision`.
  void remove(const Key& key, uint64_t revision, bool listed = false);
  /// Deleted by this API server; older versions that the watch shows yet are passed over.
  void remove_own(const Key& key, uint64_t revision);

  /// Null when it is not known: it may exist all the same.
  ObjectPtr find(const Key& key) const;
  const runtime::ObjectSet& all(KindId kind) const;
  std::vector<ObjectPtr> in_namespace(KindId kind, std::string_view ns) const;
  bool any_in_namespace(KindId kind, std::string_view ns) const;

 private:
  std::map<KindId, runtime::ObjectSet> objects_;
  std::map<Key, uint64_t> removed_;  // by this API server, until the watch shows it
};

}  // namespace kabuki::api_server

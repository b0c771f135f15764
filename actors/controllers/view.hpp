#pragma once

#include <absl/container/flat_hash_map.h>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "actors/controllers/pod_facts.hpp"
#include "messages/object.hpp"
#include "runtime/io/time.hpp"
#include "runtime/object_set.hpp"

namespace kabuki::controllers {

using runtime::ObjectSet;

/// What a controller sees of the cluster: the objects of the kinds it watches, shared by pointer, and the indexes it
/// asked for. Every answer is in the order of names. Not thread-safe.
class View {
 public:
  /// Which questions are answered from an index; the others must not be asked.
  enum Index : unsigned {
    kControllers = 1,  // controlled_by, uncontrolled
    kOwners = 2,       // owned_by
    kNodes = 4,        // pods_on
    kPods = 8,         // facts from memory instead of from the pod's bytes
  };

  explicit View(unsigned indexes = 0) : indexes_(indexes) {}

  /// `seen` is when this host learned of it.
  void put(const ObjectPtr& object, io::MonoTime seen = {});
  void remove(const Key& key);

  /// Null when there is none.
  ObjectPtr find(const Key& key) const;
  const ObjectSet& all(KindId kind) const;
  /// Those of one namespace.
  std::vector<ObjectPtr> in_namespace(KindId kind, std::string_view ns) const;
  /// Those whose controlling owner has this uid.
  const ObjectSet& controlled_by(std::string_view uid, KindId kind) const;
  /// Those of a namespace that no owner controls.
  const ObjectSet& uncontrolled(std::string_view ns, KindId kind) const;
  /// Those that name this uid among their owners, of every kind.
  std::vector<ObjectPtr> owned_by(std::string_view uid) const;
  const ObjectSet& pods_on(std::string_view node) const;

  PodFacts facts(const ObjectPtr& pod) const;
  /// When this host learned of the lease's last change: liveness is measured by the own clock, not by the writer's.
  /// The beginning of time when there never was one.
  io::MonoTime lease_seen(const std::string& name) const;
  /// When this host first heard of the node.
  io::MonoTime node_seen(const std::string& name) const;

  /// That the API server would not create or delete what a key asked it to.
  struct Refusal {
    bool creating = true;
    std::string message;  // the API server's
    bool operator==(const Refusal&) const = default;
  };
  /// What a key's last attempt met with, while it has not succeeded since and still tries. Forgotten when the
  /// controller restarts.
  const Refusal* refusal(const Key& key) const;
  /// Null: it succeeded.
  void tell_refusal(const Key& key, const Refusal* refusal);

 private:
  using Index_ = absl::flat_hash_map<std::string, ObjectSet>;  // only looked up

  std::vector<std::string> index_keys(const Object& object) const;
  static const ObjectSet& find_in(const Index_& index, const std::string& key);

  unsigned indexes_;
  std::vector<ObjectSet> by_kind_;
  Index_ index_;
  absl::flat_hash_map<const Object*, PodFacts> facts_;
  absl::flat_hash_map<std::string, io::MonoTime> leases_, nodes_;
  std::map<Key, Refusal> refusals_;
};

}  // namespace kabuki::controllers

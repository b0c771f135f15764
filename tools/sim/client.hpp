#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/write.hpp"
#include "runtime/io/random.hpp"
#include "tools/sim/cluster.hpp"

namespace kabuki::tools {

/// A client at the API server's door, which keeps what each of its objects must be by the answers it got. One write
/// per object at a time; after one whose answer never came it reads until it knows.
class Client {
 public:
  /// What of an object the client sets, as text: two objects that look alike are the same to it.
  using Look = std::string (*)(const Object& object);

  /// What an object is to be.
  struct Wanted {
    bool exists = false;
    std::string uid;
    ObjectPtr object;       // as the client wants it; of its metadata only the name counts
    bool vanishes = false;  // it may go by itself
  };
  struct Counts {
    uint64_t acknowledged = 0;
    uint64_t refused = 0;
    uint64_t unknown = 0;
    uint64_t reads = 0;
  };

  /// `random` is its workload's.
  Client(SimCluster& cluster, io::Random& random) : cluster_(cluster), random_(random) {}

  /// One more object to care for; `look` null: that it is there is all.
  void add(const Key& key, Look look);
  const std::vector<Key>& keys() const { return keys_; }
  const Wanted& wanted(const Key& key) const { return wanted_.at(key); }
  const std::map<Key, Wanted>& wanted() const { return wanted_; }
  bool exists(const Key& key) const { return wanted_.at(key).exists; }
  /// The object as the client wants it, which must exist.
  template <class M>
  M as(const Key& key) const {
    return wanted_.at(key).object->template as<M>();
  }
  /// Something of it is still to be answered.
  bool busy(const Key& key) const;
  bool idle() const;

  void create(const Key& key, const google::protobuf::Message& message, bool vanishes = false);
  void remove(const Key& key, const std::string& propagation = {});
  /// A merge patch, of a part of it or of all, that makes of it what `change` makes of it.
  template <class M>
  void patch(const Key& key, const std::string& json, const std::function<void(M*)>& change, const std::string& what,
             const std::string& subresource = {}) {
    write(key, actors::Write::merge_patch(key, wanted_.at(key).uid, json, subresource), changed<M>(key, change),
          what);
  }
  /// Reads it and replaces what it read.
  template <class M>
  void update(const Key& key, std::function<void(M*)> change, const std::string& what) {
    read(key, [this, key, change = std::move(change), what](const ObjectPtr& object) {
      if (!object) return gone_early(key);
      M message = object->template as<M>();
      change(&message);
      write(key, actors::Write::update(*object, message), changed<M>(key, change), what);
    });
  }
  /// Reads until there is an answer; `then` gets null where there is no such object.
  void read(const Key& key, std::function<void(const ObjectPtr&)> then);

  /// The store was put back to these objects: they are what is to be now, and what was asked before is forgotten.
  void restored(const std::map<Key, ObjectPtr>& objects);

  const Counts& counts() const { return counts_; }
  /// What a read showed that cannot be by the answers before it.
  const std::vector<std::string>& breaches() const { return breaches_; }
  /// What `object` (null: there is none) is not as it was acknowledged; "" when it is.
  std::string wrong_with(const Key& key, const ObjectPtr& object) const;

 private:
  struct Attempt {
    Wanted before;
    Wanted after;
    std::string what;  // for people: "scale deployments/default/web-1"
  };

  template <class M>
  Wanted changed(const Key& key, const std::function<void(M*)>& change) const {
    Wanted after = wanted_.at(key);
    M message = after.object->template as<M>();
    change(&message);
    after.object = Object::encode(key.kind, message);
    return after;
  }
  void write(const Key& key, actors::Write write, Wanted after, const std::string& what);
  void written(const Key& key, const Attempt& attempt, const actors::WriteOutcome& outcome);
  void resolve(const Key& key, const Attempt& attempt);
  bool shows(const Wanted& wanted, const Key& key, const ObjectPtr& object) const;
  /// Reads an object that was written just now, and compares.
  void verify(const Key& key);
  void gone_early(const Key& key);
  void breach(const std::string& what);

  SimCluster& cluster_;
  io::Random& random_;
  std::vector<Key> keys_;
  std::map<Key, Look> looks_;
  std::map<Key, Wanted> wanted_;
  std::map<Key, int> busy_;
  std::set<Key> vanishing_;  // that were ever created to go by themselves
  uint64_t restores_ = 0;    // what was asked before the last one is void
  Counts counts_;
  std::vector<std::string> breaches_;
};

}  // namespace kabuki::tools

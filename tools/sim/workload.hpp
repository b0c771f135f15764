#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/write.hpp"
#include "runtime/io/random.hpp"
#include "tools/sim/cluster.hpp"
#include "tools/sim/workload_objects.hpp"

namespace kabuki::tools {

struct WorkloadOptions {
  io::Duration duration = std::chrono::seconds(60);
  int deployments = 3;
  int replicas_max = 6;
  int pods = 6;
  io::Duration pause_mean = std::chrono::seconds(2);  // between two writes
};

/// A client at the API server's door: creates, scales, updates and deletes Deployments and single pods at random
/// times, and keeps what each object must be by the answers it got. One write per object at a time; after one whose
/// answer never came it reads until it knows.
class Workload {
 public:
  /// What an object is to be, as far as the client sets it.
  struct Wanted {
    bool exists = false;
    std::string uid;
    int replicas = 0;
    std::string image;
    PodShape shape = PodShape::plain;
  };
  struct Counts {
    uint64_t acknowledged = 0;
    uint64_t refused = 0;
    uint64_t unknown = 0;
    uint64_t reads = 0;
  };

  Workload(SimCluster& cluster, WorkloadOptions options);

  /// Begins, for as long as the options say.
  void start();
  /// The store was put back to these objects: they are what is to be now, and what was asked before is forgotten.
  void restored(const std::map<Key, ObjectPtr>& objects);
  /// Everything has been answered, and nothing is unknown.
  bool done() const;
  const std::map<Key, Wanted>& wanted() const { return wanted_; }
  const Counts& counts() const { return counts_; }
  /// What a read showed that cannot be by the answers before it.
  const std::vector<std::string>& breaches() const { return breaches_; }

 private:
  struct Attempt {
    Wanted before;
    Wanted after;
    std::string what;  // for people: "scale deployments/default/web-1 to 3"
  };

  void next();
  void act();
  void change_deployment(const Key& key);
  void change_pod(const Key& key);
  void create(const Key& key, Wanted after, const google::protobuf::Message& message);
  void remove(const Key& key);
  void scale(const Key& key);
  void set_image(const Key& key);
  void update_image(const Key& key, const std::string& image);
  void write(const Key& key, actors::Write write, Wanted after, std::string what);
  void written(const Key& key, const Attempt& attempt, const actors::WriteOutcome& outcome);
  /// Reads until there is an answer; `then` gets null where there is no such object.
  void read(const Key& key, std::function<void(const ObjectPtr&)> then);
  void resolve(const Key& key, const Attempt& attempt);
  static bool shows(const Wanted& wanted, const Key& key, const ObjectPtr& object);
  /// Reads an object that was written just now, and compares.
  void verify(const Key& key);
  void now_wanted(const Key& key, Wanted wanted);
  void breach(const std::string& what);

  SimCluster& cluster_;
  const WorkloadOptions options_;
  io::Random random_;
  io::MonoTime end_;
  bool ended_ = false;
  std::vector<Key> keys_;
  std::map<Key, Wanted> wanted_;
  std::map<Key, int> busy_;
  std::map<std::string, PodShape> shapes_;    // by uid, of every pod that was ever acknowledged
  std::map<Key, PodShape> attempted_shapes_;  // the latest
  uint64_t restores_ = 0;                     // what was asked before the last one is void
  int64_t cpu_milli_;                         // of each pod of a Deployment
  int images_ = 1;
  Counts counts_;
  std::vector<std::string> breaches_;
};

}  // namespace kabuki::tools

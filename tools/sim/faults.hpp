#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "messages/bus/control.pb.h"
#include "runtime/io/random.hpp"
#include "tools/sim/cluster.hpp"

namespace kabuki::tools {

struct FaultOptions {
  io::Duration duration = std::chrono::seconds(60);
  int kills = 10;          // actors, by name
  int crashes = 2;         // hosts
  int partitions = 1;      // of one worker from all, or of one direction of one link
  int pauses = 1;          // hosts that stand still
  int sync_failures = 1;   // of the store
  int clocks = 1;          // hosts whose clock is wrong for a while
  int store_cuts = 1;      // of several masters: one that does not reach the store
  int leader_crashes = 1;  // of several masters: the one that leads the scheduler
  int container_crashes = 0;
  int take_overs = 0;  // all kubelets of a host killed at once, half of them with the API server that they write to
  double drop = 0.01;  // probabilities per frame, while faults last
  double duplicate = 0.01;
  double reorder = 0;
  io::Duration delay = std::chrono::milliseconds(2);  // mean, of every frame
  io::Duration down_max = std::chrono::seconds(30);   // of a host or a link

  static FaultOptions none();
};

inline FaultOptions FaultOptions::none() {
  return {.kills = 0,
          .crashes = 0,
          .partitions = 0,
          .pauses = 0,
          .sync_failures = 0,
          .clocks = 0,
          .store_cuts = 0,
          .leader_crashes = 0,
          .drop = 0,
          .duplicate = 0,
          .delay = io::Duration::zero()};
}

/// One fault as it happened. -1: not yet.
struct FaultRecord {
  std::string kind;  // kill, take-over, crash-host, crash-container, partition, pause, clock, sync-failure, network
  std::string target;
  std::string detail;
  int64_t fired_ns = -1;
  int64_t reverted_ns = -1;  // of a kill: when it was answered
};

/// Breaks a cluster at random times, and mends everything again by the end of its duration. Each fault draws from a
/// stream of its own: with a lower count of a kind, the faults that are left are the same.
class Faults {
 public:
  Faults(SimCluster& cluster, FaultOptions options);

  void start();
  /// Everything has been reverted, and no fault will come.
  bool over() const { return open_ == 0 && over_; }
  const std::vector<FaultRecord>& records() const { return records_; }
  /// How often a container of each pod ("default/web-1") was crashed.
  const std::map<std::string, int>& container_crashes() const { return container_crashes_; }

 private:
  using Fault = void (Faults::*)(io::Random);

  void plan(const std::string& kind, int count, Fault fault);
  /// Calls back with the actors of a host, unless it does not tell or the faults are over by then.
  void inspect(const std::string& host, std::function<void(const bus::ActorInfo& root)> then);
  void kill(io::Random random);
  void kill_one_of(const std::string& host, const bus::ActorInfo& root, io::Random random);
  void crash(io::Random random);
  void partition(io::Random random);
  void pause(io::Random random);
  void fail_sync(io::Random random);
  void skew_clock(io::Random random);
  void cut_store(io::Random random);
  void crash_leader(io::Random random);
  void crash_container(io::Random random);
  void crash_one_of(const std::string& host, const bus::ActorInfo& root, io::Random random);
  void take_over(io::Random random);
  /// Asks the actor to end at once; what the answer says goes to the record.
  void end_actor(const std::string& host, const std::string& target, size_t record);
  void break_network();
  size_t fired(std::string kind, std::string target, std::string detail);
  void revert_later(size_t record, io::Random& random, std::function<void()> revert);
  std::string any_host(io::Random& random, bool workers_only);

  SimCluster& cluster_;
  const FaultOptions options_;
  const io::Random random_;
  io::MonoTime end_;
  std::vector<FaultRecord> records_;
  std::map<std::string, int> container_crashes_;
  int open_ = 0;
  bool over_ = false;
};

/// Full names of all actors below and including `actor`, in order. `pods` false leaves out what is below a node.
std::vector<std::string> actor_names(const bus::ActorInfo& actor, bool pods);

}  // namespace kabuki::tools

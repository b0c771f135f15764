#pragma once

#include <string>
#include <vector>

#include "runtime/io/random.hpp"
#include "tools/sim/cluster.hpp"
#include "tools/sim/faults.hpp"
#include "tools/sim/history.hpp"
#include "tools/sim/workload.hpp"

namespace kabuki::tools {

struct BackupOptions {
  io::Duration duration = std::chrono::seconds(60);
  int restores = 0;
};

/// Saves a running cluster at random times, and some time later puts its store back to what it was then: host-1
/// stops, gets the restored media, starts. Everything else, workers, views and the client, goes on as it is.
class Backups {
 public:
  Backups(SimCluster& cluster, History& history, Workloads& workloads, BackupOptions options);
  ~Backups();

  void start();
  /// Every restore that was planned has happened.
  bool over() const { return open_ == 0; }
  const std::vector<FaultRecord>& records() const { return records_; }

 private:
  class Backup;

  void save(const std::shared_ptr<Backup>& backup);
  void ask_next(const std::shared_ptr<Backup>& backup);
  void saved(const std::shared_ptr<Backup>& backup, const Result<runtime::MessagePtr>& answer);
  void restore(const std::shared_ptr<Backup>& backup);

  SimCluster& cluster_;
  History& history_;
  Workloads& workloads_;
  const BackupOptions options_;
  const io::Random random_;
  std::vector<FaultRecord> records_;
  int open_ = 0;
};

}  // namespace kabuki::tools

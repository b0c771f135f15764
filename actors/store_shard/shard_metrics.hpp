#pragma once

#include <string>
#include <vector>

#include "runtime/io/time.hpp"
#include "runtime/metrics.hpp"
#include "store/engine.hpp"

namespace kabuki::store {

/// What a shard counts, all labelled with its name. store/README.md lists them.
class ShardMetrics {
 public:
  ShardMetrics(runtime::Metrics& metrics, const std::string& shard);

  void submitted(const std::vector<Mutation>& batch);
  void answered(const std::vector<MutationResult>& results, io::Duration took);
  void barrier_answered(bool ok, io::Duration took);

  runtime::Gauge& objects;
  runtime::Gauge& writes_waiting;
  runtime::Counter& writes_turned_away;
  runtime::Gauge& reads_waiting;
  runtime::Counter& reads_late;
  runtime::Gauge& watches;
  runtime::Gauge& watches_parked;
  runtime::Counter& watch_events;
  runtime::Counter& watch_batches;
  runtime::Counter& watches_ended;
  runtime::Counter& compacted;
  runtime::Counter& list_scanned;
  runtime::Counter& watch_judged;
  runtime::Gauge& full;
  runtime::Gauge& stalled;

 private:
  ShardMetrics(runtime::Metrics& metrics, const runtime::Metrics::Labels& labels);

  runtime::Counter& committed_;
  runtime::Counter& conflicts_;
  runtime::Counter& unknown_;
  runtime::Counter& refused_;
  runtime::Counter& deposed_;
  runtime::Counter& bytes_;
  runtime::Histogram& batch_;
  runtime::Histogram& commit_seconds_;
  runtime::Counter& barriers_failed_;
  runtime::Histogram& barrier_seconds_;
};

}  // namespace kabuki::store

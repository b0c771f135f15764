#include "actors/store_shard/shard_metrics.hpp"

namespace kabuki::store {

namespace {

std::vector<double> batch_buckets() { return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}; }

double seconds(io::Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

ShardMetrics::ShardMetrics(runtime::Metrics& metrics, const runtime::Metrics::Labels& labels)
    : objects(metrics.gauge("kabuki_store_objects", labels)),
      writes_waiting(metrics.gauge("kabuki_store_writes_waiting", labels)),
      writes_turned_away(metrics.counter("kabuki_store_writes_turned_away_total", labels)),
      reads_waiting(metrics.gauge("kabuki_store_reads_waiting", labels)),
      reads_late(metrics.counter("kabuki_store_reads_late_total", labels)),
      watches(metrics.gauge("kabuki_store_watches", labels)),
      watches_parked(metrics.gauge("kabuki_store_watches_parked", labels)),
      watch_events(metrics.counter("kabuki_store_watch_events_total", labels)),
      watch_batches(metrics.counter("kabuki_store_watch_batches_total", labels)),
      watches_ended(metrics.counter("kabuki_store_watches_ended_total", labels)),
      compacted(metrics.counter("kabuki_store_compacted_total", labels)),
      list_scanned(metrics.counter("kabuki_store_list_scanned_total", labels)),
      watch_judged(metrics.counter("kabuki_store_watch_judged_total", labels)),
      full(metrics.gauge("kabuki_store_full", labels)),
      stalled(metrics.gauge("kabuki_store_stalled", labels)),
      committed_(metrics.counter("kabuki_store_committed_total", labels)),
      conflicts_(metrics.counter("kabuki_store_conflicts_total", labels)),
      unknown_(metrics.counter("kabuki_store_unknown_total", labels)),
      refused_(metrics.counter("kabuki_store_refused_total", labels)),
      deposed_(metrics.counter("kabuki_store_deposed_total", labels)),
      bytes_(metrics.counter("kabuki_store_submitted_bytes_total", labels)),
      batch_(metrics.histogram("kabuki_store_batch_mutations", labels, batch_buckets())),
      commit_seconds_(metrics.histogram("kabuki_store_commit_seconds", labels)),
      barriers_failed_(metrics.counter("kabuki_store_barriers_failed_total", labels)),
      barrier_seconds_(metrics.histogram("kabuki_store_barrier_seconds", labels)) {
  metrics.describe("kabuki_store_objects", "Objects that are there");
  metrics.describe("kabuki_store_writes_waiting", "Mutations that the engine has not been given yet");
  metrics.describe("kabuki_store_writes_turned_away_total", "Commits refused because too much waited");
  metrics.describe("kabuki_store_reads_waiting", "Reads that wait until the shard has seen enough");
  metrics.describe("kabuki_store_reads_late_total",
                   "Reads that failed because the shard had not seen enough in time");
  metrics.describe("kabuki_store_watches", "Streams");
  metrics.describe("kabuki_store_watches_parked", "Streams that wait for credit with something to be told");
  metrics.describe("kabuki_store_watch_events_total", "Events told, once per stream");
  metrics.describe("kabuki_store_watch_batches_total", "Messages in which events were told");
  metrics.describe("kabuki_store_watches_ended_total", "Streams ended by the shard, with 410 mostly");
  metrics.describe("kabuki_store_compacted_total", "Changes forgotten because of their age");
  metrics.describe("kabuki_store_list_scanned_total", "Objects that lists looked at");
  metrics.describe("kabuki_store_watch_judged_total", "Comparisons of a change with what a group of streams selects");
  metrics.describe("kabuki_store_full", "1 while changes are refused because there is no room for them");
  metrics.describe("kabuki_store_stalled", "1 while writes have not been answered for 5 s");
  metrics.describe("kabuki_store_committed_total", "Mutations that were committed");
  metrics.describe("kabuki_store_conflicts_total", "Mutations refused because the object had changed");
  metrics.describe("kabuki_store_unknown_total", "Mutations of which nobody can say whether they were committed");
  metrics.describe("kabuki_store_refused_total", "Mutations refused because there is no room for them");
  metrics.describe("kabuki_store_deposed_total", "Mutations refused because their leader's term was over");
  metrics.describe("kabuki_store_submitted_bytes_total", "Bytes of the objects submitted to the engine");
  metrics.describe("kabuki_store_batch_mutations", "Mutations of a submission to the engine");
  metrics.describe("kabuki_store_commit_seconds", "From a submission to its answer: queueing in the engine and sync");
  metrics.describe("kabuki_store_barriers_failed_total", "Times that the engine could not say what was written last");
  metrics.describe("kabuki_store_barrier_seconds",
                   "From asking what was written last to the answer, where it took time");
  // They are the host's: a former life of the shard, which has raised them, can end them no more.
  full.set(0);
  stalled.set(0);
}

ShardMetrics::ShardMetrics(runtime::Metrics& metrics, const std::string& shard)
    : ShardMetrics(metrics, runtime::Metrics::Labels{{"shard", shard}}) {}

void ShardMetrics::submitted(const std::vector<Mutation>& batch) {
  uint64_t bytes = 0;
  for (const auto& mutation : batch) bytes += mutation.object ? mutation.object->size() : 0;
  bytes_.add(bytes);
  batch_.observe(static_cast<double>(batch.size()));
}

void ShardMetrics::answered(const std::vector<MutationResult>& results, io::Duration took) {
  uint64_t counts[6] = {};
  for (const auto& result : results) ++counts[static_cast<int>(result.outcome)];
  committed_.add(counts[static_cast<int>(Outcome::committed)]);
  conflicts_.add(counts[static_cast<int>(Outcome::conflict)]);
  unknown_.add(counts[static_cast<int>(Outcome::unknown)]);
  refused_.add(counts[static_cast<int>(Outcome::refused)]);
  deposed_.add(counts[static_cast<int>(Outcome::deposed)]);
  commit_seconds_.observe(seconds(took));
}

void ShardMetrics::barrier_answered(bool ok, io::Duration took) {
  if (!ok) barriers_failed_.add();
  barrier_seconds_.observe(seconds(took));
}

}  // namespace kabuki::store

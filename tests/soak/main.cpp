#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <stdlib.h>
#include <thread>
#include <unistd.h>

#include "runtime/io/live_clock.hpp"
#include "tests/soak/disk_run.hpp"
#include "tests/soak/etcd_run.hpp"
#include "tests/soak/kill_run.hpp"
#include "tests/store/etcd_cluster.hpp"

namespace kabuki::store::soak {
namespace {

double seconds() {
  static const io::LiveClock clock;
  return static_cast<double>(clock.mono().ns) / 1e9;
}

int disk(uint64_t first, uint64_t seeds, unsigned jobs) {
  const double start = seconds();
  std::atomic<uint64_t> next = first;
  std::mutex mutex;
  DiskTally tally;
  uint64_t wrong = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < jobs; ++i) {
    threads.emplace_back([&] {
      for (uint64_t seed = next++; seed < first + seeds; seed = next++) {
        DiskTally own;
        const auto why = run_disk_seed(seed, &own);
        const std::lock_guard lock(mutex);
        tally.add(own);
        if (why.empty()) continue;
        ++wrong;
        fprintf(stderr, "seed %lu: %s\n  again: tools/soak disk --first %lu --seeds 1\n", seed, why.c_str(), seed);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& [what, count] : tally.counts) printf("%12lu  %s\n", count, what.c_str());
  uint64_t missing = 0;
  for (const auto& [what, from] : must_happen()) {
    if (seeds < from || tally.counts[what] > 0) continue;
    ++missing;
    fprintf(stderr, "never happened: %s\n", what);
  }
  printf("%lu seeds in %.0f s: %lu wrong\n", seeds, seconds() - start, wrong);
  return wrong + missing == 0 ? 0 : 1;
}

int store(KillOptions options) {
  const double start = seconds();
  options.directory += "/kabuki-soak-XXXXXX";
  if (!mkdtemp(options.directory.data())) {
    fprintf(stderr, "cannot make a folder %s\n", options.directory.c_str());
    return 1;
  }
  KillTally tally;
  const auto wrong = run_kills(options, &tally);
  printf("%lu rounds in %.0f s, %lu of them killed while loading; %lu commits acknowledged; %lu objects at the end\n",
         tally.rounds, seconds() - start, tally.kills_while_loading, tally.acknowledged, tally.objects);
  if (!wrong.empty()) {
    fprintf(stderr, "seed %lu: %s\nthe stores are kept in %s\n", options.seed, wrong.c_str(),
            options.directory.c_str());
    return 1;
  }
  printf("0 acknowledged commits lost\n");
  std::filesystem::remove_all(options.directory);
  return 0;
}

/// What ctest takes for "skipped".
constexpr int kSkipped = 77;

int etcd(const EtcdKillOptions& options) {
  if (!test::EtcdCluster::installed()) {
    fprintf(stderr, "etcd is not installed: tools/setup, or apt-get install etcd-server\n");
    return kSkipped;
  }
  const double start = seconds();
  EtcdKillTally tally;
  const auto wrong = run_etcd_kills(options, &tally);
  printf(
      "%lu rounds in %.0f s; kill -9 of %lu leaders, %lu other members, %lu writers; %lu commits acknowledged, "
      "%lu of unknown end, %lu found though not acknowledged\n",
      tally.rounds, seconds() - start, tally.leaders_killed, tally.members_killed, tally.writers_killed,
      tally.acknowledged, tally.unknown, tally.came_late);
  if (!wrong.empty()) {
    fprintf(stderr, "seed %lu: %s\n", options.seed, wrong.c_str());
    return 1;
  }
  printf("0 acknowledged commits lost\n");
  return 0;
}

}  // namespace
}  // namespace kabuki::store::soak

int main(int argc, char** argv) {
  using namespace kabuki::store::soak;
  CLI::App app("Crashes stores until something that was acknowledged is lost.");
  app.require_subcommand(1);

  uint64_t first = 0, seeds = 10'000;
  unsigned jobs = 2;
  auto* disk_command = app.add_subcommand("disk", "RocksDB over a simulated disk with faults and crashes");
  disk_command->add_option("--seeds", seeds, "how many")->capture_default_str();
  disk_command->add_option("--first", first, "the first of them")->capture_default_str();
  disk_command->add_option("--jobs", jobs, "threads")->capture_default_str();

  KillOptions kills{.directory = "/var/tmp", .program = std::filesystem::read_symlink("/proc/self/exe")};
  auto* store_command = app.add_subcommand("store", "kill -9 of a process that writes at full speed");
  store_command->add_option("--rounds", kills.rounds, "how often")->capture_default_str();
  store_command->add_option("--seed", kills.seed, "of the writes and the kills")->capture_default_str();
  std::string engine = "rocksdb";
  store_command->add_option("--engine", engine, "rocksdb, or etcd: three members, of which some are killed too")
      ->check(CLI::IsMember({"rocksdb", "etcd"}))
      ->capture_default_str();
  store_command->add_option("--directory", kills.directory, "where to make the stores")->capture_default_str();

  std::string directory;
  uint64_t seed = 0, round = 0;
  int pipe = 0;
  auto* writer = app.add_subcommand("writer", "the process that `store` kills")->group("");
  writer->add_option("directory", directory)->required();
  writer->add_option("seed", seed)->required();
  writer->add_option("round", round)->required();
  writer->add_option("pipe", pipe)->required();

  auto* etcd_writer = app.add_subcommand("etcd-writer", "the same over etcd")->group("");
  etcd_writer->add_option("urls", directory)->required();
  etcd_writer->add_option("seed", seed)->required();
  etcd_writer->add_option("round", round)->required();
  etcd_writer->add_option("pipe", pipe)->required();

  CLI11_PARSE(app, argc, argv);
  if (disk_command->parsed()) return disk(first, seeds, jobs);
  if (store_command->parsed() && engine == "etcd") {
    return etcd({.seed = kills.seed, .rounds = kills.rounds, .program = kills.program});
  }
  if (store_command->parsed()) return store(kills);
  if (etcd_writer->parsed()) return run_etcd_writer(directory, seed, round, pipe);
  return run_writer(directory, seed, round, pipe);
}

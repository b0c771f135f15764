#include "tests/soak/disk_run.hpp"

#include <array>
#include <atomic>
#include <thread>

#include "store/engines/rocksdb.hpp"
#include "tests/soak/engine_client.hpp"

namespace kabuki::store::soak {

namespace {

constexpr const char* kFolder = "shard";

enum class Fault { lost, torn, sync_error, write_error, full, filled_by_others, slow, rot };
constexpr const char* kFaultNames[] = {"lost", "torn", "sync error", "write error", "full", "filled by others",
                                       "slow", "rot"};
constexpr uint64_t kFaults = 8;

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// "log", "sst", "MANIFEST", ...
std::string type_of(const std::string& path) {
  const std::string name = base_name(path);
  const auto dot = name.rfind('.');
  return dot != std::string::npos && !name.starts_with("LOG") ? name.substr(dot + 1) : name.substr(0, name.find('-'));
}

class DiskRun {
 public:
  DiskRun(uint64_t seed, DiskTally* tally)
      : fault_(static_cast<Fault>(seed % kFaults)),
        random_(io::Random(seed).split("run")),
        disk_(io::Random(seed).split("disk"), [this](io::Duration latency) { slept(latency); }),
        workload_(io::Random(seed).split("workload"), workload_options()),
        tally_(tally) {}

  std::string run();

 private:
  std::unique_ptr<Engine> engine() {
    return make_rocksdb_engine({.directory = kFolder,
                                .identity = {"pods", "pods=pods"},
                                .memtable_bytes = 64u << 10,
                                .block_cache_bytes = 64u << 10,
                                .disk_low_bytes = kLow,
                                .disk_reserve_bytes = kReserve,
                                .disk = &disk_});
  }
  WorkloadOptions workload_options() const {
    if (fault_ == Fault::full) return {.batch_max = 1, .body_max = 8000, .deletes = 0.15};
    // Of one: what was refused in a batch whose answer never came could not be told.
    if (fault_ == Fault::filled_by_others) return {.batch_max = 1, .body_max = 4000};
    return {.body_max = 2500};
  }
  void slept(io::Duration latency) {
    slept_ns_ += static_cast<uint64_t>(latency.count());
    std::this_thread::yield();
  }
  void set_faults();
  void fill();
  std::string life(uint64_t commits);
  std::string healthy_life(uint64_t commits);
  std::string write(EngineClient& client, uint64_t commits);
  std::string compare(const Result<Contents>& loaded);
  bool put_right(EngineClient& client, Submission submission, const Contents& before);
  void part(EngineClient& client);
  std::string rot();
  void count();

  static constexpr uint64_t kLow = 256u << 10;
  static constexpr uint64_t kReserve = 64u << 10;

  const Fault fault_;
  io::Random random_;
  std::atomic<uint64_t> slept_ns_ = 0;
  runtime::sim::SimDisk disk_;
  runtime::sim::DiskFaults faults_;
  Workload workload_;
  Expectation expectation_;
  Contents contents_;  // with all that was submitted
  DiskTally* const tally_;
  bool one_by_one_ = false;  // so that refusals can be put right
  bool refusing_ = false;    // a write was refused in this life
};

void DiskRun::set_faults() {
  runtime::sim::DiskFaults faults;
  faults.torn_writes = fault_ == Fault::torn || random_.chance(0.3);
  if (fault_ == Fault::sync_error) faults.sync_error = 0.002 * static_cast<double>(1 + random_.below(30));
  if (fault_ == Fault::write_error) faults.write_error = 0.002 * static_cast<double>(1 + random_.below(30));
  if (fault_ == Fault::slow) faults.sync_latency = std::chrono::milliseconds(random_.between(1, 5000));
  if (fault_ == Fault::full) faults.capacity = 900u << 10;
  if (fault_ == Fault::filled_by_others) faults.capacity = 4u << 20;
  one_by_one_ = faults.capacity > 0;
  disk_.set_faults(faults_ = faults);
}

/// Leaves next to no room, whatever the store had in reserve.
void DiskRun::fill() {
  faults_.capacity = 1ull << 40;
  disk_.set_faults(faults_);
  const auto free = disk_.free_bytes(kFolder);
  faults_.capacity = free ? faults_.capacity - *free + random_.below(random_.chance(0.5) ? 100 : 3000) : 4u << 20;
  disk_.set_faults(faults_);
}

std::string DiskRun::run() {
  tally_->add(std::string("seeds: ") + kFaultNames[static_cast<size_t>(fault_)]);
  const uint64_t lives = 2 + random_.below(3);
  for (uint64_t i = 0; i < lives; ++i) {
    set_faults();
    const uint64_t commits = 10 + random_.below(fault_ == Fault::full ? 200 : 60);
    // Within opening, within commits, or not at all.
    if (fault_ != Fault::rot && random_.chance(0.8)) disk_.fail_power_after(random_.below(30 + 3 * commits));
    if (auto wrong = life(commits); !wrong.empty()) return wrong;
  }
  count();
  disk_.set_faults({});
  disk_.fail_power_after(UINT64_MAX);
  if (fault_ == Fault::rot) return rot();
  if (auto wrong = healthy_life(10); !wrong.empty()) return wrong;
  return healthy_life(0);
}

std::string DiskRun::compare(const Result<Contents>& loaded) {
  if (auto wrong = expectation_.found(loaded->revision(), loaded->digest()); !wrong.empty()) return wrong;
  contents_ = expectation_.base();
  return contents_ == *loaded ? "" : "the objects are not those that were written";
}

std::string DiskRun::life(uint64_t commits) {
  tally_->add("lives");
  refusing_ = false;
  EngineClient client(engine(), &expectation_);
  const auto loaded = client.load();
  if (!loaded) {
    const bool fault = disk_.power_failed() || fault_ == Fault::sync_error || fault_ == Fault::write_error ||
                       fault_ == Fault::full || fault_ == Fault::filled_by_others;
    if (!fault) return "it does not open: " + loaded.error().message;
    tally_->add("starts that failed by the fault");
    part(client);
    return "";
  }
  if (auto wrong = compare(loaded); !wrong.empty()) return wrong;
  client.start();
  auto wrong = write(client, commits);
  part(client);
  return wrong;
}

/// Ends the engine with or without a crash of its host.
void DiskRun::part(EngineClient& client) {
  const bool crash = disk_.power_failed() || random_.chance(0.5);
  if (crash) disk_.fail_power_after(0);
  client.end();
  if (crash || disk_.power_failed()) disk_.crash();
}

std::string DiskRun::write(EngineClient& client, uint64_t commits) {
  const size_t in_flight = one_by_one_ ? 1 : 1 + random_.below(8);
  for (uint64_t i = 0; i < commits; ++i) {
    if (fault_ == Fault::filled_by_others && i > commits / 3 && random_.chance(0.1)) fill();
    const Contents before = one_by_one_ ? contents_ : Contents();
    auto submission = workload_.next(&contents_);
    if (!client.submit(submission, in_flight)) break;
    if (one_by_one_ && !put_right(client, std::move(submission), before)) break;
  }
  client.answer();
  tally_->add("commits acknowledged", expectation_.acknowledged_count());
  if (client.failure()) tally_->add("engines ended by a fault");
  return client.wrong();
}

/// False when the last submission's end is unknown. What was refused is taken out of what is expected.
bool DiskRun::put_right(EngineClient& client, Submission submission, const Contents& before) {
  const auto results = client.answer();
  if (!results) return false;
  if (*results == submission.results) {
    const bool committed = results->back().outcome == Outcome::committed;
    if (refusing_ && committed && !submission.batch.back().object) tally_->add("deletes done on a full disk");
    return true;
  }
  contents_ = before;
  for (size_t i = 0; i < results->size(); ++i) {
    if ((*results)[i].outcome == Outcome::refused) {
      tally_->add("writes refused by a full disk");
      submission.results[i] = {Outcome::refused, (*results)[i].revision};
      if (!submission.batch[i].object) tally_->add("DELETES REFUSED");
      continue;
    }
    submission.results[i] = contents_.judge(submission.batch[i]);
  }
  refusing_ = true;
  if (*results != submission.results) {
    tally_->add("WRONG ANSWERS");
    return false;
  }
  expectation_.replace_last(std::move(submission));
  expectation_.acknowledged();
  return true;
}

std::string DiskRun::healthy_life(uint64_t commits) {
  one_by_one_ = false;
  EngineClient client(engine(), &expectation_);
  const auto loaded = client.load();
  if (!loaded) return "it does not open on a healthy disk: " + loaded.error().message;
  if (auto wrong = compare(loaded); !wrong.empty()) return wrong;
  client.start();
  for (uint64_t i = 0; i < commits; ++i) client.submit(workload_.next(&contents_), 4);
  client.answer();
  const size_t acknowledged = expectation_.acknowledged_count();
  client.end();
  if (acknowledged != commits) return "a healthy disk does not take commits";
  return client.wrong();
}

std::string DiskRun::rot() {
  // Half of them where the data is.
  auto bit = disk_.rot(kFolder, std::array<const char*, 4>{".log", ".sst", "", ""}[random_.below(4)]);
  if (!bit) bit = disk_.rot(kFolder);
  if (!bit) return "there is nothing to rot";
  EngineClient client(engine(), &expectation_);
  const auto loaded = client.load();
  if (loaded) {
    tally_->add("rotten bits without effect: " + type_of(bit->path));
    auto wrong = compare(loaded);
    if (!wrong.empty())
      wrong = "a rotten " + bit->path + " at " + std::to_string(bit->offset) + " was taken: " + wrong;
    client.end();
    return wrong;
  }
  const std::string& why = loaded.error().message;
  client.end();
  if (why.find(base_name(bit->path)) == std::string::npos || why.find("offset ") == std::string::npos) {
    return "a rotten " + bit->path + " at " + std::to_string(bit->offset) +
           " was refused without file and offset: " + why;
  }
  tally_->add("rotten bits refused by file and offset: " + type_of(bit->path));
  return "";
}

void DiskRun::count() {
  const auto counts = disk_.counts();
  tally_->add("crashes", counts.crashes);
  tally_->add("power failures within a change", counts.power_offs);
  tally_->add("bytes lost in crashes", counts.lost_bytes);
  tally_->add("files torn by crashes", counts.torn_files);
  tally_->add("names lost in crashes", counts.lost_names);
  tally_->add("syncs failed", counts.sync_errors);
  tally_->add("appends failed", counts.write_errors);
  tally_->add("appends without room", counts.full);
  tally_->add("slow syncs", counts.stalls);
  tally_->add("simulated seconds of slow syncs", slept_ns_ / 1'000'000'000);
}

}  // namespace

const std::vector<MustHappen>& must_happen() {
  static const std::vector<MustHappen> all = {{"commits acknowledged", 100},
                                              {"crashes", 100},
                                              {"power failures within a change", 100},
                                              {"bytes lost in crashes", 100},
                                              {"files torn by crashes", 100},
                                              {"names lost in crashes", 100},
                                              {"syncs failed", 100},
                                              {"appends failed", 100},
                                              {"slow syncs", 100},
                                              {"engines ended by a fault", 100},
                                              {"writes refused by a full disk", 100},
                                              {"deletes done on a full disk", 100},
                                              {"appends without room", 1000},
                                              {"rotten bits refused by file and offset: log", 1000},
                                              {"rotten bits refused by file and offset: sst", 1000},
                                              {"rotten bits refused by file and offset: MANIFEST", 1000}};
  return all;
}

std::string run_disk_seed(uint64_t seed, DiskTally* tally) {
  DiskTally own;
  auto wrong = DiskRun(seed, &own).run();
  for (const char* never : {"DELETES REFUSED", "WRONG ANSWERS"}) {
    if (wrong.empty() && own.counts.contains(never)) wrong = never;
  }
  tally->add(own);
  return wrong;
}

}  // namespace kabuki::store::soak

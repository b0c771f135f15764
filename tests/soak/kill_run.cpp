#include "tests/soak/kill_run.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <thread>

#include "store/engines/rocksdb.hpp"
#include "tests/soak/engine_client.hpp"
#include "tests/soak/writer_process.hpp"

namespace kabuki::store::soak {

namespace {

constexpr size_t kShards = 2;
constexpr size_t kInFlight = 64;
constexpr uint64_t kAcknowledgedMax = 3000;  // until a kill

Workload workload_of(uint64_t seed, uint64_t round, size_t shard) {
  return Workload(io::Random(seed).split("round-" + std::to_string(round) + "/shard-" + std::to_string(shard)),
                  {.names = 2000, .batch_max = 3, .body_max = 1000});
}

/// One shard of the writer.
void write_shard(const std::string& directory, uint64_t seed, uint64_t round, size_t shard, int pipe) {
  Expectation expectation;
  auto engine = make_rocksdb_engine({.directory = directory + "/shard-" + std::to_string(shard),
                                     .identity = {"pods", "pods=pods"},
                                     .memtable_bytes = 1u << 20});
  EngineClient client(std::move(engine), &expectation, [&] { say(pipe, {Record::acknowledged, shard}); });
  auto contents = client.load();
  if (!contents) {
    fprintf(stderr, "%s\n", contents.error().message.c_str());
    return say(pipe, {Record::wrong, shard});
  }
  say(pipe, {Record::loaded, shard, contents->revision(), contents->digest()});
  client.start();
  auto workload = workload_of(seed, round, shard);
  while (client.submit(workload.next(&*contents), kInFlight) && client.wrong().empty()) {
  }
  say(pipe, {Record::wrong, shard});
}

/// What the parent knows of a shard.
struct Shard {
  Expectation expectation;
  Contents contents;
  std::unique_ptr<Workload> workload;  // of this round, once it has loaded
};

class Round {
 public:
  Round(const KillOptions& options, uint64_t number, std::array<Shard, kShards>* shards, KillTally* tally)
      : options_(options),
        number_(number),
        random_(io::Random(options.seed).split("kill-" + std::to_string(number))),
        shards_(*shards),
        tally_(tally) {}

  std::string run();

 private:
  std::string take(const Record& record);

  const KillOptions& options_;
  const uint64_t number_;
  io::Random random_;
  std::array<Shard, kShards>& shards_;
  KillTally* const tally_;
  WriterProcess writer_;
  size_t loaded_ = 0;
  uint64_t acknowledged_ = 0;
};

std::string Round::take(const Record& record) {
  Shard& shard = shards_[record.part];
  if (record.kind == Record::wrong) return "the writer says that an answer is wrong or that it cannot open";
  if (record.kind == Record::loaded) {
    const uint64_t before = shard.expectation.base().revision();
    if (auto wrong = shard.expectation.found(record.revision, record.digest); !wrong.empty()) return wrong;
    shard.contents = shard.expectation.base();
    if (shard.contents.revision() < before) return "the revision went back";
    shard.workload = std::make_unique<Workload>(workload_of(options_.seed, number_, record.part));
    ++loaded_;
    return "";
  }
  shard.expectation.submitted(shard.workload->next(&shard.contents));
  shard.expectation.acknowledged();
  ++acknowledged_;
  return "";
}

std::string Round::run() {
  for (Shard& shard : shards_) shard.workload.reset();
  const std::vector<std::string> arguments{"writer", options_.directory, std::to_string(options_.seed),
                                           std::to_string(number_)};
  if (!writer_.start(options_.program, arguments)) return "cannot start " + options_.program;
  std::string wrong;
  const bool early = random_.chance(0.05);
  const uint64_t enough = random_.below(kAcknowledgedMax);
  if (early) {
    writer_.wait(static_cast<int>(random_.below(30)));
    writer_.kill();
  }
  for (Record record; writer_.read(&record) == WriterProcess::Said::record;) {
    if (auto why = take(record); wrong.empty() && !why.empty()) wrong = why;
    if (!wrong.empty() || (acknowledged_ >= enough && loaded_ == kShards)) writer_.kill();
  }
  if (!writer_.was_killed() && wrong.empty()) wrong = "the writer ended by itself";
  if (loaded_ < kShards) ++tally_->kills_while_loading;
  tally_->acknowledged += acknowledged_;
  ++tally_->rounds;
  // What was in flight may be found or not.
  for (Shard& shard : shards_) {
    for (size_t i = 0; shard.workload && i < kInFlight; ++i) {
      shard.expectation.submitted(shard.workload->next(&shard.contents));
    }
  }
  return wrong.empty() ? "" : "round " + std::to_string(number_) + ": " + wrong;
}

}  // namespace

std::string run_kills(const KillOptions& options, KillTally* tally) {
  std::array<Shard, kShards> shards;
  for (uint64_t i = 0; i < options.rounds; ++i) {
    if (auto wrong = Round(options, i, &shards, tally).run(); !wrong.empty()) return wrong;
  }
  for (size_t i = 0; i < kShards; ++i) {
    EngineClient last(make_rocksdb_engine({.directory = options.directory + "/shard-" + std::to_string(i),
                                           .identity = {"pods", "pods=pods"}}),
                      &shards[i].expectation);
    const auto loaded = last.load();
    last.end();
    if (!loaded) return loaded.error().message;
    if (auto wrong = shards[i].expectation.found(loaded->revision(), loaded->digest()); !wrong.empty()) return wrong;
    tally->objects += loaded->entries().size();
  }
  return "";
}

int run_writer(const std::string& directory, uint64_t seed, uint64_t round, int pipe) {
  std::array<std::thread, kShards> threads;
  for (size_t i = 0; i < kShards; ++i) {
    threads[i] = std::thread([&, i] { write_shard(directory, seed, round, i, pipe); });
  }
  for (auto& thread : threads) thread.join();
  return 1;  // it is to be killed
}

}  // namespace kabuki::store::soak

#include "tests/soak/kill_run.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "store/engines/rocksdb.hpp"
#include "tests/soak/engine_client.hpp"

extern char** environ;

namespace kabuki::store::soak {

namespace {

constexpr size_t kShards = 2;
constexpr size_t kInFlight = 64;
constexpr uint64_t kAcknowledgedMax = 3000;  // until a kill

/// What the writer says.
struct Record {
  enum Kind : uint64_t { loaded, acknowledged, wrong };
  uint64_t kind = 0;
  uint64_t shard = 0;
  uint64_t revision = 0;
  uint64_t digest = 0;
};

Workload workload_of(uint64_t seed, uint64_t round, size_t shard) {
  return Workload(io::Random(seed).split("round-" + std::to_string(round) + "/shard-" + std::to_string(shard)),
                  {.names = 2000, .batch_max = 3, .body_max = 1000});
}

void say(int pipe, const Record& record) {
  // A record is smaller than PIPE_BUF: it is written as a whole.
  while (write(pipe, &record, sizeof record) < 0 && errno == EINTR) {
  }
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
  std::string start();
  /// False at the end of what the writer said.
  bool read_record(Record* record);
  std::string take(const Record& record);

  const KillOptions& options_;
  const uint64_t number_;
  io::Random random_;
  std::array<Shard, kShards>& shards_;
  KillTally* const tally_;
  pid_t writer_ = 0;
  int pipe_ = -1;
  size_t loaded_ = 0;
  uint64_t acknowledged_ = 0;
};

std::string Round::start() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
  const std::string seed = std::to_string(options_.seed), number = std::to_string(number_);
  const char* arguments[] = {options_.program.c_str(), "writer", options_.directory.c_str(), seed.c_str(),
                             number.c_str(), "3", nullptr};
  const int failed = posix_spawn(&writer_, options_.program.c_str(), &actions, nullptr,
                                 const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  pipe_ = ends[0];
  return failed == 0 ? "" : "cannot start " + options_.program;
}

bool Round::read_record(Record* record) {
  size_t have = 0;
  while (have < sizeof *record) {
    const ssize_t n = read(pipe_, reinterpret_cast<char*>(record) + have, sizeof *record - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    have += static_cast<size_t>(n);
  }
  return true;
}

std::string Round::take(const Record& record) {
  Shard& shard = shards_[record.shard];
  if (record.kind == Record::wrong) return "the writer says that an answer is wrong or that it cannot open";
  if (record.kind == Record::loaded) {
    const uint64_t before = shard.expectation.base().revision();
    if (auto wrong = shard.expectation.found(record.revision, record.digest); !wrong.empty()) return wrong;
    shard.contents = shard.expectation.base();
    if (shard.contents.revision() < before) return "the revision went back";
    shard.workload = std::make_unique<Workload>(workload_of(options_.seed, number_, record.shard));
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
  if (auto wrong = start(); !wrong.empty()) return wrong;
  std::string wrong;
  const bool early = random_.chance(0.05);
  const uint64_t enough = random_.below(kAcknowledgedMax);
  if (early) {
    pollfd readable{pipe_, POLLIN, 0};
    poll(&readable, 1, static_cast<int>(random_.below(30)));
  }
  bool killed = early && kill(writer_, SIGKILL) == 0;
  for (Record record; read_record(&record);) {
    if (auto why = take(record); wrong.empty() && !why.empty()) wrong = why;
    if (killed || (wrong.empty() && (acknowledged_ < enough || loaded_ < kShards))) continue;
    kill(writer_, SIGKILL);
    killed = true;
  }
  int status = 0;
  waitpid(writer_, &status, 0);
  close(pipe_);
  if (wrong.empty() && !WIFSIGNALED(status)) wrong = "the writer ended by itself";
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

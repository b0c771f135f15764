#include "tests/soak/etcd_run.hpp"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unistd.h>

#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"
#include "store/engines/etcd.hpp"
#include "tests/soak/etcd_slots.hpp"
#include "tests/soak/writer_process.hpp"
#include "tests/store/etcd_cluster.hpp"

namespace kabuki::store::soak {

namespace {

constexpr int kSilence_ms = 30'000;  // longer than any election
constexpr size_t kMembers = 3;

uint64_t digest_of(const Mutation& change) { return change.object ? body_digest(change.object->body()) : 0; }

/// What the writer does: each slot one change after the other.
class Writer {
 public:
  Writer(const std::string& urls, uint64_t seed, uint64_t round, int pipe) : seed_(seed), round_(round), pipe_(pipe) {
    EtcdOptions options{.prefix = "/soak/pods/",
                        .identity = {"pods", "pods=pods"},
                        .attempt_timeout = std::chrono::milliseconds(700),
                        .probe_interval = std::chrono::milliseconds(200),
                        .compact_interval = io::Duration(0),
                        .clock = &clock_,
                        .timers = &timers_};
    for (size_t at = 0; at < urls.size();) {
      const size_t end = std::min(urls.find(',', at), urls.size());
      options.urls.push_back(urls.substr(at, end - at));
      at = end + 1;
    }
    engine_ = make_etcd_engine(std::move(options));
  }
  int run();

 private:
  bool load();
  void submit(size_t slot);
  void take(size_t slot, const MutationResult& result);

  const uint64_t seed_;
  const uint64_t round_;
  const int pipe_;
  io::LiveClock clock_;
  io::LiveTimers timers_{clock_};
  std::unique_ptr<Engine> engine_;
  struct Slot {
    SlotState now;
    uint64_t changes = 0;
    uint64_t digest = 0;  // of the change under way
  };
  std::array<Slot, kSlots> slots_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<size_t, MutationResult>> answers_;
  bool failed_ = false;
};

bool Writer::load() {
  const auto loaded = engine_->load([&](const ObjectPtr& object) {
    slots_[std::stoul(std::string(object->name().substr(1)))].now = {object->revision(), body_digest(object->body())};
  });
  if (!loaded) {
    fprintf(stderr, "%s\n", loaded.error().message.c_str());
    return false;
  }
  for (size_t i = 0; i < kSlots; ++i) say(pipe_, {Record::loaded, i, slots_[i].now.revision, slots_[i].now.digest});
  say(pipe_, {Record::ready, 0, *loaded});
  return true;
}

void Writer::submit(size_t i) {
  Slot& slot = slots_[i];
  auto change = slot_change(seed_, round_, i, slot.changes++, slot.now);
  slot.digest = digest_of(change);
  engine_->submit({std::move(change)}, [this, i](const std::vector<MutationResult>& results) {
    const std::lock_guard lock(mutex_);
    answers_.emplace_back(i, results[0]);
    changed_.notify_one();
  });
}

void Writer::take(size_t i, const MutationResult& result) {
  Slot& slot = slots_[i];
  // A slot rests for the round when it does not know what it holds.
  if (result.outcome == Outcome::unknown) return say(pipe_, {Record::unknown, i});
  if (result.outcome != Outcome::committed) return say(pipe_, {Record::conflict, i});
  slot.now = {result.revision, slot.digest};
  say(pipe_, {Record::acknowledged, i, slot.now.revision, slot.now.digest});
  submit(i);
}

int Writer::run() {
  if (!load()) {
    say(pipe_, {Record::wrong});
    return 1;
  }
  engine_->start([](uint64_t, std::vector<Change>) {},
                 [this](const Error& error) {
                   fprintf(stderr, "%s\n", error.message.c_str());
                   const std::lock_guard lock(mutex_);
                   failed_ = true;
                   changed_.notify_one();
                 });
  for (size_t i = 0; i < kSlots; ++i) submit(i);
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failed_ || !answers_.empty(); });
    if (failed_) break;
    const auto [slot, result] = answers_.front();
    answers_.pop_front();
    lock.unlock();
    take(slot, result);
  }
  say(pipe_, {Record::wrong});
  return 1;
}

/// One writer's life, seen from outside.
class Round {
 public:
  Round(const EtcdKillOptions& options, uint64_t number, test::EtcdCluster* cluster,
        std::array<SlotExpectation, kSlots>* slots, EtcdKillTally* tally)
      : options_(options),
        number_(number),
        random_(io::Random(options.seed).split("kill-" + std::to_string(number))),
        cluster_(*cluster),
        slots_(*slots),
        tally_(tally) {}

  std::string run();

 private:
  std::string take(const Record& record);
  void submitted(size_t slot);
  /// Kills the leader, another member or none; which.
  std::optional<size_t> kill_member();

  const EtcdKillOptions& options_;
  const uint64_t number_;
  io::Random random_;
  test::EtcdCluster& cluster_;
  std::array<SlotExpectation, kSlots>& slots_;
  EtcdKillTally* const tally_;
  WriterProcess writer_;
  std::array<uint64_t, kSlots> changes_{};
  bool ready_ = false;
  uint64_t acknowledged_ = 0;
  size_t resting_ = 0;
};

void Round::submitted(size_t slot) {
  const auto change = slot_change(options_.seed, number_, slot, changes_[slot]++, slots_[slot].known());
  slots_[slot].submitted(digest_of(change));
}

std::string Round::take(const Record& record) {
  auto& slot = slots_[record.part];
  const std::string where = "object t" + std::to_string(record.part) + ": ";
  switch (record.kind) {
    case Record::loaded: {
      auto wrong = slot.found({record.revision, record.digest}, &tally_->came_late);
      return wrong.empty() ? "" : where + wrong;
    }
    case Record::ready:
      ready_ = true;
      for (size_t i = 0; i < kSlots; ++i) submitted(i);
      return "";
    case Record::acknowledged:
      if (record.revision <= slot.known().revision) return where + "the revision went back";
      slot.acknowledged({record.revision, record.digest});
      ++acknowledged_;
      submitted(record.part);
      return "";
    case Record::conflict:
      // Only a former writer's change that comes late can be in the way.
      ++resting_;
      ++tally_->came_late;
      return slot.under_way() > 1 ? "" : where + "a conflict, though nobody else writes";
    case Record::unknown:
      ++resting_;
      ++tally_->unknown;
      return "";
    default:
      return "the writer cannot go on";
  }
}

std::optional<size_t> Round::kill_member() {
  const uint64_t what = random_.below(4);
  if (what == 0) return std::nullopt;
  size_t victim = cluster_.leader();
  if (what == 1) {
    victim = (victim + 1 + random_.below(kMembers - 1)) % kMembers;
    ++tally_->members_killed;
  } else {
    ++tally_->leaders_killed;
  }
  cluster_.kill(victim);
  return victim;
}

std::string Round::run() {
  std::string urls;
  for (const auto& url : cluster_.urls()) urls += (urls.empty() ? "" : ",") + url;
  const std::vector<std::string> arguments{"etcd-writer", urls, std::to_string(options_.seed),
                                           std::to_string(number_)};
  if (!writer_.start(options_.program, arguments)) return "cannot start " + options_.program;
  const uint64_t before = random_.below(1500);
  const uint64_t after = 200 + random_.below(800);
  std::string wrong;
  bool struck = false, killed = false;
  std::optional<size_t> victim;
  Record record;
  auto said = WriterProcess::Said::record;
  while ((said = writer_.read(&record, kSilence_ms)) == WriterProcess::Said::record) {
    if (auto why = take(record); wrong.empty() && !why.empty()) wrong = why;
    if (ready_ && !struck && acknowledged_ >= before) {
      struck = true;
      victim = kill_member();
    }
    const bool enough = struck && (!victim || acknowledged_ >= before + after || resting_ == kSlots);
    if (killed || (wrong.empty() && !enough)) continue;
    writer_.kill();
    killed = true;
  }
  if (said == WriterProcess::Said::nothing && wrong.empty()) wrong = "nothing was written for half a minute";
  writer_.kill();
  if (!writer_.was_killed() && wrong.empty()) wrong = "the writer ended by itself";
  if (victim) cluster_.restart(*victim);
  ++tally_->writers_killed;
  ++tally_->rounds;
  tally_->acknowledged += acknowledged_;
  return wrong.empty() ? "" : "round " + std::to_string(number_) + ": " + wrong;
}

}  // namespace

std::string run_etcd_kills(const EtcdKillOptions& options, EtcdKillTally* tally) {
  test::EtcdCluster cluster(kMembers);
  std::array<SlotExpectation, kSlots> slots;
  for (uint64_t i = 0; i < options.rounds; ++i) {
    if (auto wrong = Round(options, i, &cluster, &slots, tally).run(); !wrong.empty()) return wrong;
  }
  return "";
}

int run_etcd_writer(const std::string& urls, uint64_t seed, uint64_t round, int pipe) {
  return Writer(urls, seed, round, pipe).run();
}

}  // namespace kabuki::store::soak

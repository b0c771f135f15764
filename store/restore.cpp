#include "store/restore.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "messages/status.hpp"
#include "store/limits.hpp"

namespace kabuki::store {
namespace {

constexpr size_t kBatchBytes = 4u << 20;
constexpr int64_t k2020Ns = 1'577'836'800'000'000'000;
constexpr uint64_t kBump = 1'000'000'000;

/// One engine being filled. Submits a batch while the next one is read.
class Filling {
 public:
  explicit Filling(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  Result<> open(const std::string& shard, uint64_t first_revision) {
    size_t objects = 0;
    const auto revision = engine_->load([&](const ObjectPtr&) { ++objects; });
    if (!revision) return revision.error();
    // An engine that was written to before goes on from its own revision; an etcd adds its own to the first one.
    if (objects != 0 || *revision < first_revision) {
      return Error{.code = 409,
                   .reason = "Conflict",
                   .message = "the store already has the shard \"" + shard + "\", with " + std::to_string(objects) +
                              " objects at revision " + std::to_string(*revision) + ": restore into an empty one"};
    }
    revision_ = *revision;
    engine_->start(
        [this](uint64_t revision, const std::vector<Change>&) {
          const std::lock_guard lock(mutex_);
          revision_ = std::max(revision_, revision);
        },
        [this](Error error) {
          const std::lock_guard lock(mutex_);
          failure_ = std::move(error);
          changed_.notify_all();
        });
    return {};
  }

  Result<> add(const ObjectPtr& object) {
    batch_.push_back({object->key(), 0, object});
    bytes_ += object->size();
    return batch_.size() < limits::kSubmitMutations && bytes_ < kBatchBytes ? Result<>() : submit();
  }

  /// The revision that the engine came to.
  Result<uint64_t> end() {
    if (auto submitted = submit(); !submitted) return submitted.error();
    if (auto done = wait(); !done) return done.error();
    engine_->stop();
    return revision_;
  }

 private:
  Result<> submit() {
    if (auto done = wait(); !done) return done;
    if (batch_.empty()) return {};
    {
      const std::lock_guard lock(mutex_);
      waiting_ = true;
    }
    bytes_ = 0;
    engine_->submit(std::exchange(batch_, {}), [this](const std::vector<MutationResult>& results) {
      const std::lock_guard lock(mutex_);
      waiting_ = false;
      const bool all = std::ranges::all_of(results, [](const auto& r) { return r.outcome == Outcome::committed; });
      if (!all && !failure_) failure_ = internal_error("the store did not take every object");
      changed_.notify_all();
    });
    return {};
  }

  Result<> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !waiting_ || failure_; });
    return failure_ ? Result<>(*failure_) : Result<>();
  }

  const std::unique_ptr<Engine> engine_;
  std::vector<Mutation> batch_;
  size_t bytes_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;
  std::optional<Error> failure_;
  uint64_t revision_ = 0;
};

}  // namespace

uint64_t restored_revision(uint64_t revision, int64_t created_ns, int64_t now_ns) {
  const auto micros = [](int64_t from_ns, int64_t to_ns) {
    return static_cast<uint64_t>(std::max<int64_t>(0, to_ns - from_ns) / 1000);
  };
  const bool by_time = now_ns >= created_ns && revision <= micros(k2020Ns, created_ns);
  return by_time ? micros(k2020Ns, now_ns) + 1 : revision + kBump + micros(created_ns, now_ns);
}

Result<uint64_t> make_empty_shard(const std::string& shard, std::unique_ptr<Engine> engine, uint64_t first_revision) {
  Filling filling(std::move(engine));
  if (auto opened = filling.open(shard, first_revision); !opened) return opened.error();
  return filling.end();
}

Result<SnapshotSummary> restore_snapshot(const std::string& name, ByteSource& source, const ShardMap& mapping,
                                         const RestoreTarget& target, const RestoreOptions& options) {
  int64_t created_ns = 0;
  std::unique_ptr<Filling> filling;
  std::vector<uint64_t> revisions;
  SnapshotSink sink;
  sink.header = [&](const snapshot::Header& header) -> Result<> {
    created_ns = header.created_ns();
    return {};
  };
  sink.file = target.file;
  sink.shard = [&](const std::string& shard, uint64_t revision) -> Result<> {
    if (!options.only.empty() && shard != options.only) return {};
    const uint64_t first = std::max(restored_revision(revision, created_ns, options.now_ns), options.at_least);
    auto engine = target.open(shard, first);
    if (!engine) return engine.error();
    filling = std::make_unique<Filling>(std::move(*engine));
    return filling->open(shard, first);
  };
  sink.object = [&](const ObjectPtr& object) { return filling ? filling->add(object) : Result<>(); };
  sink.shard_end = [&]() -> Result<> {
    if (!filling) return {};
    const auto revision = filling->end();
    if (!revision) return revision.error();
    revisions.push_back(*revision);
    filling.reset();
    return {};
  };
  auto summary = read_snapshot(name, source, mapping, sink);
  if (!summary) return summary;
  if (!options.only.empty())
    std::erase_if(summary->shards, [&](const auto& shard) { return shard.name != options.only; });
  for (size_t i = 0; i < revisions.size(); ++i) summary->shards[i].revision = revisions[i];
  return summary;
}

}  // namespace kabuki::store

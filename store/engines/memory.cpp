#include "store/engines/memory.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>

#include "messages/status.hpp"
#include "runtime/io/random.hpp"
#include "store/engines/judge.hpp"
#include "store/planted_fault.hpp"

namespace kabuki::store {

void MemoryMedium::set_faults(MemoryFaults faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}

MemoryFaults MemoryMedium::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

void MemoryMedium::fail_next_sync() {
  const std::lock_guard lock(mutex_);
  fail_next_ = true;
}

size_t MemoryMedium::objects() const {
  const std::lock_guard lock(mutex_);
  return objects_.size();
}

uint64_t MemoryMedium::revision() const {
  const std::lock_guard lock(mutex_);
  return revision_;
}

/// Outlives its engine while a timer still points to it.
class MemoryCore : public std::enable_shared_from_this<MemoryCore> {
 public:
  MemoryCore(std::shared_ptr<MemoryMedium> medium, MemoryOptions options)
      : medium_(std::move(medium)), options_(std::move(options)), random_(options_.seed) {}

  Result<uint64_t> load(const std::function<void(ObjectPtr)>& sink) {
    const std::lock_guard lock(medium_->mutex_);
    if (medium_->open_) return unavailable("the memory medium is in use by another engine");
    if (!medium_->identity_) {
      medium_->identity_ = options_.identity;
      medium_->revision_ = std::max(medium_->revision_, options_.first_revision);
    }
    if (auto same = check_identity(*medium_->identity_, options_.identity, "the memory medium"); !same.ok()) {
      return same.error();
    }
    medium_->open_ = true;
    opened_ = true;
    for (const auto& object : medium_->objects_) {
      judge_.loaded(object);
      sink(object);
    }
    const uint64_t lost = planted(PlantedFault::reused_revision) && medium_->revision_ > kFirstRevision ? 1 : 0;
    judge_.loaded_revision(medium_->revision_ - lost);
    return judge_.revision();
  }

  void start(Engine::Feed feed, Engine::Failed failed) {
    feed_ = std::move(feed);
    failed_ = std::move(failed);
  }

  void submit(std::vector<Mutation> batch, Engine::Done done) {
    std::unique_lock lock(mutex_);
    if (closed_) {
      lock.unlock();
      done(std::vector<MutationResult>(batch.size()));
      return;
    }
    queue_.push_back({std::move(batch), std::move(done)});
    pump(lock);
  }

  void stop() {
    std::unique_lock lock(mutex_);
    while (!closed_ && (busy_ || !queue_.empty())) {
      if (waiting_) {
        options_.timers->cancel(timer_);
        waiting_ = false;
        complete(lock);
      } else if (busy_) {
        idle_.wait(lock, [&] { return !busy_ || waiting_; });
      }
      pump(lock);
    }
    close(lock);
  }

  void crash() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return !busy_ || waiting_; });
    if (waiting_) {
      waiting_ = false;
      write_prefix();
    }
    close(lock);
  }

 private:
  struct Submission {
    std::vector<Mutation> batch;
    Engine::Done done;
    std::vector<MutationResult> results;
  };

  /// Takes everything that waits as one group and syncs it, until nothing waits or a timer has to ring first.
  void pump(std::unique_lock<std::mutex>& lock) {
    while (!busy_ && !closed_ && !queue_.empty()) {
      busy_ = true;
      group_.swap(queue_);
      changes_.clear();
      for (auto& submission : group_) {
        for (const auto& mutation : submission.batch) submission.results.push_back(judge_.judge(mutation, &changes_));
        if (planted(PlantedFault::early_acknowledgement))
          std::exchange(submission.done, [](auto) {})(submission.results);
      }
      if (options_.timers) {
        waiting_ = true;
        timer_ = options_.timers->after(latency(), [weak = weak_from_this()] {
          if (const auto core = weak.lock()) core->rang();
        });
        return;
      }
      complete(lock);
    }
  }

  void rang() {
    std::unique_lock lock(mutex_);
    if (!waiting_ || closed_) return;
    waiting_ = false;
    complete(lock);
    pump(lock);
  }

  /// Ends the sync of `group_`: makes it durable and tells of it, or fails. Releases the lock for the callbacks.
  void complete(std::unique_lock<std::mutex>& lock) {
    const bool failed = !changes_.empty() && sync_fails();
    if (failed) {
      write_prefix();
      closed_ = true;
      std::move(queue_.begin(), queue_.end(), std::back_inserter(group_));
      queue_.clear();
    } else {
      write(changes_.size());
    }
    auto group = std::exchange(group_, {});
    auto changes = std::exchange(changes_, {});
    lock.unlock();
    if (!failed && !changes.empty()) {
      const uint64_t revision = changes.back().object->revision();
      feed_(revision, std::move(changes));
    }
    for (auto& submission : group) {
      submission.done(failed ? std::vector<MutationResult>(submission.batch.size()) : std::move(submission.results));
    }
    if (failed) failed_(internal_error("sync of the memory medium failed"));
    lock.lock();
    busy_ = false;
    idle_.notify_all();
  }

  void write(size_t count) {
    const std::lock_guard lock(medium_->mutex_);
    for (size_t i = 0; i < count; ++i) {
      const Change& change = changes_[i];
      medium_->objects_.erase(KeyView(*change.object));
      if (change.type == Change::Type::put) medium_->objects_.insert(change.object);
      medium_->revision_ = change.object->revision();
    }
  }

  void write_prefix() { write(random_.below(changes_.size() + 1)); }

  bool sync_fails() {
    const std::lock_guard lock(medium_->mutex_);
    return std::exchange(medium_->fail_next_, false) || random_.chance(medium_->faults_.sync_failure);
  }

  io::Duration latency() {
    const MemoryFaults faults = medium_->faults();
    return io::Duration(random_.between(faults.latency_min.count(), faults.latency_max.count()));
  }

  void close(std::unique_lock<std::mutex>&) {
    closed_ = true;
    if (!std::exchange(opened_, false)) return;
    const std::lock_guard lock(medium_->mutex_);
    medium_->open_ = false;
  }

  const std::shared_ptr<MemoryMedium> medium_;
  const MemoryOptions options_;
  Engine::Feed feed_;
  Engine::Failed failed_;

  std::mutex mutex_;
  std::condition_variable idle_;
  io::Random random_;
  Judge judge_;
  std::deque<Submission> queue_;
  std::deque<Submission> group_;  // being synced
  std::vector<Change> changes_;   // of the group
  io::Timers::Id timer_ = 0;
  bool busy_ = false;     // a group is being synced or told of
  bool waiting_ = false;  // ... and a timer will end the sync
  bool opened_ = false;
  bool closed_ = false;
};

namespace {

class MemoryEngine : public Engine {
 public:
  explicit MemoryEngine(std::shared_ptr<MemoryCore> core) : core_(std::move(core)) {}
  ~MemoryEngine() override { core_->crash(); }

  Result<uint64_t> load(const std::function<void(ObjectPtr)>& sink) override { return core_->load(sink); }
  void start(Feed feed, Failed failed) override { core_->start(std::move(feed), std::move(failed)); }
  void submit(std::vector<Mutation> batch, Done done) override { core_->submit(std::move(batch), std::move(done)); }
  void stop() override { core_->stop(); }

 private:
  const std::shared_ptr<MemoryCore> core_;
};

}  // namespace

std::unique_ptr<Engine> make_memory_engine(std::shared_ptr<MemoryMedium> medium, MemoryOptions options) {
  return std::make_unique<MemoryEngine>(std::make_shared<MemoryCore>(std::move(medium), std::move(options)));
}

}  // namespace kabuki::store

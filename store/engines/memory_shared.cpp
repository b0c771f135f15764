#include "store/engines/memory_shared.hpp"

#include <algorithm>

#include "messages/status.hpp"
#include "store/engines/memory_shared_core.hpp"
#include "store/planted_fault.hpp"

namespace kabuki::store {

void SharedMedium::set_faults(SharedFaults faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}

SharedFaults SharedMedium::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

void SharedMedium::lose_leader() {
  std::unique_lock lock(mutex_);
  if (!std::exchange(leader_, false)) return;
  for (auto* engine : engines_) engine->lost_leader();
  settle(lock);
}

void SharedMedium::elect_leader() {
  std::unique_lock lock(mutex_);
  if (std::exchange(leader_, true)) return;
  for (auto* engine : engines_) engine->reachable_again();
  settle(lock);
}

void SharedMedium::cut(const std::string& host) {
  std::unique_lock lock(mutex_);
  if (!cut_.insert(host).second) return;
  for (auto* engine : engines_) {
    if (engine->host() == host) engine->was_cut();
  }
  settle(lock);
}

void SharedMedium::heal(const std::string& host) {
  std::unique_lock lock(mutex_);
  if (cut_.erase(host) == 0) return;
  for (auto* engine : engines_) {
    if (engine->host() == host) engine->reachable_again();
  }
  settle(lock);
}

void SharedMedium::compact(uint64_t revision) {
  std::unique_lock lock(mutex_);
  compacted_ = std::max(compacted_, std::min(revision, revision_));
  while (!log_.empty() && log_.front().revision <= compacted_) log_.pop_front();
  settle(lock);
}

MutationResult SharedMedium::write(const std::string& shard, const Mutation& mutation) {
  std::unique_lock lock(mutex_);
  if (const auto verdict = judge(shard, mutation); verdict.outcome != Outcome::committed) return verdict;
  commit(shard, {&mutation});
  const MutationResult result{Outcome::committed, revision_};
  settle(lock);
  return result;
}

uint64_t SharedMedium::revision() const {
  const std::lock_guard lock(mutex_);
  return revision_;
}

std::vector<ObjectPtr> SharedMedium::objects(const std::string& shard) const {
  const std::lock_guard lock(mutex_);
  const auto it = shards_.find(shard);
  return it == shards_.end() ? std::vector<ObjectPtr>()
                             : std::vector<ObjectPtr>(it->second.begin(), it->second.end());
}

std::vector<std::string> SharedMedium::stale_changes() const {
  const std::lock_guard lock(mutex_);
  return stale_changes_;
}

bool SharedMedium::lasts(const Term& term) const {
  const auto now = terms_.find(term.lease);
  return now != terms_.end() && now->second == term;
}

MutationResult SharedMedium::judge(const std::string& shard, const Mutation& mutation) const {
  if (mutation.under && !planted(PlantedFault::unfenced_commit) && !lasts(*mutation.under)) return {Outcome::deposed};
  const ObjectPtr now = current(shard, mutation.key);
  const uint64_t revision = now ? now->revision() : 0;
  if (revision != mutation.expected_revision || (!now && !mutation.object)) return {Outcome::conflict, revision};
  if (mutation.provided) {
    const ObjectPtr other = current(shard, mutation.provided->key);
    const uint64_t there = other ? other->revision() : 0;
    if (there != mutation.provided->revision) return {Outcome::unmet};
  }
  return {Outcome::committed};
}

ObjectPtr SharedMedium::current(const std::string& shard, const KeyView& key) const {
  const auto objects = shards_.find(shard);
  if (objects == shards_.end()) return nullptr;
  const auto it = objects->second.find(key);
  return it == objects->second.end() ? nullptr : *it;
}

void SharedMedium::commit(const std::string& shard, const std::vector<const Mutation*>& mutations) {
  Entry entry{++revision_, shard, {}};
  ObjectSet& objects = shards_[shard];
  for (const Mutation* mutation : mutations) {
    if (mutation->under && !lasts(*mutation->under)) {
      const Term& term = *mutation->under;
      stale_changes_.push_back(mutation->key.text() + " was written by " + term.holder + " under term " +
                               std::to_string(term.number) + " of " + term.lease + ", which was over");
    }
    if (mutation->begins) terms_[mutation->begins->lease] = *mutation->begins;
    Change change;
    change.previous = current(shard, mutation->key);
    change.type = mutation->object ? Change::Type::put : Change::Type::deleted;
    change.object = Object::at_revision(mutation->object ? *mutation->object : *change.previous, revision_);
    objects.erase(KeyView(mutation->key));
    if (mutation->object) objects.insert(change.object);
    entry.changes.push_back(std::move(change));
  }
  log_.push_back(std::move(entry));
}

std::deque<SharedMedium::Entry>::const_iterator SharedMedium::after(uint64_t revision) const {
  if (log_.empty() || revision < log_.front().revision) return log_.begin();
  return log_.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(revision + 1 - log_.front().revision, log_.size()));
}

void SharedMedium::forget_what_all_have() {
  uint64_t everywhere = revision_;
  for (const auto* engine : engines_) everywhere = std::min(everywhere, engine->position());
  while (!log_.empty() && log_.front().revision <= everywhere) log_.pop_front();
}

void SharedMedium::settle(std::unique_lock<std::mutex>& lock) {
  std::vector<std::shared_ptr<SharedCore>> engines;
  for (auto* engine : engines_) engines.push_back(engine->shared_from_this());
  for (const auto& engine : engines) engine->arm_feed();
  forget_what_all_have();
  for (const auto& engine : engines) engine->drain(lock);
}

namespace {

class SharedMemoryEngine : public Engine {
 public:
  explicit SharedMemoryEngine(std::shared_ptr<SharedCore> core) : core_(std::move(core)) {}
  ~SharedMemoryEngine() override { core_->crash(); }

  Result<uint64_t> load(const std::function<void(ObjectPtr)>& sink) override { return core_->load(sink); }
  void start(Feed feed, Failed failed) override { core_->start(std::move(feed), std::move(failed)); }
  void submit(std::vector<Mutation> batch, Done done) override { core_->submit(std::move(batch), std::move(done)); }
  void barrier(std::function<void(Result<uint64_t>)> done) override { core_->barrier(std::move(done)); }
  void stop() override { core_->stop(); }

 private:
  const std::shared_ptr<SharedCore> core_;
};

}  // namespace

std::unique_ptr<Engine> make_shared_memory_engine(std::shared_ptr<SharedMedium> medium, SharedMemoryOptions options) {
  return std::make_unique<SharedMemoryEngine>(std::make_shared<SharedCore>(std::move(medium), std::move(options)));
}

}  // namespace kabuki::store

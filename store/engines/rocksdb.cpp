#include "store/engines/rocksdb.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>
#include <thread>

#include "messages/status.hpp"
#include "runtime/io/live_clock.hpp"
#include "store/engines/judge.hpp"
#include "store/engines/rocksdb_format.hpp"
#include "store/engines/rocksdb_open.hpp"

namespace kabuki::store {

namespace {

class RocksdbEngine : public Engine {
 public:
  explicit RocksdbEngine(RocksdbOptions options) : options_(std::move(options)), database_(options_) {}
  ~RocksdbEngine() override { stop(); }

  Result<uint64_t> load(const std::function<void(ObjectPtr)>& sink) override;
  void start(Feed feed, Failed failed) override;
  void submit(std::vector<Mutation> batch, Done done) override;
  void stop() override;

 private:
  struct Submission {
    std::vector<Mutation> batch;
    Done done;
    std::vector<MutationResult> results;
  };

  Error failure(std::string_view what, const rocksdb::Status& status) const {
    return database_.failure(what, status);
  }
  Error malformed(std::string_view what) const {
    return internal_error("the store in " + options_.directory + " is corrupt: " + std::string(what));
  }

  Result<> check_meta();
  Result<uint64_t> read_revision();
  Result<> read_objects(const std::function<void(ObjectPtr)>& sink, uint64_t* highest);
  void run();
  /// Waits for submissions; none when it is time to write the lazy changes, or to end.
  std::vector<Submission> next_group();
  rocksdb::Status write(std::vector<Submission>& group, std::vector<Change>* changes);
  bool lazy(const Change& change) const {
    return !options_.lazy_namespace.empty() && change.object->ns() == options_.lazy_namespace;
  }
  void put_off(const std::vector<Change>& changes);
  /// Writes the lazy changes, then these, and `revision` as the highest given.
  rocksdb::Status sync(const std::vector<Change>& changes, uint64_t revision);
  void broke(std::vector<Submission> group, const rocksdb::Status& status);

  const RocksdbOptions options_;
  RocksdbDatabase database_;
  Feed feed_;
  Failed failed_;
  // Of the commit thread once that runs.
  Judge judge_;
  uint64_t durable_revision_ = 0;  // as the disk has it: ahead of what was given where there are lazy changes
  std::map<std::string, ObjectPtr> unsynced_;  // lazy changes by encoded key, null: deleted
  io::LiveClock clock_;
  io::MonoTime sync_at_;  // when unsynced_ is not empty

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Submission> queue_;
  bool stopping_ = false;
  bool broken_ = false;
  std::thread thread_;
};

Result<uint64_t> RocksdbEngine::load(const std::function<void(ObjectPtr)>& sink) {
  if (auto opened = database_.open(); !opened.ok()) return opened.error();
  if (auto checked = check_meta(); !checked.ok()) return checked.error();
  auto revision = read_revision();
  if (!revision) return revision;
  uint64_t highest = 0;
  if (auto read = read_objects(sink, &highest); !read.ok()) return read.error();
  if (highest > *revision) {
    return malformed("an object has revision " + std::to_string(highest) + ", beyond the highest given, " +
                     std::to_string(*revision));
  }
  judge_.loaded_revision(*revision);
  durable_revision_ = *revision;
  return revision;
}

Result<> RocksdbEngine::check_meta() {
  const format::Meta expected{format::kVersion, options_.identity};
  std::string bytes;
  const auto status = database_->Get({}, rocksdb::Slice(format::kMetaKey), &bytes);
  if (status.ok()) {
    const auto meta = format::decode_meta(bytes);
    if (!meta) return malformed("it does not say which format it has");
    if (meta->version != format::kVersion) {
      return internal_error("the store in " + options_.directory + " has format version " +
                            std::to_string(meta->version) + "; this program reads version " +
                            std::to_string(format::kVersion));
    }
    return check_identity(meta->identity, options_.identity, "the store in " + options_.directory);
  }
  if (!status.IsNotFound()) return failure("cannot read", status);
  const std::unique_ptr<rocksdb::Iterator> first(database_->NewIterator({}));
  first->SeekToFirst();
  if (first->Valid()) return malformed("it holds data but does not say which format it has");
  if (!first->status().ok()) return failure("cannot read", first->status());
  rocksdb::WriteBatch batch;
  batch.Put(rocksdb::Slice(format::kMetaKey), format::encode_meta(expected));
  batch.Put(rocksdb::Slice(format::kRevisionKey), format::encode_revision(options_.first_revision));
  rocksdb::WriteOptions sync;
  sync.sync = true;
  const auto written = database_->Write(sync, &batch);
  return written.ok() ? Result<>() : failure("cannot write", written);
}

Result<uint64_t> RocksdbEngine::read_revision() {
  std::string bytes;
  const auto status = database_->Get({}, rocksdb::Slice(format::kRevisionKey), &bytes);
  if (!status.ok()) return failure("cannot read the highest revision of", status);
  const auto revision = format::decode_revision(bytes);
  if (!revision) return malformed("its highest revision is malformed");
  return *revision;
}

Result<> RocksdbEngine::read_objects(const std::function<void(ObjectPtr)>& sink, uint64_t* highest) {
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  read.verify_checksums = true;
  read.readahead_size = 2u << 20;
  const std::unique_ptr<rocksdb::Iterator> it(database_->NewIterator(read));
  for (it->Seek(rocksdb::Slice(format::kFirstObject)); it->Valid(); it->Next()) {
    const auto key = format::decode_key(it->key().ToStringView());
    if (!key) return malformed("key 0x" + it->key().ToString(true) + " is malformed");
    auto object = format::decode_value(*key, it->value().ToStringView());
    if (!object) return malformed("the value of key 0x" + it->key().ToString(true) + " is malformed");
    *highest = std::max(*highest, object->revision());
    judge_.loaded(object);
    sink(std::move(object));
  }
  return it->status().ok() ? Result<>() : failure("cannot read", it->status());
}

void RocksdbEngine::start(Feed feed, Failed failed) {
  assert(database_ && "start follows a load that succeeded");
  feed_ = std::move(feed);
  failed_ = std::move(failed);
  thread_ = std::thread([this] { run(); });
}

void RocksdbEngine::submit(std::vector<Mutation> batch, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (!broken_ && !stopping_) {
      queue_.push_back({std::move(batch), std::move(done), {}});
      wake_.notify_one();
      return;
    }
  }
  done(std::vector<MutationResult>(batch.size()));
}

void RocksdbEngine::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  database_.close();
}

std::vector<RocksdbEngine::Submission> RocksdbEngine::next_group() {
  std::vector<Submission> group;
  std::unique_lock lock(mutex_);
  const auto something = [&] { return stopping_ || !queue_.empty(); };
  if (unsynced_.empty()) {
    wake_.wait(lock, something);
  } else {
    const int64_t left = sync_at_.ns - clock_.mono().ns;
    if (left > 0) wake_.wait_for(lock, io::Duration(left), something);
  }
  group.swap(queue_);
  return group;
}

void RocksdbEngine::run() {
  while (true) {
    auto group = next_group();
    if (group.empty()) {
      // At the end the disk need not be ahead any more.
      const bool end = [&] {
        const std::lock_guard lock(mutex_);
        return stopping_ && queue_.empty();
      }();
      const bool behind = !unsynced_.empty() || (end && durable_revision_ != judge_.revision());
      const auto status =
          behind ? sync({}, judge_.revision() + (end ? 0 : limits::kLazyRevisions)) : rocksdb::Status::OK();
      if (end) return;
      if (!status.ok()) return broke({}, status);
      continue;
    }
    std::vector<Change> changes;
    const auto status = write(group, &changes);
    if (!status.ok()) return broke(std::move(group), status);
    if (!changes.empty()) {
      const uint64_t revision = changes.back().object->revision();
      feed_(revision, std::move(changes));
    }
    for (auto& submission : group) submission.done(std::move(submission.results));
  }
}

void RocksdbEngine::broke(std::vector<Submission> group, const rocksdb::Status& status) {
  {
    const std::lock_guard lock(mutex_);
    broken_ = true;
    std::move(queue_.begin(), queue_.end(), std::back_inserter(group));
    queue_.clear();
  }
  for (const auto& submission : group) submission.done(std::vector<MutationResult>(submission.batch.size()));
  failed_(failure("cannot write", status));
}

rocksdb::Status RocksdbEngine::write(std::vector<Submission>& group, std::vector<Change>* changes) {
  const Admit admit = database_.room().look();
  for (auto& submission : group) {
    for (const auto& mutation : submission.batch) {
      submission.results.push_back(judge_.judge(mutation, changes, admit));
    }
  }
  if (changes->empty()) return rocksdb::Status::OK();
  const bool all_lazy =
      std::all_of(changes->begin(), changes->end(), [&](const auto& change) { return lazy(change); });
  const bool due = !unsynced_.empty() && (clock_.mono() >= sync_at_ || unsynced_.size() >= limits::kLazyKeys);
  // No revision is given out that the disk would give out again.
  if (all_lazy && !due && judge_.revision() <= durable_revision_) {
    put_off(*changes);
    return rocksdb::Status::OK();
  }
  return sync(*changes, judge_.revision() + (options_.lazy_namespace.empty() ? 0 : limits::kLazyRevisions));
}

void RocksdbEngine::put_off(const std::vector<Change>& changes) {
  if (unsynced_.empty()) sync_at_ = clock_.mono() + options_.lazy_delay;
  for (const auto& change : changes) {
    unsynced_[format::encode_key(change.object)] = change.type == Change::Type::put ? change.object : nullptr;
  }
}

rocksdb::Status RocksdbEngine::sync(const std::vector<Change>& changes, uint64_t revision) {
  rocksdb::WriteBatch batch;
  const auto add = [&](const std::string& key, const ObjectPtr& object) {
    return object ? batch.Put(key, format::encode_value(*object)) : batch.Delete(key);
  };
  for (const auto& [key, object] : unsynced_) {
    if (const auto added = add(key, object); !added.ok()) return added;
  }
  // Of a key that changes several times the last version is enough.
  const uint64_t before = changes.empty() ? 0 : changes.front().object->revision();
  std::vector<bool> superseded(changes.size());
  for (const auto& change : changes) {
    if (change.previous && change.previous->revision() >= before)
      superseded[change.previous->revision() - before] = true;
  }
  for (size_t i = 0; i < changes.size(); ++i) {
    if (superseded[i]) continue;
    const bool put = changes[i].type == Change::Type::put;
    const auto added = add(format::encode_key(changes[i].object), put ? changes[i].object : nullptr);
    if (!added.ok()) return added;
  }
  const auto added = batch.Put(rocksdb::Slice(format::kRevisionKey), format::encode_revision(revision));
  if (!added.ok()) return added;
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto written = database_->Write(options, &batch);
  if (written.ok()) {
    unsynced_.clear();
    durable_revision_ = revision;
  }
  return written;
}

}  // namespace

std::unique_ptr<Engine> make_rocksdb_engine(RocksdbOptions options) {
  return std::make_unique<RocksdbEngine>(std::move(options));
}

}  // namespace kabuki::store

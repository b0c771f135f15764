#include "store/engines/rocksdb.hpp"

#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <thread>
#include <unistd.h>

#include "messages/status.hpp"
#include "store/engines/judge.hpp"
#include "store/engines/rocksdb_format.hpp"

namespace kabuki::store {

namespace {

rocksdb::Options database_options(const RocksdbOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  table.cache_index_and_filter_blocks = true;
  rocksdb::Options out;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  out.create_if_missing = true;
  out.paranoid_checks = true;
  // The default mode opens after a corrupt middle of the log and silently drops acknowledged writes behind it.
  out.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  out.compression = rocksdb::kLZ4Compression;
  out.write_buffer_size = options.memtable_bytes;
  out.max_write_buffer_number = limits::kMemtables;
  out.max_open_files = limits::kOpenFiles;
  out.max_background_jobs = 2;
  out.info_log_level = rocksdb::WARN_LEVEL;
  out.keep_log_file_num = 5;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  return out;
}

/// Passes RocksDB's log on to its file and remembers what it says of a log it cannot read: the status of opening
/// names no file.
class NotingLogger : public rocksdb::Logger {
 public:
  explicit NotingLogger(std::shared_ptr<rocksdb::Logger> file)
      : rocksdb::Logger(rocksdb::WARN_LEVEL), file_(std::move(file)) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (file_) {
      va_list copy;
      va_copy(copy, arguments);
      file_->Logv(format, copy);
      va_end(copy);
    }
    char line[512];
    if (vsnprintf(line, sizeof line, format, arguments) < 0) return;
    const char* dropping = strstr(line, ".log: dropping");
    if (!dropping) return;
    while (dropping > line && dropping[-1] != ' ' && dropping[-1] != '/') --dropping;
    const std::lock_guard lock(mutex_);
    if (dropped_.empty()) dropped_ = dropping;
  }
  std::string dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  const std::shared_ptr<rocksdb::Logger> file_;
  mutable std::mutex mutex_;
  std::string dropped_;
};

/// Says which process holds the lock, where the system knows.
Error locked(const std::string& directory, const rocksdb::Status& status) {
  std::string who = "another process";
  if (status.ToString().find("current process") != std::string::npos) {
    // Not asked by opening the file: closing it again would drop this process's lock.
    who = "this process (" + std::to_string(getpid()) + ")";
  } else if (const int fd = open((directory + "/LOCK").c_str(), O_RDWR | O_CLOEXEC); fd >= 0) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) who = "process " + std::to_string(lock.l_pid);
    close(fd);
  }
  return unavailable("the store in " + directory + " is in use by " + who);
}

class RocksdbEngine : public Engine {
 public:
  explicit RocksdbEngine(RocksdbOptions options) : options_(std::move(options)) {}
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
    return internal_error(std::string(what) + " the store in " + options_.directory + ": " + status.ToString());
  }
  Error malformed(std::string_view what) const {
    return internal_error("the store in " + options_.directory + " is corrupt: " + std::string(what));
  }

  Result<> open();
  Result<> check_meta();
  Result<uint64_t> read_revision();
  Result<> read_objects(const std::function<void(ObjectPtr)>& sink, uint64_t* highest);
  void run();
  rocksdb::Status write(std::vector<Submission>& group, std::vector<Change>* changes);

  const RocksdbOptions options_;
  std::unique_ptr<rocksdb::DB> database_;
  Feed feed_;
  Failed failed_;
  Judge judge_;  // of the commit thread once that runs

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Submission> queue_;
  bool stopping_ = false;
  bool broken_ = false;
  std::thread thread_;
};

Result<uint64_t> RocksdbEngine::load(const std::function<void(ObjectPtr)>& sink) {
  if (auto opened = open(); !opened.ok()) return opened.error();
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
  return revision;
}

Result<> RocksdbEngine::open() {
  std::error_code error;
  std::filesystem::create_directories(options_.directory, error);
  if (error) return internal_error("cannot create " + options_.directory + ": " + error.message());
  rocksdb::DB* database = nullptr;
  auto options = database_options(options_);
  std::shared_ptr<rocksdb::Logger> file;
  // Without a file of its own RocksDB works as well.
  rocksdb::CreateLoggerFromOptions(options_.directory, options, &file).PermitUncheckedError();
  const auto logger = std::make_shared<NotingLogger>(std::move(file));
  options.info_log = logger;
  const auto status = rocksdb::DB::Open(options, options_.directory, &database);
  database_.reset(database);
  if (status.ok()) return {};
  const std::string text = status.ToString();
  const bool lock = status.IsIOError() && text.find("/LOCK") != std::string::npos;
  if (lock && text.find("lock") != std::string::npos) return locked(options_.directory, status);
  Error why = failure("cannot open", status);
  if (const auto dropped = logger->dropped(); !dropped.empty()) why.message += " (" + dropped + ")";
  return why;
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
  batch.Put(rocksdb::Slice(format::kRevisionKey), format::encode_revision(kFirstRevision));
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
  database_.reset();
}

void RocksdbEngine::run() {
  while (true) {
    std::vector<Submission> group;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      group.swap(queue_);
    }
    std::vector<Change> changes;
    const auto status = write(group, &changes);
    if (!status.ok()) {
      {
        const std::lock_guard lock(mutex_);
        broken_ = true;
        std::move(queue_.begin(), queue_.end(), std::back_inserter(group));
        queue_.clear();
      }
      for (const auto& submission : group) submission.done(std::vector<MutationResult>(submission.batch.size()));
      failed_(failure("cannot write", status));
      return;
    }
    if (!changes.empty()) {
      const uint64_t revision = changes.back().object->revision();
      feed_(revision, std::move(changes));
    }
    for (auto& submission : group) submission.done(std::move(submission.results));
  }
}

rocksdb::Status RocksdbEngine::write(std::vector<Submission>& group, std::vector<Change>* changes) {
  for (auto& submission : group) {
    for (const auto& mutation : submission.batch) submission.results.push_back(judge_.judge(mutation, changes));
  }
  if (changes->empty()) return rocksdb::Status::OK();
  rocksdb::WriteBatch batch;
  for (const auto& change : *changes) {
    const auto key = format::encode_key(change.object);
    const bool put = change.type == Change::Type::put;
    const auto added = put ? batch.Put(key, format::encode_value(*change.object)) : batch.Delete(key);
    if (!added.ok()) return added;
  }
  if (const auto added = batch.Put(rocksdb::Slice(format::kRevisionKey), format::encode_revision(judge_.revision()));
      !added.ok()) {
    return added;
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  return database_->Write(options, &batch);
}

}  // namespace

std::unique_ptr<Engine> make_rocksdb_engine(RocksdbOptions options) {
  return std::make_unique<RocksdbEngine>(std::move(options));
}

}  // namespace kabuki::store

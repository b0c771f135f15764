#include "store/engines/rocksdb_open.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <rocksdb/cache.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/system_clock.h>
#include <rocksdb/table.h>

#include "messages/status.hpp"
#include "runtime/io/live_disk.hpp"
#include "store/engines/log_end.hpp"

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
  // Writing comes before space: what was written last is merged seldom. Nothing is read after the load.
  out.level0_file_num_compaction_trigger = limits::kMergeAtFiles;
  out.level0_slowdown_writes_trigger = 4 * limits::kMergeAtFiles;
  out.level0_stop_writes_trigger = 6 * limits::kMergeAtFiles;
  out.max_bytes_for_level_base = limits::kMergedBytes;
  // A log that grows by itself is synced in half the time of one whose room was reserved: no extents to convert.
  out.allow_fallocate = false;
  out.write_buffer_size = options.memtable_bytes;
  out.max_write_buffer_number = limits::kMemtables;
  out.max_open_files = limits::kOpenFiles;
  out.max_background_jobs = 2;
  // Merging waits for who is waited for.
  rocksdb::Env::Default()
      ->LowerThreadPoolCPUPriority(rocksdb::Env::LOW, rocksdb::CpuPriority::kLow)
      .PermitUncheckedError();
  // So that a table that cannot be opened is the one that was read last.
  out.max_file_opening_threads = 1;
  // Nothing is tried again after an error: the engine ends, and what opens the database anew finds out what is
  // durable.
  out.max_bgerror_resume_count = 0;
  out.info_log_level = rocksdb::WARN_LEVEL;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  return out;
}

/// After an error in the background RocksDB pauses before it tries again. Here nothing is tried again, and who closes
/// the database need not wait for it.
class NoPauses : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "KabukiClock"; }
  void SleepForMicroseconds(int micros) override {
    if (micros < 1'000'000) SystemClockWrapper::SleepForMicroseconds(micros);
  }
};

class Environment : public rocksdb::EnvWrapper {
 public:
  explicit Environment(const std::shared_ptr<RocksdbFiles>& files) : EnvWrapper(rocksdb::NewCompositeEnv(files)) {
    file_system_ = files;
    system_clock_ = std::make_shared<NoPauses>(rocksdb::SystemClock::Default());
  }
};

}  // namespace

/// Keeps RocksDB's warnings in a file, LOG, and remembers what it says of a log it cannot read: the status of opening
/// names no file. RocksDB's own logger aborts the process when its file cannot be written.
class RocksdbDatabase::Log : public rocksdb::Logger {
 public:
  Log(io::Disk& disk, const std::string& directory, std::shared_ptr<RocksdbFiles> files)
      : rocksdb::Logger(rocksdb::WARN_LEVEL), files_(std::move(files)) {
    const std::string path = directory + "/LOG";
    if (disk.exists(path) && !disk.rename(path, path + ".old").ok()) return;
    // Without a file all else works as well.
    if (auto file = disk.create(path)) file_ = std::move(*file);
  }

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    char line[512];
    if (vsnprintf(line, sizeof line, format, arguments) < 0) return;
    const std::lock_guard lock(mutex_);
    if (file_ && (written_ += strlen(line)) < limits::kRocksdbLogBytes) {
      if (!file_->append(std::string(line) + '\n').ok()) file_.reset();
    }
    const char* dropping = strstr(line, ".log: dropping");
    if (!dropping || !dropped_.empty()) return;
    while (dropping > line && dropping[-1] != ' ' && dropping[-1] != '/') --dropping;
    dropped_ = dropping;
    // It reads on before it returns.
    where_ = files_->last_read(dropped_);
  }
  std::string dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }
  std::optional<LastRead> where() const {
    const std::lock_guard lock(mutex_);
    return where_;
  }

 private:
  const std::shared_ptr<RocksdbFiles> files_;
  mutable std::mutex mutex_;
  std::unique_ptr<io::AppendFile> file_;
  size_t written_ = 0;
  std::string dropped_;
  std::optional<LastRead> where_;
};

RocksdbDatabase::RocksdbDatabase(const RocksdbOptions& options)
    : options_(options),
      own_disk_(options.disk ? nullptr : std::make_unique<io::LiveDisk>("")),
      disk_(options.disk ? options.disk : own_disk_.get()),
      files_(std::make_shared<RocksdbFiles>(disk_)),
      env_(std::make_unique<Environment>(files_)),
      room_(disk_, options.directory, options.disk_low_bytes, options.disk_reserve_bytes) {}

RocksdbDatabase::~RocksdbDatabase() = default;

/// Makes sure that nobody has it and that RocksDB will not silently read less than was written.
Result<> RocksdbDatabase::take() {
  if (options_.must_exist && !disk_->exists(options_.directory)) {
    return internal_error("the store in " + options_.directory + " is lost: the directory is not there any more");
  }
  if (auto made = disk_->make_folder(options_.directory); !made.ok()) {
    return internal_error("cannot create " + options_.directory + ": " + made.error().message);
  }
  const auto lock = disk_->lock(options_.directory + "/LOCK");
  if (!lock) {
    const std::string& why = lock.error().message;
    const auto by = why.find(" is locked by ");
    if (by == std::string::npos) return internal_error("cannot lock the store in " + options_.directory + ": " + why);
    return unavailable("the store in " + options_.directory + " is in use by " + why.substr(by + 14));
  }
  if (auto checked = check_database_files(*disk_, options_.directory); !checked.ok()) return checked.error();
  if (options_.must_exist && !disk_->exists(options_.directory + "/CURRENT")) {
    return internal_error("the store in " + options_.directory +
                          " is lost: the directory holds no database any more");
  }
  room_.look();  // recovery needs some
  return {};
}

Result<> RocksdbDatabase::open() {
  if (auto taken = take(); !taken.ok()) return taken;
  auto options = database_options(options_);
  options.env = env_.get();
  options.info_log = log_ = std::make_shared<Log>(*disk_, options_.directory, files_);
  rocksdb::DB* database = nullptr;
  const auto status = rocksdb::DB::Open(options, options_.directory, &database);
  database_.reset(database);
  if (status.ok()) return {};
  const std::string table = status.IsCorruption() ? rotten_table(options, status.ToString()) : "";
  if (table.empty()) return failure("cannot open", status);
  return internal_error("cannot open the store in " + options_.directory + ": " + table);
}

/// RocksDB opens the other tables too when one is corrupt, and names the manifest that led to them. "" when the error
/// names a table or a log, or no table is corrupt.
std::string RocksdbDatabase::rotten_table(const rocksdb::Options& options, const std::string& text) const {
  if (text.find(".sst") != std::string::npos || log_->where()) return "";
  const auto names = disk_->list(options_.directory);
  if (!names) return "";
  for (const auto& name : *names) {
    if (!name.ends_with(".sst")) continue;
    rocksdb::SstFileReader reader(options);
    auto status = reader.Open(options_.directory + "/" + name);
    if (status.ok()) status = reader.VerifyChecksum();
    if (!status.ok()) return status.ToString() + place(name);
  }
  return "";
}

std::string RocksdbDatabase::place(const std::string& text) const {
  std::string out;
  auto where = log_ ? log_->where() : std::nullopt;
  if (where) {
    out = " (" + log_->dropped() + ")";
  } else {
    where = files_->last_read(text);
  }
  if (!where) return out;
  return out + "; read last: " + std::to_string(where->bytes) + " bytes at offset " + std::to_string(where->offset) +
         " of " + where->path;
}

Error RocksdbDatabase::failure(std::string_view what, const rocksdb::Status& status) const {
  const std::string text = status.ToString();
  const bool no_room = status.subcode() == rocksdb::Status::kNoSpace;
  return internal_error(std::string(what) + " the store in " + options_.directory + ": " + text +
                        (status.IsIOError() || no_room ? "" : place(text)));
}

}  // namespace kabuki::store

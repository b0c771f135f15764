#pragma once

#include <memory>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <string_view>

#include "messages/result.hpp"
#include "store/engines/disk_room.hpp"
#include "store/engines/rocksdb.hpp"
#include "store/engines/rocksdb_files.hpp"

namespace kabuki::store {

/// A RocksDB database and what it stands on: its disk, its files, its room. Points to the database once that is open.
class RocksdbDatabase {
 public:
  /// `options` outlives it.
  explicit RocksdbDatabase(const RocksdbOptions& options);
  ~RocksdbDatabase();

  /// Error: 503 naming the process that has it open; what is corrupt by file and offset.
  Result<> open();
  void close() { database_.reset(); }
  rocksdb::DB* operator->() const { return database_.get(); }
  explicit operator bool() const { return database_ != nullptr; }

  /// "<what> the store in <directory>: <why>", with the place that was read last when something is corrupt.
  Error failure(std::string_view what, const rocksdb::Status& status) const;
  DiskRoom& room() { return room_; }

 private:
  class Log;
  Result<> take();
  std::string place(const std::string& text) const;
  std::string rotten_table(const rocksdb::Options& options, const std::string& text) const;

  const RocksdbOptions& options_;
  const std::unique_ptr<io::Disk> own_disk_;
  io::Disk* const disk_;
  const std::shared_ptr<RocksdbFiles> files_;
  const std::unique_ptr<rocksdb::Env> env_;
  DiskRoom room_;
  std::shared_ptr<Log> log_;
  std::unique_ptr<rocksdb::DB> database_;
};

}  // namespace kabuki::store

#pragma once

#include <string>

#include "messages/result.hpp"
#include "runtime/io/disk.hpp"

namespace kabuki::store {

/// Finds what RocksDB itself takes for a write that a crash has torn, and would silently drop: a rotten length in the
/// last block of the log or manifest at `path`. Error: names file and offset.
Result<> check_log_end(io::Disk& disk, const std::string& path);

/// Checks what the database in `directory` begins with: that CURRENT is there where tables or logs are, and names a
/// manifest that is there; and the ends of all logs. Without one there is nothing to check. Error: names file and
/// offset.
Result<> check_database_files(io::Disk& disk, const std::string& directory);

}  // namespace kabuki::store

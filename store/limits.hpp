#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/io/time.hpp"

/// Every bound of the store in one place. Sizes are bytes.
namespace kabuki::store::limits {

/// Changes that a shard remembers, for watches that resume and lists at an older revision.
inline constexpr size_t kHistoryChanges = 500'000;
/// Versions kept alive only because the history holds them.
inline constexpr size_t kHistoryBytes = 128u << 20;
/// Revisions at which paged lists are held open; the oldest is rebuilt from history when it is asked for again.
inline constexpr size_t kPagedSnapshots = 16;
/// Page ends of one snapshot whose number of remaining objects is known.
inline constexpr size_t kRememberedPages = 1'024;

/// One WatchEvents.
inline constexpr size_t kWatchBatchEvents = 1'000;
inline constexpr size_t kWatchBatchBytes = 1u << 20;
/// Objects or changes looked at before other messages get their turn.
inline constexpr size_t kScanPerStep = 20'000;

/// Asks waiting in a shard's mailbox, and the bytes of the objects that came with them.
inline constexpr size_t kWaitingAsks = 4'096;
inline constexpr size_t kWaitingBytes = 64u << 20;
/// Lists that take more than one step: under way and waiting; of those, how many are gathered at a time.
inline constexpr size_t kListJobs = 256;
inline constexpr size_t kListsAtOnce = 4;
/// Streams of one shard.
inline constexpr size_t kWatchStreams = 200'000;

/// Commits waiting in a shard beyond those that the engine has.
inline constexpr size_t kQueuedMutations = 65'536;
inline constexpr size_t kQueuedBytes = 64u << 20;
/// One submission to the engine.
inline constexpr size_t kSubmitMutations = 4'096;
/// Submissions in flight: one being synced and one behind it, so that the disk never waits for the shard.
inline constexpr size_t kSubmissions = 2;

/// Whole shards being read, for backups: how many at once, how long one waits for its next page, and objects between two
/// looks at a page's size.
inline constexpr size_t kReadsHeld = 4;
inline constexpr io::Duration kReadHold = std::chrono::minutes(10);
inline constexpr size_t kReadStep = 256;

inline constexpr io::Duration kBookmarkInterval = std::chrono::seconds(60);

/// RocksDB: memtables and cache of one shard.
inline constexpr size_t kMemtableBytes = 64u << 20;
inline constexpr int kMemtables = 3;
inline constexpr size_t kBlockCacheBytes = 8u << 20;
inline constexpr int kOpenFiles = 256;

}  // namespace kabuki::store::limits

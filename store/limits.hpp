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
/// Older changes are forgotten, as Kubernetes compacts etcd. Looked at in this many steps.
inline constexpr io::Duration kHistoryAge = std::chrono::minutes(5);
inline constexpr int kHistoryAgeSteps = 5;
/// Revisions at which paged lists are held open; the oldest is rebuilt from history when it is asked for again.
inline constexpr size_t kPagedSnapshots = 16;
/// Changes after which such a revision is held no longer: it keeps the versions from before them.
inline constexpr size_t kSnapshotVersions = 100'000;
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

/// Whole shards being read, for backups: how many at once, how long one waits for its next page, and objects between
/// two looks at a page's size.
inline constexpr size_t kReadsHeld = 4;
inline constexpr io::Duration kReadHold = std::chrono::minutes(10);
inline constexpr size_t kReadStep = 256;

inline constexpr io::Duration kBookmarkInterval = std::chrono::seconds(60);

/// Reads that wait until the shard has seen enough; how long for what was acknowledged, and for a revision (as
/// kube-apiserver does); how soon the engine is asked again when it could not tell.
inline constexpr size_t kWaitingReads = 16'384;
inline constexpr io::Duration kReadTimeout = std::chrono::seconds(5);
inline constexpr io::Duration kRevisionTimeout = std::chrono::seconds(3);
inline constexpr io::Duration kBarrierRetry = std::chrono::milliseconds(100);

/// Where others write too: how often a shard that nobody reads asks whether it still reaches the store, and for how
/// long it must have failed to before it serves nothing any more.
inline constexpr io::Duration kStoreProbe = std::chrono::seconds(1);
inline constexpr io::Duration kCutOff = std::chrono::seconds(4);

/// A shard that cannot be opened is tried again: soon where it may pass by itself (no quorum, a process that ends).
inline constexpr io::Duration kOpenAgainSoon = std::chrono::seconds(2);
inline constexpr io::Duration kOpenAgain = std::chrono::seconds(15);

/// Lazy changes: how long they may wait to be durable, how many keys of them, and by how many revisions the disk is
/// ahead so that a crash that forgets some gives none out again.
inline constexpr io::Duration kLazyDelay = std::chrono::seconds(1);
inline constexpr size_t kLazyKeys = 100'000;
inline constexpr uint64_t kLazyRevisions = 10'000;

/// RocksDB: memtables and cache of one shard.
inline constexpr size_t kMemtableBytes = 64u << 20;
inline constexpr int kMemtables = 3;
/// Written memtables that are merged at once, and bytes of what they are merged with.
inline constexpr int kMergeAtFiles = 12;
inline constexpr size_t kMergedBytes = 1u << 30;
inline constexpr size_t kBlockCacheBytes = 8u << 20;
inline constexpr int kOpenFiles = 256;
/// Of its warnings, from one start.
inline constexpr size_t kRocksdbLogBytes = 1u << 20;

/// etcd: mutations and bytes of one transaction. etcd takes 128 operations (--max-txn-ops) and 1.5 MiB
/// (--max-request-bytes); each mutation compares once and, when that fails, asks once; so does each condition and
/// each term, of which the operations are counted.
inline constexpr size_t kEtcdMutations = 64;
inline constexpr size_t kEtcdOperations = 120;
inline constexpr size_t kEtcdBytes = 1u << 20;
/// Transactions under way.
inline constexpr size_t kEtcdTransactions = 16;
/// What a load aims at for one answer. etcd walks its whole index for each.
inline constexpr size_t kEtcdPageBytes = 16u << 20;
inline constexpr size_t kEtcdPageObjects = 20'000;
inline constexpr size_t kEtcdFirstPageObjects = 512;
/// How often an etcd engine looks at its deadlines, and how long it waits when no member serves.
inline constexpr io::Duration kEtcdTick = std::chrono::milliseconds(100);
inline constexpr io::Duration kEtcdRetry = std::chrono::milliseconds(200);

/// With less than this free on its disk a shard takes nothing that grows; what RocksDB needs to write its memtables
/// and merge tables is to fit in.
inline constexpr uint64_t kDiskLowBytes = 256u << 20;
/// Kept by each shard in a file that is given up to delete, and to open where that finds no room: the log's contents
/// go into a table then.
inline constexpr uint64_t kDiskReserveBytes = kMemtableBytes;
/// How often a shard says that its disk is full, while it is.
inline constexpr io::Duration kFullAlarmInterval = std::chrono::minutes(1);
/// After how long a write that is not answered is said.
inline constexpr io::Duration kStallAlarm = std::chrono::seconds(5);

}  // namespace kabuki::store::limits

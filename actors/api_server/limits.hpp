#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace kabuki::api_server {

/// Messages to one shard that wait for an answer; what comes meanwhile is gathered to the next batch. Two keep the
/// disk busy; with more the batches are smaller and cost more.
inline constexpr int kShardMessagesInFlight = 2;
inline constexpr size_t kShardBatch = 512;
/// A shard answers in milliseconds; longer means that it is gone or drowned.
inline constexpr std::chrono::seconds kShardTimeout{10};

/// Reads, and writes, that wait for one shard; and the bytes of what is to be written. At the pace of a busy shard
/// they wait for a second, so that what is taken is answered long before its time is up.
inline constexpr size_t kShardWaiting = 16'384;
inline constexpr size_t kShardWaitingBytes = 64u << 20;

/// Asks in the mailbox of an API server, with their objects, and HTTP requests that it has not looked at, with their
/// bodies.
inline constexpr size_t kWaitingAsks = 8'192;
inline constexpr size_t kWaitingBytes = 64u << 20;
inline constexpr size_t kWaitingRequests = 4'096;
inline constexpr size_t kWaitingBodies = 64u << 20;

/// How often a write without preconditions is decided again when others change the object meanwhile.
inline constexpr int kConflictRetries = 16;
/// How often, and after which pauses, what soon comes by itself (a new namespace's default account) is looked for
/// again.
inline constexpr int kLookupRetries = 10;
inline constexpr std::chrono::milliseconds kLookupPause{100};
/// Writes that wait until the objects around them are known, after a start.
inline constexpr size_t kWaitingToBeInformed = 4'096;
/// Of one namespace: writes that wait for its quotas to be charged, how many are charged together, how often a charge
/// is tried again when somebody else was faster, and the writes under way that one quota keeps a place for.
inline constexpr size_t kQuotaWaiting = 8'192;
inline constexpr size_t kQuotaBatch = 256;
inline constexpr int kQuotaRetries = 32;
inline constexpr size_t kQuotaReservations = 4'096;

/// Deletes of one collection that are under way at once.
inline constexpr size_t kCollectionDeletes = 256;

/// How often another name is generated when one is taken.
inline constexpr int kNameRetries = 8;

/// How long each shard may take to show that it reaches the store, for /readyz.
inline constexpr std::chrono::seconds kReadyTimeout{2};

/// How often another service address is proposed when another API server was faster, and how often what is left of
/// such is looked for.
inline constexpr int kAddressRetries = 64;
inline constexpr std::chrono::seconds kAddressRepair{60};
/// Node ports held while a patch of a service is decided on: what it adds beyond stays without.
inline constexpr size_t kSpareNodePorts = 32;
/// How many that seemed free one write may find to be another's.
inline constexpr size_t kLostNodePorts = 256;

/// A kubelet lets who follows a log wait a few seconds for the next line.
inline constexpr std::chrono::seconds kLogTimeout{15};

/// Of questions to the session of a program that is run in a container, which a kubelet answers within seconds; and
/// how often it is told that a slow client is still there.
inline constexpr std::chrono::seconds kExecTimeout{15};
inline constexpr std::chrono::seconds kExecKeep{10};

/// Batches of events that a shard may send to one HTTP watch before it is told that they went out.
inline constexpr uint64_t kWatchCredit = 16;
/// A watch without timeoutSeconds ends after this.
inline constexpr std::chrono::minutes kWatchMost{60};
/// Encoded forms of recent objects that are kept for the next watcher of the same event.
inline constexpr size_t kEncodedCacheSize = 2048;

}  // namespace kabuki::api_server

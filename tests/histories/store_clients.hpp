#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/supervisor.hpp"
#include "tools/check/linearizability.hpp"
#include "tools/check/watch_record.hpp"

namespace kabuki::store::test {

/// What the clients of a store see, and what they are told to do. Thread-safe; outlives them.
class StoreSeen {
 public:
  /// False: they finish what they are at.
  std::atomic<bool> writing{true};
  /// The last version that was written; no two writes have the same.
  std::atomic<uint64_t> versions{0};

  void add(tools::Operation operation);
  void add(tools::WatchRecord watch);
  void client_began();
  void client_ended();
  /// Blocks until there are so many operations.
  void wait_for_operations(size_t count) const;
  /// Blocks until every client is done, once `writing` is false.
  void wait_for_clients() const;

  /// Every breach that the checks find, beginning with the name of the check; empty when the store kept all it
  /// promises. To be asked when the clients are gone: watchers hand their records in as they go.
  std::vector<std::string> breaches() const;
  /// Writes that were acknowledged, refused, of unknown end; and what watchers were told.
  struct Counts {
    size_t acknowledged = 0, refused = 0, unknown = 0, told = 0;
  };
  Counts counts() const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  int clients_ = 0;
  std::vector<tools::Operation> operations_;
  std::vector<tools::WatchRecord> watches_;
};

/// Writers and readers of six pods, a reader of long lists, and watchers quick and slow, that come and go, of all, of
/// a namespace and of a node. They speak with the actor `s/shard`.
std::vector<runtime::ChildSpec> store_clients(StoreSeen* seen);

}  // namespace kabuki::store::test

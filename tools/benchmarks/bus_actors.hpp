#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "actors/api_server/shard_client.hpp"
#include "runtime/actor.hpp"

namespace kabuki::bench {

/// Writes through a ShardClient, as an API server does. Driven through its `box`, from its start on.
class WriterActor : public runtime::Actor {
 public:
  WriterActor();
  runtime::Mailbox box;

  /// Inside the actor: writes new objects of `kind` below `prefix`, always so many in flight, as long as `more` says
  /// so of the next one's number. Then `done`, with the latencies in ns.
  using Done = std::function<void(Result<std::vector<int64_t>>)>;
  void write(KindId kind, const std::string& prefix, size_t in_flight, std::function<bool(size_t)> more, Done done);

 protected:
  void started() override { box = mailbox(); }
  void received(runtime::Inbound& in) override;

 private:
  struct Run;
  void send(const std::shared_ptr<Run>& run);

  api_server::ShardClient client_;
  uint64_t next_name_ = 0;
};

/// What watchers have in common: what they watch, and how far they are.
struct WatchCount {
  runtime::Address source;
  size_t watchers = 0;
  size_t events = 0;  // for each
  std::string ns;
  std::atomic<size_t> opened{0};
  std::atomic<size_t> finished{0};
  std::atomic<bool> failed{false};
  std::promise<void> all_opened;
  std::promise<void> all_finished;  // or one has failed

  void fail() {
    if (!failed.exchange(true)) all_finished.set_value();
  }
};

/// What the watchers watch, of which the writer writes elsewhere nothing.
inline constexpr KindId kWatched = kinds::kSecret;

/// Watches a namespace that is empty at first, counts what it is told and pays for it. Driven through its `box`, from
/// its start on.
class WatcherActor : public runtime::Actor {
 public:
  runtime::Mailbox box;
  /// Inside the actor: opens a stream, in place of the one before.
  void watch(std::shared_ptr<WatchCount> count);
  void close();

 protected:
  void started() override { box = mailbox(); }
  void received(runtime::Inbound& in) override;

 private:
  void pay(uint64_t seen);

  std::shared_ptr<WatchCount> count_;
  uint64_t stream_ = 0;
  size_t seen_ = 0;
  uint64_t unpaid_ = 0;
};

}  // namespace kabuki::bench

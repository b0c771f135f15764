#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "actors/membership/door.hpp"
#include "actors/supervision_tree.hpp"
#include "messages/result.hpp"
#include "runtime/host.hpp"
#include "tools/live_services.hpp"

namespace kabuki::tools {

/// One live host in this process, from its services to its end.
class HostRun {
 public:
  /// Blocks SIGTERM and SIGINT for all threads that are made later: run() waits for them. To be called first.
  static void block_signals();

  HostRun(std::unique_ptr<LiveServices> live, const std::string& name, uint64_t incarnation);
  ~HostRun();

  runtime::Host& host() { return *host_; }
  runtime::ZmqNetwork& network() { return live_->network(); }
  /// Serves the command line's requests to whoever holds this key, and joining hosts. Before start.
  membership::Door& open_door(const std::string& control_public_key);

  Result<> start(actors::TreeParts parts);
  /// Until a signal (0) or until the root supervisor gave up (1); the host is stopped then.
  int run();

 private:
  std::unique_ptr<LiveServices> live_;
  std::unique_ptr<runtime::Host> host_;
  std::unique_ptr<membership::Door> door_;
  std::atomic<bool> root_ended_{false};
};

/// The next incarnation of the host of this directory: one more than ever before, kept there.
Result<uint64_t> next_incarnation(const std::string& path);

}  // namespace kabuki::tools

#pragma once

#include <string>

#include "messages/result.hpp"
#include "runtime/address.hpp"
#include "runtime/io/time.hpp"
#include "runtime/message.hpp"
#include "tools/cluster_files.hpp"

namespace kabuki::tools {

/// Finds the running host of cluster `name` (or of the directory `data`, when given) on this machine. Error: says how
/// to start one.
Result<HostState> find_running(const std::string& name, const std::string& data, ClusterFiles* files);

/// Asks any actor of a running cluster, through its first host, proven by the control key in that host's directory.
class ControlClient {
 public:
  static Result<ControlClient> open(const std::string& name, const std::string& data = {});

  /// The receiver's answer, or its error. Blocks for at most `timeout`.
  Result<runtime::MessagePtr> ask(const runtime::Address& to, const runtime::MessagePtr& message,
                                  io::Duration timeout = std::chrono::seconds(5)) const;
  const HostState& host() const { return state_; }
  const ClusterFiles& files() const { return files_; }

 private:
  HostState state_;
  ClusterFiles files_;
  std::string secret_key_;
  std::string public_key_;
};

}  // namespace kabuki::tools

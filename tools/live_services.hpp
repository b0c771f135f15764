#pragma once

#include <memory>
#include <string>

#include "messages/result.hpp"
#include "runtime/host.hpp"
#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_disk.hpp"
#include "runtime/io/live_timers.hpp"
#include "runtime/transport/zmq_network.hpp"

namespace kabuki::tools {

/// What a live host stands on: the machine's clock, timers, disk and network. Outlives the host.
class LiveServices {
 public:
  /// `network.host` names the host. Error: the endpoint cannot be bound.
  static Result<std::unique_ptr<LiveServices>> make(runtime::ZmqOptions network, const std::string& disk_root);

  runtime::HostServices services() { return {&clock_, &timers_, network_.get(), &disk_}; }
  runtime::ZmqNetwork& network() { return *network_; }
  io::LiveClock& clock() { return clock_; }

 private:
  explicit LiveServices(const std::string& disk_root) : timers_(clock_), disk_(disk_root) {}

  io::LiveClock clock_;
  io::LiveTimers timers_;
  io::LiveDisk disk_;
  std::unique_ptr<runtime::ZmqNetwork> network_;
};

/// What a host's door does with a ControlRequest: the holder of the control key may ask any actor of `host`; anybody
/// else is refused. The key is let in by this call.
runtime::ZmqNetwork::Requested serve_control(runtime::ZmqNetwork& network, runtime::Host& host,
                                             const std::string& control_public_key);

}  // namespace kabuki::tools

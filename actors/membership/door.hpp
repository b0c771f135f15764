#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "messages/bus/control.pb.h"
#include "messages/result.hpp"
#include "runtime/host.hpp"
#include "runtime/transport/join_file.hpp"
#include "runtime/transport/zmq_network.hpp"

namespace kabuki::membership {

/// What a Join may say of its sender: completes it with what the sender's key proves. `from` is the name that the key
/// stands for, `joining/<id>` or a host's, and `key` the key of that host. Error: Forbidden (403).
Result<bus::Join> proven_join(const std::string& from, const std::string& key, bus::Join join);

/// Lets hosts into the cluster through this host's network: takes their Join, proves it, hands it to @membership, and
/// sends the answer back. Made after the host and before it starts; ends before them. Thread-safe.
class Door {
 public:
  /// `otherwise` gets the requests that are no Join; without it they are refused.
  Door(runtime::ZmqNetwork& network, runtime::Host& host, runtime::ZmqNetwork::Requested otherwise = {});
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  /// What a host gets that an invitation lets in as a control-plane host. Without, such a host is refused.
  void offer_kit(bus::MasterKit kit);

  /// A new invitation of workers, or of control-plane hosts too, good for `uses` hosts (0: any number) until it is
  /// revoked. The id is the public half of its key.
  runtime::JoinFile invite(const std::string& endpoint, uint32_t uses, bool control_plane = false);
  /// Accepts an invitation of an earlier run again, or of another control-plane host.
  void accept(const runtime::JoinFile& file);
  void revoke(const std::string& id);

 private:
  struct Invitation {
    std::string public_key;
    uint32_t uses = 0;
    uint32_t used = 0;
    bool control_plane = false;
  };
  struct State;

  runtime::ZmqNetwork& network_;
  std::shared_ptr<State> state_;
  const std::string host_name_;
};

/// Knocks: sends `join` with `keys` and waits for the answer. With a join file's secret for the first time, with the
/// host's own keys ever after. `sender` is only believed where there are no keys. Errors as the door or @membership
/// gave them; Timeout that says what to check.
Result<bus::JoinReply> ask_to_join(const runtime::RequestTarget& target, const runtime::CurveKeys& keys,
                                   const std::string& sender, const bus::Join& join, io::Duration timeout);

}  // namespace kabuki::membership

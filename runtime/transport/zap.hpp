#pragma once

#include <string>
#include <vector>
#include <zmq.hpp>

#include "runtime/transport/curve_keys.hpp"

namespace kabuki::runtime {

/// ZeroMQ's authentication, RFC 27 (https://rfc.zeromq.org/spec/27/): asked before a CURVE client is let in.
inline constexpr const char* kZapEndpoint = "inproc://zeromq.zap.01";
inline constexpr const char* kZapDomain = "kabuki";

struct ZapRequest {
  std::string request_id;
  std::string address;     // of the client
  std::string mechanism;   // CURVE
  std::string public_key;  // Z85; empty when there is none
};
/// Error: BadRequest when the parts are not a request of version 1.0.
Result<ZapRequest> parse_zap_request(const std::vector<std::string>& parts);
/// Lets the client in with its public key as User-Id, or refuses it.
std::vector<std::string> zap_reply(const ZapRequest& request, bool allowed);

/// Answers every request that waits on `socket` from the key ring; logs refusals as `who`.
void serve_zap(zmq::socket_t& socket, const KeyRing& keys, const std::string& who);

}  // namespace kabuki::runtime

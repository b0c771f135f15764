#include <zmq.hpp>

#include "messages/status.hpp"
#include "runtime/transport/batch.hpp"
#include "runtime/transport/endpoint.hpp"
#include "runtime/transport/zmq_network.hpp"

namespace kabuki::runtime {

Result<std::string> request_once(const RequestTarget& target, const CurveKeys& keys, const std::string& sender,
                                 const std::string& request, io::Duration timeout) {
  if (keys.empty() && !is_loopback_endpoint(target.endpoint)) {
    return bad_request("refusing " + target.endpoint + " without keys");
  }
  auto wait_ms = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count());
  auto batch = begin_batch(BatchKind::request, sender);
  append_frame(&batch, request);
  try {
    zmq::context_t context(1);
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::ipv6, target.endpoint.find('[') != std::string::npos);
    socket.set(zmq::sockopt::rcvtimeo, wait_ms);
    if (!keys.empty()) {
      socket.set(zmq::sockopt::curve_publickey, keys.public_key);
      socket.set(zmq::sockopt::curve_secretkey, keys.secret_key);
      socket.set(zmq::sockopt::curve_serverkey, target.server_key);
    }
    socket.connect(target.endpoint);
    socket.send(zmq::buffer(batch), zmq::send_flags::none);
    zmq::message_t message;
    if (!socket.recv(message, zmq::recv_flags::none)) {
      return timed_out("no answer from " + target.endpoint + " within " + std::to_string(wait_ms / 1000) +
                       " s: check that the cluster is up, that this address can be reached from here, and that the "
                       "join file is the cluster's newest");
    }
    auto answer = parse_batch(message.to_string_view());
    if (!answer || answer->kind != BatchKind::answer || answer->frames.size() != 1) {
      return bad_request(target.endpoint + " did not answer as a kabuki host");
    }
    return std::move(answer->frames[0]);
  } catch (const zmq::error_t& error) {
    return unavailable("cannot reach " + target.endpoint + ": " + error.what());
  }
}

}  // namespace kabuki::runtime

#include "runtime/transport/zap.hpp"

#include <cstdint>

#include "messages/status.hpp"
#include "runtime/log.hpp"

namespace kabuki::runtime {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr const char* kVersion = "1.0";

bool receive_parts(zmq::socket_t& socket, std::vector<std::string>* parts) {
  parts->clear();
  zmq::message_t part;
  do {
    if (!socket.recv(part, zmq::recv_flags::dontwait)) return false;
    parts->emplace_back(part.to_string());
  } while (part.more());
  return true;
}

void send_parts(zmq::socket_t& socket, const std::vector<std::string>& parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    auto flags = i + 1 < parts.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
    socket.send(zmq::buffer(parts[i]), flags | zmq::send_flags::dontwait);
  }
}

}  // namespace

Result<ZapRequest> parse_zap_request(const std::vector<std::string>& parts) {
  if (parts.size() < 6 || parts[0] != kVersion) return bad_request("not a ZAP 1.0 request");
  ZapRequest request{.request_id = parts[1], .address = parts[3], .mechanism = parts[5], .public_key = {}};
  if (request.mechanism == "CURVE" && parts.size() == 7 && parts[6].size() == kKeyBytes) {
    char text[kKeyBytes * 5 / 4 + 1];
    zmq_z85_encode(text, reinterpret_cast<const uint8_t*>(parts[6].data()), kKeyBytes);
    request.public_key = text;
  }
  return request;
}

std::vector<std::string> zap_reply(const ZapRequest& request, bool allowed) {
  return {kVersion,
          request.request_id,
          allowed ? "200" : "400",
          allowed ? "OK" : "key not allowed",
          allowed ? request.public_key : "",
          ""};
}

void serve_zap(zmq::socket_t& socket, const KeyRing& keys, const std::string& who) {
  std::vector<std::string> parts;
  while (receive_parts(socket, &parts)) {
    auto request = parse_zap_request(parts);
    if (!request) {
      // A REP socket must answer before it receives again.
      send_parts(socket, zap_reply({.request_id = parts.size() > 1 ? parts[1] : ""}, false));
      continue;
    }
    auto name = keys.name_of(request->public_key);
    send_parts(socket, zap_reply(*request, name.has_value()));
    if (!name) {
      log(Level::warning, who, "refused a connection: its key is not allowed here",
          {{"address", request->address}, {"key", request->public_key}, {"mechanism", request->mechanism}});
    }
  }
}

}  // namespace kabuki::runtime

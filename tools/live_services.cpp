#include "tools/live_services.hpp"

#include "messages/bus/control.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"

namespace kabuki::tools {
namespace {

constexpr const char* kControl = "control";

std::string encode_reply(const Result<runtime::MessagePtr>& result) {
  bus::ControlReply reply;
  reply.set_ok(result.ok());
  if (result) {
    reply.set_message(runtime::encode_message(**result));
  } else {
    error_to_failure(result.error(), reply.mutable_failure());
  }
  return runtime::encode_message(*runtime::make_message(std::move(reply)));
}

}  // namespace

Result<std::unique_ptr<LiveServices>> LiveServices::make(runtime::ZmqOptions network, const std::string& disk_root) {
  std::unique_ptr<LiveServices> live(new LiveServices(disk_root));
  auto made = runtime::make_zmq_network(std::move(network), live->clock_);
  if (!made) return made.error();
  live->network_ = std::move(*made);
  return live;
}

runtime::ZmqNetwork::Requested serve_control(runtime::ZmqNetwork& network, runtime::Host& host,
                                             const std::string& control_public_key) {
  network.key_ring().allow(control_public_key, kControl);
  return [&host](const std::string& from, std::string request, runtime::ZmqNetwork::Answer answer) {
    if (from != kControl) {
      runtime::log(runtime::Level::warning, host.options().name, "refused a control request", {{"from", from}});
      return answer(encode_reply(Error{.code = 403, .reason = "Forbidden", .message = from + " may not ask this"}));
    }
    auto outer = runtime::decode_message(request);
    const auto* control = outer ? (*outer)->as<bus::ControlRequest>() : nullptr;
    if (!control) return answer(encode_reply(bad_request("expected a ControlRequest")));
    auto message = runtime::decode_message(control->message());
    if (!message) return answer(encode_reply(message.error()));
    host.ask({control->to()}, *message, std::chrono::milliseconds(control->timeout_ms()),
             [answer](Result<runtime::MessagePtr> result) { answer(encode_reply(result)); });
  };
}

}  // namespace kabuki::tools

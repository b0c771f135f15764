#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::api_server {

/// How several streams share one WebSocket: a subprotocol of Kubernetes' remote commands. Each message is a byte that
/// names the stream, then its bytes; in base64 a digit, then base64. Source: client-go, tools/remotecommand;
/// apimachinery, util/httpstream/wsstream.
struct ChannelProtocol {
  std::string name;          // as it is answered; "": none
  bool base64 = false;       // messages are text
  bool json_status = false;  // the end is told as a Status; else as text, and only a failure
  bool closes = false;       // channel 255 names a stream that the client ends
  bool operator==(const ChannelProtocol&) const = default;
};

enum class Channel : uint8_t { in = 0, out = 1, err = 2, status = 3, resize = 4, close = 255 };

/// The one that a server takes of those offered: v5 wherever it is offered, else the first it knows; without an offer
/// the oldest. Error: 403.
Result<ChannelProtocol> choose_channel_protocol(const std::vector<std::string>& offered);

/// One message.
std::string channel_message(const ChannelProtocol& protocol, Channel channel, std::string_view bytes);

struct ChannelInput {
  uint8_t channel = 0;
  std::string bytes;
  bool operator==(const ChannelInput&) const = default;
};
/// None: it is no message of this protocol, which drops it.
std::optional<ChannelInput> read_channel_message(const ChannelProtocol& protocol, std::string_view message);

/// What is said on the status channel at the end: success for code 0, else NonZeroExitCode with the code as its
/// cause.
/// "": nothing is to be said.
std::string exit_status(const ChannelProtocol& protocol, int32_t exit_code);
std::string error_status(const ChannelProtocol& protocol, const Error& error);

}  // namespace kabuki::api_server

#include "actors/api_server/exec_channels.hpp"

#include <algorithm>
#include <iterator>

#include "messages/api/meta/v1/status.pb.h"
#include "messages/base64.hpp"
#include "messages/json.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

const ChannelProtocol kKnown[] = {
    {.name = "v5.channel.k8s.io", .json_status = true, .closes = true},
    {.name = "v4.channel.k8s.io", .json_status = true},
    {.name = "v4.base64.channel.k8s.io", .base64 = true, .json_status = true},
    {.name = "channel.k8s.io"},
    {.name = "base64.channel.k8s.io", .base64 = true},
};

std::string status_text(const ChannelProtocol& protocol, const StatusMessage& status) {
  if (!protocol.json_status) return status.status() == "Success" ? "" : status.message();
  std::string out;
  encode_json(status, &out);
  return out;
}

}  // namespace

Result<ChannelProtocol> choose_channel_protocol(const std::vector<std::string>& offered) {
  if (offered.empty()) return ChannelProtocol();
  if (std::find(offered.begin(), offered.end(), kKnown[0].name) != offered.end()) return kKnown[0];
  for (const std::string& name : offered) {
    const auto* known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                     [&](const ChannelProtocol& protocol) { return protocol.name == name; });
    if (known != std::end(kKnown)) return *known;
  }
  std::string names, all;
  for (const std::string& name : offered) names += (names.empty() ? "" : " ") + name;
  for (const ChannelProtocol& protocol : kKnown) all += (all.empty() ? "" : " ") + protocol.name;
  return Error{.code = 403,
               .reason = "Forbidden",
               .message = "requested protocol(s) are not supported: [" + names + "]; supports [" + all + "]"};
}

std::string channel_message(const ChannelProtocol& protocol, Channel channel, std::string_view bytes) {
  std::string out;
  if (protocol.base64) {
    out.push_back(static_cast<char>('0' + static_cast<uint8_t>(channel)));
    append_base64(bytes, &out);
  } else {
    out.push_back(static_cast<char>(channel));
    out.append(bytes);
  }
  return out;
}

std::optional<ChannelInput> read_channel_message(const ChannelProtocol& protocol, std::string_view message) {
  if (message.empty()) return std::nullopt;
  const auto first = static_cast<uint8_t>(message.front());
  message.remove_prefix(1);
  if (!protocol.base64) return ChannelInput{first, std::string(message)};
  auto bytes = decode_base64(message);
  if (first < '0' || first > '9' || !bytes) return std::nullopt;
  return ChannelInput{static_cast<uint8_t>(first - '0'), std::move(*bytes)};
}

std::string exit_status(const ChannelProtocol& protocol, int32_t exit_code) {
  StatusMessage status;
  status.mutable_metadata();
  status.set_status(exit_code == 0 ? "Success" : "Failure");
  if (exit_code != 0) {
    const std::string code = std::to_string(exit_code);
    status.set_message("command terminated with non-zero exit code: command terminated with exit code " + code);
    status.set_reason("NonZeroExitCode");
    auto* cause = status.mutable_details()->add_causes();
    cause->set_reason("ExitCode");
    cause->set_message(code);
  }
  return status_text(protocol, status);
}

std::string error_status(const ChannelProtocol& protocol, const Error& error) {
  StatusMessage status;
  to_status(error, &status);
  return status_text(protocol, status);
}

}  // namespace kabuki::api_server

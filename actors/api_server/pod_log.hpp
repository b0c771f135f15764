#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/request_info.hpp"
#include "actors/api_server/shard_client.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/bus/pods.pb.h"
#include "messages/result.hpp"
#include "runtime/actor_tools.hpp"

namespace kabuki::api_server {

/// What a request for a log asks for: Kubernetes' PodLogOptions.
struct LogOptions {
  std::string container;  // "": the only one
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  std::optional<int64_t> since_seconds;
  std::optional<int64_t> since_ns;  // wall time
  std::optional<int64_t> tail_lines;
  std::optional<int64_t> limit_bytes;
};
/// Errors: 400 for what cannot be read, 422 for what Kubernetes forbids.
Result<LogOptions> log_options(const http::Request& request, const std::string& pod);

/// How a log goes over a WebSocket: in binary messages, or in text that is base64.
struct LogMessages {
  std::string protocol;
  bool base64 = false;
  bool operator==(const LogMessages&) const = default;
};
/// None for a client that asks for a stream. Error: its handshake is broken, or it offers only what is not spoken.
Result<std::optional<LogMessages>> log_messages(const http::Request& request);

/// The container that is meant. Error: BadRequest that names those there are.
Result<std::string> log_container(const ::k8s::io::api::core::v1::Pod& pod, const std::string& wanted);

/// Serves GET pods/NAME/log: asks the kubelet of the pod's node for the log, piece by piece, and streams it as plain
/// text, or as messages; nothing is read faster than the client takes it. A member of an API server's actor.
class PodLogs {
 public:
  PodLogs(runtime::Actor& owner, ShardClient& shards) : actor_(owner), shards_(shards) {}

  struct Call {
    RequestInfo info;
    LogOptions options;
    std::optional<LogMessages> messages;
    std::shared_ptr<http::ResponseSink> sink;
    /// Called instead of the stream, at most once.
    std::function<void(const Error&)> refuse;
    /// Called when the stream begins.
    std::function<void()> began;
  };
  void serve(Call call);

 private:
  struct Stream {
    Call call;
    bus::ReadLog request;
    ObjectPtr pod;  // for the first request
    runtime::Address kubelet;
    std::string kubelet_url;
    std::optional<int64_t> bytes_left;
    std::string parked;  // refused by the connection
    bool open = false;   // the response has begun
    bool closed = false;
    bool last = false;  // nothing comes after what is parked
    bool held = false;
  };
  using StreamPtr = std::shared_ptr<Stream>;

  void find_node(const StreamPtr& stream, const ObjectPtr& pod);
  void begin(const StreamPtr& stream, const ObjectPtr& node);
  void read_on(const StreamPtr& stream);
  void take(const StreamPtr& stream, const Result<runtime::MessagePtr>& answer);
  static void open(const StreamPtr& stream);
  void send(const StreamPtr& stream);
  /// Keeps a stream whose connection has no room: the connection does not, so that it ends with this actor.
  void hold(const StreamPtr& stream);

  runtime::ActorTools actor_;
  ShardClient& shards_;
};

}  // namespace kabuki::api_server

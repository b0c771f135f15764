#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/api_server/exec_channels.hpp"
#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/request_info.hpp"
#include "actors/api_server/shard_client.hpp"
#include "messages/bus/exec.pb.h"
#include "messages/object.hpp"
#include "messages/result.hpp"
#include "runtime/actor_tools.hpp"

namespace kabuki::api_server {

/// What a request to run something in a container asks for: Kubernetes' PodExecOptions, or PodAttachOptions.
struct ExecOptions {
  bool attach = false;
  std::string container;  // "": the only one
  std::vector<std::string> command;
  bool in = false, out = false, err = false;
  bool tty = false;
  bool operator==(const ExecOptions&) const = default;
};
ExecOptions exec_options(const http::Request& request, bool attach);

/// What a kubelet has against them, as it says so: BadRequest.
Result<> check_exec(const ExecOptions& options);

/// Whether the request can become a stream, and which one. Errors: BadRequest without an upgrade, and with one to
/// SPDY, which is not spoken here; 403 where no subprotocol is known.
Result<ChannelProtocol> exec_protocol(const http::Request& request);

/// Serves pods/NAME/exec and attach: a session at the kubelet of the pod's node, and a WebSocket to the client.
/// Output is asked for when the client has taken what there was, and no more of its input is taken than the program
/// reads. A member of an API server's actor.
class PodExecs {
 public:
  PodExecs(runtime::Actor& owner, ShardClient& shards) : actor_(owner), shards_(shards) {}

  struct Call {
    RequestInfo info;
    http::Request request;
    std::shared_ptr<http::ResponseSink> sink;
    /// Called instead of the stream, at most once.
    std::function<void(const Error&)> refuse;
    /// Called when the stream begins.
    std::function<void()> began;
  };
  void serve(Call call);

 private:
  struct Input {
    std::string text;
    bool end = false;
    size_t message_bytes = 0;
  };
  struct Stream {
    Call call;
    ExecOptions options;
    bus::StartExec request;
    runtime::Address kubelet;
    std::string dial;  // what is said where that is out of reach, but for the reason
    ChannelProtocol protocol;
    std::string session;
    std::deque<Input> inputs;  // bounded by the connection: what is not consumed is not read on
    bool writing = false;
    std::vector<http::Chunk> parked;  // refused by the connection
    runtime::ActorTools::TimerId keeping = 0;
    bool last = false;    // nothing comes after what is parked
    bool closed = false;  // by the client, or at the end
  };
  using StreamPtr = std::shared_ptr<Stream>;

  void find_node(const StreamPtr& stream, const ObjectPtr& pod);
  void start(const StreamPtr& stream, const ObjectPtr& pod, const ObjectPtr& node);
  std::function<void()> posted(const StreamPtr& stream, std::function<void(const StreamPtr&)> run);
  void open(const StreamPtr& stream);
  void fail(const StreamPtr& stream, const Error& error);
  void receive(const StreamPtr& stream, const std::string& message);
  void write_on(const StreamPtr& stream);
  void write(const StreamPtr& stream, Input input);
  void lose(const StreamPtr& stream, const Error& why);
  void read_on(const StreamPtr& stream);
  void take(const StreamPtr& stream, const Result<runtime::MessagePtr>& answer);
  void send(const StreamPtr& stream);
  void keep(const StreamPtr& stream);
  void close(const StreamPtr& stream);
  Error unreachable(const Stream& stream, const Error& why) const;

  runtime::ActorTools actor_;
  ShardClient& shards_;
  /// Those under way: a connection only knows them weakly, so that it ends with this actor.
  std::set<StreamPtr> streams_;
};

}  // namespace kabuki::api_server

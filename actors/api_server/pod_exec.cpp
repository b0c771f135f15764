#include "actors/api_server/pod_exec.hpp"

#include <algorithm>
#include <utility>

#include "actors/api_server/host_permission.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/parameters.hpp"
#include "actors/api_server/pod_log.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr const char* kKubeletPort = "10250";

bool asks_for_spdy(const http::Request& request) {
  std::string upgrade(request.header("upgrade"));
  std::transform(upgrade.begin(), upgrade.end(), upgrade.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return upgrade.find("spdy/") != std::string::npos;
}

std::string address_of(const core::Node& node) {
  std::string out = node.metadata().name();
  for (const auto& known : node.status().addresses()) {
    if (known.type() == "InternalIP") out = known.address();
  }
  return out + ":" + kKubeletPort;
}

}  // namespace

ExecOptions exec_options(const http::Request& request, bool attach) {
  ExecOptions out;
  out.attach = attach;
  out.container = request.parameter("container");
  for (const auto& [name, value] : request.query) {
    if (name == "command" && !attach) out.command.push_back(value);
  }
  out.in = query_flag(request, "stdin");
  out.out = query_flag(request, "stdout");
  out.err = query_flag(request, "stderr");
  out.tty = query_flag(request, "tty");
  // A terminal has one stream of output.
  if (out.tty) out.err = false;
  return out;
}

Result<> check_exec(const ExecOptions& options) {
  if (!options.in && !options.out && !options.err) {
    return bad_request("you must specify at least 1 of stdin, stdout, stderr");
  }
  if (!options.attach && (options.command.empty() || options.command.front().empty())) {
    return bad_request("you must specify at least one command for the container");
  }
  return {};
}

Result<ChannelProtocol> exec_protocol(const http::Request& request) {
  if (!http::asks_for_web_socket(request)) {
    if (!asks_for_spdy(request)) return bad_request("Upgrade request required");
    return bad_request(
        "unable to upgrade: SPDY is not spoken here; use a client that speaks WebSocket (kubectl 1.31 or newer, the "
        "client libraries)");
  }
  auto checked = http::check_web_socket(request);
  if (!checked) return checked.error();
  return choose_channel_protocol(http::offered_protocols(request));
}

void PodExecs::serve(Call call) {
  auto stream = std::make_shared<Stream>();
  stream->call = std::move(call);
  const RequestInfo& info = stream->call.info;
  stream->options = exec_options(stream->call.request, info.subresource == "attach");
  shards_.get({kinds::kPod, info.ns, info.name}, [this, stream](Result<ObjectPtr> pod) {
    if (!pod) return stream->call.refuse(pod.error());
    if (!*pod) return stream->call.refuse(not_found(kind_of(kinds::kPod), stream->call.info.name));
    find_node(stream, *pod);
  });
}

void PodExecs::find_node(const StreamPtr& stream, const ObjectPtr& object) {
  const auto pod = object->as<core::Pod>();
  const ExecOptions& options = stream->options;
  auto container = log_container(pod, options.container);
  if (!container) return stream->call.refuse(container.error());
  const std::string node = pod.spec().nodename();
  if (node.empty()) {
    return stream->call.refuse(bad_request("pod " + pod.metadata().name() + " does not have a host assigned"));
  }
  if (auto checked = check_exec(options); !checked) return stream->call.refuse(checked.error());
  auto protocol = exec_protocol(stream->call.request);
  if (!protocol) return stream->call.refuse(protocol.error());
  stream->protocol = std::move(*protocol);
  bus::StartExec& request = stream->request;
  request.set_namespace_(pod.metadata().namespace_());
  request.set_pod(pod.metadata().name());
  request.set_uid(pod.metadata().uid());
  request.set_container(*container);
  request.set_attach(options.attach);
  for (const std::string& word : options.command) request.add_command(word);
  request.set_stdin(options.in);
  request.set_stdout(options.out);
  request.set_stderr(options.err);
  request.set_tty(options.tty);
  shards_.get({kinds::kNode, "", node}, [this, stream, object, node](Result<ObjectPtr> found) {
    if (!found) return stream->call.refuse(found.error());
    if (!*found) return stream->call.refuse(not_found(kind_of(kinds::kNode), node));
    start(stream, object, *found);
  });
}

void PodExecs::start(const StreamPtr& stream, const ObjectPtr& pod, const ObjectPtr& node) {
  streams_.insert(stream);
  stream->call.sink->on_closed(posted(stream, [this](const StreamPtr& closed) { close(closed); }));
  stream->call.sink->on_writable(posted(stream, [this](const StreamPtr& drained) {
    if (!drained->parked.empty()) send(drained);
  }));
  stream->dial = "error dialing backend: dial tcp " + address_of(node->as<core::Node>()) + ": connect: ";
  const std::string host = host_of_node(*node);
  if (host.empty()) return fail(stream, internal_error(stream->dial + "no route to host"));
  stream->kubelet = {host + "/kubelet/" + std::string(node->name())};
  actor_.ask(stream->kubelet, runtime::make_message(stream->request, {pod}), kExecTimeout,
             [this, stream](const Result<runtime::MessagePtr>& answer) {
               const auto* reply = answer ? (*answer)->as<bus::StartExecReply>() : nullptr;
               if (!reply) return fail(stream, unreachable(*stream, answer ? internal_error("") : answer.error()));
               stream->session = reply->session();
               if (stream->closed) return close(stream);
               open(stream);
               send(stream);
             });
}

/// What a kubelet itself says goes to the client; what keeps it from being asked is told as a dial that failed.
Error PodExecs::unreachable(const Stream& stream, const Error& why) const {
  const bool asked = why.reason != "ServiceUnavailable" && why.reason != "Timeout";
  return asked ? why : internal_error(stream.dial + "connection refused");
}

/// For a thread of HTTP to call.
std::function<void()> PodExecs::posted(const StreamPtr& stream, std::function<void(const StreamPtr&)> run) {
  return [mailbox = actor_.mailbox(), weak = std::weak_ptr(stream), run = std::move(run)] {
    mailbox.post([weak, run] {
      if (const StreamPtr stream = weak.lock()) run(stream);
    });
  };
}

void PodExecs::open(const StreamPtr& stream) {
  stream->call.began();
  stream->call.sink->start_web_socket(
      stream->protocol.name, !stream->protocol.base64,
      [this, mailbox = actor_.mailbox(), weak = std::weak_ptr(stream)](std::string message) {
        mailbox.post([this, weak, message = std::move(message)] {
          if (const StreamPtr stream = weak.lock()) receive(stream, message);
        });
      });
  // As a kubelet does: the client learns that it is connected.
  const ExecOptions& options = stream->options;
  const Channel first = options.out ? Channel::out : options.err ? Channel::err : Channel::status;
  stream->parked.push_back(std::make_shared<const std::string>(channel_message(stream->protocol, first, {})));
}

/// Before the stream has begun: as an answer, but for v5, where a client that has no stream tries SPDY instead of
/// telling why.
void PodExecs::fail(const StreamPtr& stream, const Error& error) {
  if (!stream->protocol.closes) {
    streams_.erase(stream);
    return stream->call.refuse(error);
  }
  open(stream);
  const std::string status = error_status(stream->protocol, error);
  stream->parked.push_back(
      std::make_shared<const std::string>(channel_message(stream->protocol, Channel::status, status)));
  stream->last = true;
  send(stream);
}

void PodExecs::receive(const StreamPtr& stream, const std::string& message) {
  auto input = read_channel_message(stream->protocol, message);
  const auto in = static_cast<uint8_t>(Channel::in);
  const bool text = input && stream->options.in && input->channel == in && !input->bytes.empty();
  const bool end = input && stream->options.in && stream->protocol.closes &&
                   input->channel == static_cast<uint8_t>(Channel::close) && input->bytes == std::string(1, '\0');
  // The size of a terminal, too, is nothing that a simulated program asks for.
  if (stream->closed || stream->last || (!text && !end)) return stream->call.sink->consumed(message.size());
  // Who types a key at a time while the program is busy is sent on in one piece.
  if (!end && !stream->inputs.empty() && !stream->inputs.back().end) {
    stream->inputs.back().text += input->bytes;
    stream->inputs.back().message_bytes += message.size();
  } else {
    stream->inputs.push_back({text ? std::move(input->bytes) : "", end, message.size()});
  }
  write_on(stream);
}

void PodExecs::write_on(const StreamPtr& stream) {
  if (stream->closed || stream->last) {
    for (const Input& input : std::exchange(stream->inputs, {})) stream->call.sink->consumed(input.message_bytes);
  }
  if (stream->writing || stream->inputs.empty()) return;
  stream->writing = true;
  Input next = std::move(stream->inputs.front());
  stream->inputs.pop_front();
  write(stream, std::move(next));
}

void PodExecs::write(const StreamPtr& stream, Input input) {
  bus::WriteExec request;
  request.set_session(stream->session);
  request.set_text(std::move(input.text));
  request.set_end(input.end);
  actor_.ask(stream->kubelet, runtime::make_message(std::move(request)), kExecTimeout,
             [this, stream, bytes = input.message_bytes](const Result<runtime::MessagePtr>& answer) {
               const auto* reply = answer ? (*answer)->as<bus::WriteExecReply>() : nullptr;
               if (reply && reply->full() && !stream->closed) return write(stream, {{}, false, bytes});
               stream->writing = false;
               stream->call.sink->consumed(bytes);
               if (!reply) lose(stream, answer ? internal_error("") : answer.error());
               write_on(stream);
             });
}

/// Some of the input may have arrived: with the rest of it the program would read what nobody has written.
void PodExecs::lose(const StreamPtr& stream, const Error& why) {
  if (stream->closed || stream->last) return;
  stream->last = true;
  bus::EndExec end;
  end.set_session(stream->session);
  actor_.tell(stream->kubelet, runtime::make_message(std::move(end)));
  stream->parked.push_back(std::make_shared<const std::string>(
      channel_message(stream->protocol, Channel::status, error_status(stream->protocol, unreachable(*stream, why)))));
  send(stream);
}

void PodExecs::read_on(const StreamPtr& stream) {
  if (stream->closed) return;
  bus::ReadExec request;
  request.set_session(stream->session);
  actor_.ask(stream->kubelet, runtime::make_message(std::move(request)), kExecTimeout,
             [this, stream](const Result<runtime::MessagePtr>& answer) { take(stream, answer); });
}

void PodExecs::take(const StreamPtr& stream, const Result<runtime::MessagePtr>& answer) {
  if (stream->last) return;
  const auto say = [&](Channel channel, std::string_view text) {
    stream->parked.push_back(std::make_shared<const std::string>(channel_message(stream->protocol, channel, text)));
  };
  const auto* reply = answer ? (*answer)->as<bus::ReadExecReply>() : nullptr;
  std::string status;
  if (reply) {
    for (const auto& piece : reply->pieces()) say(piece.err() ? Channel::err : Channel::out, piece.text());
    stream->last = reply->ended();
    if (reply->ended()) {
      status = reply->has_failure() ? error_status(stream->protocol, failure_to_error(reply->failure()))
                                    : exit_status(stream->protocol, reply->exit_code());
    }
  } else {
    stream->last = true;
    status = error_status(stream->protocol, unreachable(*stream, answer ? internal_error("") : answer.error()));
  }
  if (!status.empty()) say(Channel::status, status);
  send(stream);
}

void PodExecs::send(const StreamPtr& stream) {
  if (stream->closed) return;
  http::ResponseSink& sink = *stream->call.sink;
  if (!stream->parked.empty()) {
    if (!sink.send(stream->parked)) return keep(stream);
    stream->parked.clear();
  }
  if (stream->keeping) actor_.cancel(std::exchange(stream->keeping, 0));
  if (!stream->last) return read_on(stream);
  stream->closed = true;
  streams_.erase(stream);
  sink.end_stream();
}

/// A client may take its time; the kubelet would take it for gone.
void PodExecs::keep(const StreamPtr& stream) {
  if (stream->keeping || stream->last) return;
  stream->keeping = actor_.after(kExecKeep, [this, stream] {
    stream->keeping = 0;
    if (stream->closed) return;
    bus::ReadExec request;
    request.set_session(stream->session);
    request.set_keep(true);
    actor_.ask(stream->kubelet, runtime::make_message(std::move(request)), kExecTimeout,
               [](const Result<runtime::MessagePtr>&) {});
    keep(stream);
  });
}

void PodExecs::close(const StreamPtr& stream) {
  if (stream->keeping) actor_.cancel(std::exchange(stream->keeping, 0));
  streams_.erase(stream);
  const bool ended = std::exchange(stream->closed, true) && stream->last;
  if (ended || stream->session.empty()) return;
  bus::EndExec end;
  end.set_session(stream->session);
  actor_.tell(stream->kubelet, runtime::make_message(std::move(end)));
}

}  // namespace kabuki::api_server

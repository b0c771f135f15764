#include "actors/api_server/pod_log.hpp"

#include <charconv>
#include <utility>
#include <vector>

#include "actors/api_server/host_permission.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/parameters.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/base64.hpp"
#include "messages/status.hpp"
#include "messages/time_format.hpp"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr int64_t kSecond = 1'000'000'000;
constexpr const char* kBinaryProtocol = "binary.k8s.io";
constexpr const char* kBase64Protocol = "base64.binary.k8s.io";
constexpr const char* kKubeletPort = "10250";

Result<std::optional<int64_t>> number(const http::Request& request, const char* name) {
  if (!request.has(name)) return std::optional<int64_t>();
  const std::string_view text = request.parameter(name);
  int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) {
    return bad_request("strconv.ParseInt: parsing \"" + std::string(text) + "\": invalid syntax");
  }
  return std::optional<int64_t>(value);
}

/// Each name in quotes or brackets, as Go prints a list.
template <class Containers>
std::string names_of(const Containers& containers) {
  std::string out;
  for (const auto& container : containers) out += (out.empty() ? "" : " ") + container.name();
  return "[" + out + "]";
}

/// Source: Kubernetes, ValidatePodLogOptions.
std::vector<Cause> check(const LogOptions& options) {
  std::vector<Cause> causes;
  const auto at_least = [&](const std::optional<int64_t>& value, int64_t least, const char* field, const char* why) {
    if (value && *value < least) causes.push_back(invalid_value(field, std::to_string(*value), why));
  };
  at_least(options.tail_lines, 0, "tailLines", "must be greater than or equal to 0");
  at_least(options.limit_bytes, 1, "limitBytes", "must be greater than 0");
  if (options.since_seconds && options.since_ns) {
    causes.push_back(forbidden_value("", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  } else {
    at_least(options.since_seconds, 1, "sinceSeconds", "must be greater than 0");
  }
  return causes;
}

}  // namespace

Result<LogOptions> log_options(const http::Request& request, const std::string& pod) {
  LogOptions out;
  out.container = request.parameter("container");
  out.follow = request.has("follow") && query_flag(request, "follow");
  out.previous = request.has("previous") && query_flag(request, "previous");
  out.timestamps = request.has("timestamps") && query_flag(request, "timestamps");
  const std::pair<const char*, std::optional<int64_t>*> numbers[] = {
      {"sinceSeconds", &out.since_seconds}, {"tailLines", &out.tail_lines}, {"limitBytes", &out.limit_bytes}};
  for (const auto& [name, field] : numbers) {
    auto read = number(request, name);
    if (!read) return read.error();
    *field = *read;
  }
  if (request.has("sinceTime")) {
    const auto moment = parse_time(request.parameter("sinceTime"));
    if (!moment) {
      return bad_request("parsing time \"" + std::string(request.parameter("sinceTime")) + "\" as \"" +
                         "2006-01-02T15:04:05Z07:00\": cannot parse it");
    }
    out.since_ns = moment->seconds * kSecond + moment->nanos;
  }
  auto causes = check(out);
  if (!causes.empty()) return invalid("", "PodLogOptions", pod, std::move(causes));
  return out;
}

Result<std::optional<LogMessages>> log_messages(const http::Request& request) {
  if (!http::asks_for_web_socket(request)) return std::optional<LogMessages>();
  if (auto fit = http::check_web_socket(request); !fit) return fit.error();
  const auto offered = http::offered_protocols(request);
  if (offered.empty()) return std::optional(LogMessages());
  for (const std::string& protocol : offered) {
    if (protocol == kBinaryProtocol) return std::optional(LogMessages{protocol});
    if (protocol == kBase64Protocol) return std::optional(LogMessages{protocol, true});
  }
  return bad_request(std::string("of a log, the subprotocols ") + kBinaryProtocol + " and " + kBase64Protocol +
                     " are spoken");
}

Result<std::string> log_container(const core::Pod& pod, const std::string& wanted) {
  const auto& spec = pod.spec();
  const auto has = [&](const auto& containers) {
    for (const auto& container : containers) {
      if (container.name() == wanted) return true;
    }
    return false;
  };
  if (wanted.empty()) {
    if (spec.containers_size() == 1) return spec.containers(0).name();
    std::string why = "a container name must be specified for pod " + pod.metadata().name() +
                      ", choose one of: " + names_of(spec.containers());
    if (spec.initcontainers_size() > 0) why += " or one of the init containers: " + names_of(spec.initcontainers());
    return bad_request(why);
  }
  if (has(spec.containers()) || has(spec.initcontainers())) return wanted;
  for (const auto& container : spec.ephemeralcontainers()) {
    if (container.ephemeralcontainercommon().name() == wanted) return wanted;
  }
  return bad_request("container " + wanted + " is not valid for pod " + pod.metadata().name());
}

void PodLogs::serve(Call call) {
  auto stream = std::make_shared<Stream>();
  stream->call = std::move(call);
  const RequestInfo& info = stream->call.info;
  shards_.get({kinds::kPod, info.ns, info.name}, [this, stream](Result<ObjectPtr> pod) {
    if (!pod) return stream->call.refuse(pod.error());
    if (!*pod) return stream->call.refuse(not_found(kind_of(kinds::kPod), stream->call.info.name));
    find_node(stream, *pod);
  });
}

void PodLogs::find_node(const StreamPtr& stream, const ObjectPtr& object) {
  const auto pod = object->as<core::Pod>();
  const LogOptions& options = stream->call.options;
  stream->pod = object;
  auto container = log_container(pod, options.container);
  if (!container) return stream->call.refuse(container.error());
  bus::ReadLog& request = stream->request;
  request.set_namespace_(pod.metadata().namespace_());
  request.set_pod(pod.metadata().name());
  request.set_uid(pod.metadata().uid());
  request.set_container(*container);
  request.set_previous(options.previous);
  request.set_timestamps(options.timestamps);
  request.set_follow(options.follow);
  if (options.tail_lines) {
    request.set_has_tail(true);
    request.set_tail(*options.tail_lines);
  }
  if (options.since_seconds || options.since_ns) {
    request.set_has_since(true);
    request.set_since_ns(options.since_ns ? *options.since_ns : actor_.now().ns - *options.since_seconds * kSecond);
  }
  stream->bytes_left = options.limit_bytes;
  // As in Kubernetes: of a pod that is nowhere yet there is nothing to read, which is no failure.
  if (pod.spec().nodename().empty()) {
    stream->last = true;
    return send(stream);
  }
  shards_.get({kinds::kNode, "", pod.spec().nodename()}, [this, stream, name = pod.spec().nodename()](auto node) {
    if (!node) return stream->call.refuse(node.error());
    if (!*node) return stream->call.refuse(not_found(kind_of(kinds::kNode), name));
    begin(stream, *node);
  });
}

void PodLogs::begin(const StreamPtr& stream, const ObjectPtr& object) {
  const auto node = object->as<core::Node>();
  std::string address = node.metadata().name();
  for (const auto& known : node.status().addresses()) {
    if (known.type() == "InternalIP") address = known.address();
  }
  const bus::ReadLog& request = stream->request;
  address += std::string(":") + kKubeletPort;
  stream->kubelet_url = "Get \"https://" + address + "/containerLogs/" + request.namespace_() + "/" + request.pod() +
                        "/" + request.container() + "\": dial tcp " + address + ": ";
  const std::string host = host_of_node(*object);
  if (host.empty()) return stream->call.refuse(internal_error(stream->kubelet_url + "connect: no route to host"));
  stream->kubelet = {host + "/kubelet/" + node.metadata().name()};
  const auto mailbox = actor_.mailbox();
  const std::weak_ptr<Stream> weak = stream;
  stream->call.sink->on_closed([mailbox, weak] {
    mailbox.post([weak] {
      if (const StreamPtr closed = weak.lock()) closed->closed = true;
    });
  });
  stream->call.sink->on_writable([this, mailbox, weak] {
    mailbox.post([this, weak] {
      const StreamPtr drained = weak.lock();
      if (drained && !drained->parked.empty()) send(drained);
    });
  });
  read_on(stream);
}

void PodLogs::read_on(const StreamPtr& stream) {
  if (stream->closed) return;
  std::vector<ObjectPtr> objects;
  if (stream->pod) objects.push_back(std::exchange(stream->pod, nullptr));
  actor_.ask(stream->kubelet, runtime::make_message(stream->request, std::move(objects)), kLogTimeout,
             [this, stream](Result<runtime::MessagePtr> answer) { take(stream, answer); });
}

void PodLogs::take(const StreamPtr& stream, const Result<runtime::MessagePtr>& answer) {
  const auto* reply = answer ? (*answer)->as<bus::ReadLogReply>() : nullptr;
  if (!reply) {
    if (stream->open) return stream->call.sink->end_stream();
    // What the kubelet itself says is a client's failure; what keeps it from being asked is the server's.
    const bool told = !answer && answer.error().code < 500;
    return stream->call.refuse(told ? answer.error()
                                    : internal_error(stream->kubelet_url + "connect: connection refused"));
  }
  stream->request.set_run(reply->run());
  stream->request.set_next(reply->next());
  stream->parked = reply->text();
  stream->last = reply->ended();
  if (stream->bytes_left) {
    if (static_cast<int64_t>(stream->parked.size()) >= *stream->bytes_left) {
      stream->parked.resize(static_cast<size_t>(*stream->bytes_left));
      stream->last = true;
    }
    *stream->bytes_left -= static_cast<int64_t>(stream->parked.size());
  }
  send(stream);
}

void PodLogs::open(const StreamPtr& stream) {
  if (std::exchange(stream->open, true)) return;
  const Call& call = stream->call;
  call.began();
  if (call.messages) {
    call.sink->start_web_socket(call.messages->protocol, !call.messages->base64, nullptr);
  } else {
    call.sink->start_stream(200, {{"content-type", "text/plain"}});
  }
}

void PodLogs::send(const StreamPtr& stream) {
  http::ResponseSink& sink = *stream->call.sink;
  open(stream);
  if (!stream->parked.empty()) {
    std::string text = stream->parked;
    if (stream->call.messages && stream->call.messages->base64) {
      text.clear();
      append_base64(stream->parked, &text);
    }
    if (!sink.send({std::make_shared<const std::string>(std::move(text))})) return hold(stream);
    stream->parked.clear();
  }
  if (stream->last) return sink.end_stream();
  read_on(stream);
}

void PodLogs::hold(const StreamPtr& stream) {
  if (std::exchange(stream->held, true)) return;
  actor_.after(kLogTimeout, [this, stream] {
    stream->held = false;
    if (!stream->closed && !stream->parked.empty()) hold(stream);
  });
}

}  // namespace kabuki::api_server

#include <charconv>
#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/selection.hpp"
#include "actors/api_server/write/scale.hpp"
#include "messages/api/autoscaling/v1/scale.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "messages/watch_sequence.hpp"

namespace kabuki::api_server {

void ApiServer::serve_get(const HttpCallPtr& call) {
  const RequestInfo& info = call->info;
  const std::string_view version = call->request.parameter("resourceVersion");
  if (!version.empty() && version != "0") return get_not_older(call, version);
  shards_.get({info.kind->id, info.ns, info.name}, [this, call](Result<ObjectPtr> current) {
    if (!current) return refuse(call, current.error());
    answer_object(call, *current);
  });
}

// A list knows what to do about a revision that has not been reached.
void ApiServer::get_not_older(const HttpCallPtr& call, std::string_view version) {
  const RequestInfo& info = call->info;
  bus::ListObjects verb;
  verb.mutable_selection()->set_kind(info.kind->id);
  verb.mutable_selection()->set_namespace_(info.ns);
  verb.mutable_selection()->set_name(info.name);
  verb.set_match(bus::ListObjects::NOT_OLDER_THAN);
  uint64_t revision = 0;
  if (auto read = std::from_chars(version.data(), version.data() + version.size(), revision);
      read.ec != std::errc() || read.ptr != version.data() + version.size()) {
    return refuse(call, bad_request("invalid resource version \"" + std::string(version) + "\""));
  }
  verb.set_revision(revision);
  ask(shards_.shard_of(info.kind->id), runtime::make_message(std::move(verb)), kShardTimeout,
      [this, call](Result<runtime::MessagePtr> reply) {
        if (!reply) return refuse(call, reply.error());
        const auto& found = (*reply)->objects;
        answer_object(call, found.empty() ? nullptr : found.front());
      });
}

void ApiServer::answer_object(const HttpCallPtr& call, const ObjectPtr& current) {
  const Kind& kind = *call->info.kind;
  if (!current) return refuse(call, not_found(call->info.served(), call->info.name));
  auto message = parse_current(kind, current);
  if (!message) return refuse(call, message.error());
  if (call->info.subresource == "scale") {
    return answer(call, render_message(200, scale_of(kind, **message), "Scale", "autoscaling/v1", call->format));
  }
  answer(call, render_object(200, call->info.served(), **message, call->format,
                             call->request.parameter("includeObject"), now()));
}

void ApiServer::serve_list(const HttpCallPtr& call) {
  const Kind& kind = *call->info.kind;
  auto parameters = list_parameters(call->info.served(), call->request);
  if (!parameters) return refuse(call, parameters.error());

  bus::ListObjects verb;
  if (auto written = write_list(call->info, *parameters, &verb); !written) return refuse(call, written.error());
  // Of a continued list whose revision is not remembered any more: with this it goes on, at the latest one.
  std::string go_on;
  if (verb.continued()) {
    const auto& start = verb.start_after();
    go_on = write_continue_token(kind, call->info.ns, {0, start.namespace_(), start.name()});
  }
  ask(shards_.shard_of(kind.id), runtime::make_message(std::move(verb)), kShardTimeout,
      [this, call, go_on = std::move(go_on)](Result<runtime::MessagePtr> reply) {
        if (!reply && reply.error().code == 410) {
          return answer(call, render_expired(reply.error(), go_on, call->format));
        }
        if (!reply) return refuse(call, reply.error());
        const auto* page = (*reply)->as<bus::ListObjectsReply>();
        if (!page) return refuse(call, internal_error("the store gave an answer of another form"));
        const auto& items = (*reply)->objects;
        const ListFacts facts = list_facts(call->info, *page, items);
        answer(call, render_list(call->info.served(), items, facts, call->format,
                                 call->request.parameter("includeObject"), now()));
      });
}

void ApiServer::serve_watch(const HttpCallPtr& call) {
  const Kind& kind = *call->info.kind;
  auto parameters = list_parameters(call->info.served(), call->request);
  if (!parameters) return refuse(call, parameters.error());
  auto web_socket = watch_web_socket(call->request);
  if (!web_socket) return refuse(call, web_socket.error());

  uint64_t stream = next_stream_++;
  bus::OpenWatch verb;
  write_selection(call->info, *parameters, verb.mutable_selection());
  verb.set_stream(stream);
  verb.set_watcher(name());
  verb.set_credit(kWatchCredit);
  verb.set_bookmarks(parameters->bookmarks);
  verb.set_from_revision(parameters->version);
  // "" and "0" mean: the state as it is now, then changes.
  verb.set_initial_events(parameters->send_initial_events.value_or(parameters->version == 0));

  Session& session = sessions_[stream];
  session.call = call;
  session.kind = kind.id;
  session.watch = std::make_unique<WatchSession>(
      WatchSession::Options{.kind = &call->info.served(),
                            .format = call->format,
                            .include_object = std::string(call->request.parameter("includeObject")),
                            .bookmarks = parameters->bookmarks,
                            .web_socket = std::move(*web_socket)},
      call->sink, options_.encoded.get());
  io::Duration most = kWatchMost;
  if (parameters->timeout_seconds > 0)
    most = std::min<io::Duration>(most, std::chrono::seconds(parameters->timeout_seconds));
  session.timeout = after(most, [this, stream] {
    if (auto found = sessions_.find(stream); found != sessions_.end()) found->second.timeout = 0;
    end_session(stream, nullptr);
  });
  session.monitor = monitor(shards_.shard_of(kind.id), [this, stream](const runtime::ExitReason&) {
    if (auto found = sessions_.find(stream); found != sessions_.end()) found->second.monitor = 0;
    end_session(stream, nullptr);
  });
  call->sink->on_closed(
      [mailbox = mailbox(), this, stream] { mailbox.post([this, stream] { end_session(stream, nullptr); }); });
  call->sink->on_writable([mailbox = mailbox(), this, stream] {
    mailbox.post([this, stream] {
      auto found = sessions_.find(stream);
      if (found == sessions_.end()) return;
      if (uint64_t batches = found->second.watch->resume()) pay(stream, batches);
    });
  });
  ask(shards_.shard_of(kind.id), runtime::make_message(std::move(verb)), kShardTimeout,
      [this, stream](Result<runtime::MessagePtr> reply) {
        if (!reply) end_session(stream, &reply.error());
      });
}

void ApiServer::watch_events(const runtime::Inbound& in) {
  const auto* events = in.as<bus::WatchEvents>();
  auto found = sessions_.find(events->stream());
  if (found == sessions_.end()) {
    // The client went while these were on their way.
    bus::CloseWatch close;
    close.set_stream(events->stream());
    close.set_watcher(name());
    return tell(in.from, runtime::make_message(std::move(close)));
  }
  WatchSession& session = *found->second.watch;
  if (!is_next_in_sequence(events->sequence(), session.last_sequence())) {
    Error gap = expired("a batch of events was lost on its way; list again");
    return end_session(events->stream(), &gap);
  }
  if (uint64_t batches = session.take(*in.message, *events, now())) pay(events->stream(), batches);
}

void ApiServer::watch_ended(const runtime::Inbound& in) {
  const auto* ended = in.as<bus::WatchEnded>();
  Error error = failure_to_error(ended->failure());
  end_session(ended->stream(), &error);
}

void ApiServer::pay(uint64_t stream, uint64_t batches) {
  const Session& session = sessions_.at(stream);
  bus::WatchCredit credit;
  credit.set_stream(stream);
  credit.set_batches(batches);
  credit.set_watcher(name());
  credit.set_seen(session.watch->last_sequence());
  tell(shards_.shard_of(session.kind), runtime::make_message(std::move(credit)));
}

void ApiServer::end_session(uint64_t stream, const Error* error) {
  auto found = sessions_.find(stream);
  if (found == sessions_.end()) return;
  Session session = std::move(found->second);
  sessions_.erase(found);
  if (session.timeout) cancel(session.timeout);
  if (session.monitor) demonitor(session.monitor);
  session.watch->end(error);
  bus::CloseWatch close;
  close.set_stream(stream);
  close.set_watcher(name());
  tell(shards_.shard_of(session.kind), runtime::make_message(std::move(close)));
}

}  // namespace kabuki::api_server

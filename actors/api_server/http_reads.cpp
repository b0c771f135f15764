#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/selection.hpp"
#include "actors/api_server/write/scale.hpp"
#include "messages/api/autoscaling/v1/scale.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {

void ApiServer::serve_get(const HttpCallPtr& call) {
  const RequestInfo& info = call->info;
  shards_.get({info.kind->id, info.ns, info.name}, [this, call](Result<ObjectPtr> current) {
    const Kind& kind = *call->info.kind;
    if (!current) return refuse(call, current.error());
    if (!*current) return refuse(call, not_found(call->info.served(), call->info.name));
    auto message = parse_current(kind, *current);
    if (!message) return refuse(call, message.error());
    if (call->info.subresource == "scale") {
      return answer(call, render_message(200, scale_of(kind, **message), "Scale", "autoscaling/v1", call->format));
    }
    answer(call, render_object(200, call->info.served(), **message, call->format,
                               call->request.parameter("includeObject"), now()));
  });
}

void ApiServer::serve_list(const HttpCallPtr& call) {
  const Kind& kind = *call->info.kind;
  auto parameters = list_parameters(call->info.served(), call->request);
  if (!parameters) return refuse(call, parameters.error());

  bus::ListObjects verb;
  write_selection(call->info, *parameters, verb.mutable_selection());
  verb.set_limit(parameters->limit);
  verb.set_revision(parameters->version);
  if (parameters->match == ListParameters::Match::exact) verb.set_match(bus::ListObjects::EXACT);
  if (parameters->match == ListParameters::Match::not_older_than) verb.set_match(bus::ListObjects::NOT_OLDER_THAN);
  // "0": what the shard has seen is good enough, without asking the store what was acknowledged last.
  if (parameters->has_version && parameters->version == 0) verb.set_match(bus::ListObjects::NOT_OLDER_THAN);
  if (!parameters->continue_token.empty()) {
    auto token = read_continue_token(kind, call->info.ns, parameters->continue_token);
    if (!token) return refuse(call, token.error());
    if (parameters->version != 0) {
      return refuse(call, bad_request("specifying resource version is not allowed when using continue"));
    }
    verb.set_continued(token->revision != 0);
    verb.set_revision(token->revision);
    verb.set_match(token->revision != 0 ? bus::ListObjects::EXACT : bus::ListObjects::UNSET);
    verb.mutable_start_after()->set_kind(kind.id);
    verb.mutable_start_after()->set_namespace_(token->ns);
    verb.mutable_start_after()->set_name(token->name);
  }
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
        ListFacts facts{.revision = page->revision(),
                        .remaining_known = page->more() && page->remaining_known(),
                        .remaining = page->remaining()};
        if (page->more() && !items.empty()) {
          facts.continue_token = write_continue_token(
              *call->info.kind, call->info.ns,
              {page->revision(), std::string(items.back()->ns()), std::string(items.back()->name())});
        }
        answer(call, render_list(call->info.served(), items, facts, call->format,
                                 call->request.parameter("includeObject"), now()));
      });
}

void ApiServer::serve_watch(const HttpCallPtr& call) {
  const Kind& kind = *call->info.kind;
  auto parameters = list_parameters(call->info.served(), call->request);
  if (!parameters) return refuse(call, parameters.error());

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
                            .bookmarks = parameters->bookmarks},
      call->sink, &encoded_);
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
  if (events->sequence() != session.last_sequence() + 1) {
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

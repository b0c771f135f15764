#include "messages/status.hpp"
#include "store/engines/etcd_core.hpp"
#include "store/limits.hpp"

namespace kabuki::store::etcd {

namespace api = etcdserverpb;

void EtcdCore::connect() {
  if (phase_ != Phase::down || broken_ || ending_) return;
  std::erase_if(lost_, [](const auto& connection) { return connection->idle(); });
  ++session_;
  connection_ = std::make_shared<Connection>(options_, url_);
  if (options_.user.empty()) return open();
  phase_ = Phase::authenticating;
  api::AuthenticateRequest request;
  request.set_name(options_.user);
  request.set_password(options_.password);
  connection_->authenticate(std::move(request),
                            then<api::AuthenticateResponse>([this](const api::AuthenticateResponse& response) {
                              connection_->set_token(response.token());
                              open();
                            }));
}

void EtcdCore::open() {
  phase_ = Phase::opening;
  watch();
  put_fence();
  read_head();
}

void EtcdCore::watch() {
  api::WatchCreateRequest request;
  request.set_key(replica_.keys().prefix);
  request.set_range_end(range_end(replica_.keys().prefix));
  request.set_start_revision(static_cast<int64_t>(replica_.revision() + 1));
  request.set_fragment(true);
  const auto watched_response = [this, loop = loop_,
                                 session = session_](std::shared_ptr<api::WatchResponse> response) {
    loop->post([this, session, response = std::move(response)] {
      if (session == session_) watched(*response);
    });
  };
  const auto ended = [this, loop = loop_, session = session_](const Failure& failure) {
    loop->post([this, session, failure] {
      if (session == session_) lose(failure.message);
    });
  };
  connection_->watch(std::move(request), watched_response, ended);
}

void EtcdCore::watched(api::WatchResponse& response) {
  if (response.canceled()) {
    if (response.compact_revision() == 0) return lose("the watch was cancelled: " + response.cancel_reason());
    return fail(expired("etcd has forgotten what happened to " + replica_.keys().prefix + " after revision " +
                        std::to_string(replica_.revision())));
  }
  for (auto& event : *response.mutable_events()) events_.push_back(std::move(event));
  // Fragments may split a revision.
  if (!response.fragment() && !events_.empty()) apply(std::exchange(events_, {}));
  if (connection_) connection_->watch_next();
}

void EtcdCore::apply(std::vector<mvccpb::Event> events) {
  auto applied = replica_.apply(std::move(events));
  if (!applied) return fail(applied.error());
  if (!applied->changes.empty()) {
    const uint64_t revision = applied->changes.back().object->revision();
    feed_(revision, std::move(applied->changes));
  }
  for (const auto& [number, revision] : applied->own) commits_.committed(number, revision);
  if (phase_ == Phase::catching_up && replica_.revision() >= catch_up_to_) caught_up();
  settle();
}

void EtcdCore::put_fence() {
  api::TxnRequest request;
  auto* put = request.add_success()->mutable_request_put();
  put->set_key(replica_.keys().fence(replica_.instance()));
  put->set_value(encode_number(session_));
  connection_->txn(std::move(request), then<api::TxnResponse>([this](const api::TxnResponse& response) {
                     if (response.header().cluster_id() != cluster_) {
                       return fail(internal_error("another etcd cluster answers at " + options_.urls[url_]));
                     }
                     fence_ = catch_up_to_ = static_cast<uint64_t>(response.header().revision());
                     phase_ = Phase::catching_up;
                     if (replica_.revision() >= catch_up_to_) caught_up();
                     settle();
                   }));
}

void EtcdCore::caught_up() {
  phase_ = Phase::up;
  commits_.fenced();
}

void EtcdCore::lose(const std::string& why) {
  if (phase_ == Phase::down) return;
  phase_ = Phase::down;
  ++session_;
  last_failure_ = options_.urls[url_] + ": " + why;
  connection_->cancel();
  lost_.push_back(std::move(connection_));
  connection_ = nullptr;
  requests_.clear();
  events_.clear();
  reading_head_ = probing_ = pausing_ = false;
  probed_head_ = applied_at_probe_ = catch_up_to_ = 0;
  for (; !asked_barriers_.empty(); asked_barriers_.pop_back()) {
    barriers_.push_front(std::move(asked_barriers_.back()));
  }
  url_ = (url_ + 1) % options_.urls.size();
  if (++failures_ > options_.urls.size()) {
    retry_at_ = options_.clock->mono() + limits::kEtcdRetry;
  } else {
    retry_at_ = options_.clock->mono();
    loop_->post([this] { connect(); });
  }
  if (ending_) return loop_->end();
  end_if_stopped();
}

void EtcdCore::fail(Error error) {
  if (broken_) return;
  broken_ = true;
  lose(error.message);
  commits_.abandon();
  refuse_barriers(&barriers_);
  failed_(std::move(error));
  end_if_stopped();
}

}  // namespace kabuki::store::etcd

#include "store/engines/etcd_client.hpp"

#include <condition_variable>
#include <grpcpp/grpcpp.h>
#include <map>
#include <mutex>

#include "messages/status.hpp"
#include "store/engines/etcd_api/rpc.grpc.pb.h"

namespace kabuki::store {

namespace {

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kSecure = "https://";

}  // namespace

namespace etcd {

namespace api = etcdserverpb;

namespace {

std::shared_ptr<grpc::Channel> channel_to(const EtcdOptions& options, const std::string& url) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // A proxy of the environment is not for a store.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A request sent twice would be two requests.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // A new connection must not inherit how long a former one was told to wait before it tries again.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (url.starts_with(kPlain)) {
    return grpc::CreateCustomChannel(url.substr(kPlain.size()), grpc::InsecureChannelCredentials(), arguments);
  }
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = options.ca_pem;
  tls.pem_private_key = options.key_pem;
  tls.pem_cert_chain = options.certificate_pem;
  return grpc::CreateCustomChannel(url.substr(kSecure.size()), grpc::SslCredentials(tls), arguments);
}

std::optional<Failure> failure_of(const grpc::Status& status) {
  if (status.ok()) return std::nullopt;
  return Failure{static_cast<int>(status.error_code()), status.error_message()};
}

class WatchCall;

}  // namespace

/// What gRPC's threads see of a connection. They never own a request: that holds the channel, and the last to let go
/// of a channel waits for gRPC's threads to end, which must not be one of them.
struct Connection::State {
  mutable std::mutex mutex;
  std::condition_variable ended;
  std::map<grpc::ClientContext*, std::shared_ptr<void>> live;  // with what owns them
  std::vector<std::shared_ptr<void>> done;
  std::shared_ptr<WatchCall> watcher;
  std::string token;
  bool cancelled = false;

  void begin(grpc::ClientContext* context, std::shared_ptr<void> owner) {
    std::vector<std::shared_ptr<void>> freed;
    const std::lock_guard lock(mutex);
    freed.swap(done);
    if (!token.empty()) context->AddMetadata("token", token);
    // A member without a leader refuses at once, rather than when its own patience ends.
    context->AddMetadata("hasleader", "true");
    live.emplace(context, std::move(owner));
    if (cancelled) context->TryCancel();
  }
  /// Whoever calls this does not touch the request any more.
  void end(grpc::ClientContext* context) {
    const std::lock_guard lock(mutex);
    const auto it = live.find(context);
    done.push_back(std::move(it->second));
    live.erase(it);
    ended.notify_all();
  }
};

namespace {

template <class Request, class Response>
struct Call {
  grpc::ClientContext context;
  Request request;
  std::shared_ptr<Answer<Response>> answer = std::make_shared<Answer<Response>>();
};

/// `invoke` starts the request.
template <class Response, class State, class Request, class Invoke>
void start(const std::shared_ptr<State>& state, Request request, Answered<Response> done, Invoke invoke) {
  const auto call = std::make_shared<Call<Request, Response>>();
  call->request = std::move(request);
  state->begin(&call->context, call);
  invoke(
      &call->context, &call->request, &call->answer->response,
      [state, context = &call->context, answer = call->answer, done = std::move(done)](const grpc::Status& status) {
        answer->failure = failure_of(status);
        done(answer);
        state->end(context);
      });
}

class WatchCall : public grpc::ClientBidiReactor<api::WatchRequest, api::WatchResponse> {
 public:
  WatchCall(Connection::Watched watched, std::function<void(const grpc::Status&)> done)
      : watched_(std::move(watched)), done_(std::move(done)) {}

  grpc::ClientContext* context() { return &context_; }
  void run(api::Watch::Stub* stub, api::WatchCreateRequest request) {
    *request_.mutable_create_request() = std::move(request);
    stub->async()->Watch(&context_, this);
    AddHold();
    StartWrite(&request_);
    next();
    StartCall();
  }
  void next() {
    const std::lock_guard lock(mutex_);
    read();
  }
  /// After it was cancelled: reads until gRPC says that it is over.
  void drain() {
    const std::lock_guard lock(mutex_);
    draining_ = true;
    read();
  }

 private:
  void read() {
    if (reading_ || ended_) return;
    reading_ = true;
    response_ = std::make_shared<api::WatchResponse>();
    StartRead(response_.get());
  }
  void OnReadDone(bool ok) override {
    std::shared_ptr<api::WatchResponse> response;
    {
      const std::lock_guard lock(mutex_);
      reading_ = false;
      ended_ = !ok;
      response.swap(response_);
      if (draining_ && ok) return read();
    }
    if (!ok) return RemoveHold();
    watched_(std::move(response));
  }
  void OnDone(const grpc::Status& status) override {
    const auto done = std::move(done_);
    done(status);
  }

  const Connection::Watched watched_;
  std::function<void(const grpc::Status&)> done_;
  grpc::ClientContext context_;
  api::WatchRequest request_;
  std::mutex mutex_;
  std::shared_ptr<api::WatchResponse> response_;
  bool reading_ = false;
  bool draining_ = false;
  bool ended_ = false;
};

}  // namespace

/// Outlives its requests.
struct Connection::Channel {
  explicit Channel(std::shared_ptr<grpc::Channel> channel)
      : kv(api::KV::NewStub(channel)),
        watch(api::Watch::NewStub(channel)),
        auth(api::Auth::NewStub(channel)),
        maintenance(api::Maintenance::NewStub(channel)) {}

  const std::unique_ptr<api::KV::Stub> kv;
  const std::unique_ptr<api::Watch::Stub> watch;
  const std::unique_ptr<api::Auth::Stub> auth;
  const std::unique_ptr<api::Maintenance::Stub> maintenance;
};

Connection::Connection(const EtcdOptions& options, size_t url)
    : state_(std::make_shared<State>()),
      channel_(std::make_unique<Channel>(channel_to(options, options.urls.at(url)))) {}

Connection::~Connection() {
  cancel();
  wait_until_idle();
  state_->done.clear();
}

void Connection::set_token(std::string token) {
  const std::lock_guard lock(state_->mutex);
  state_->token = std::move(token);
}

void Connection::range(api::RangeRequest request, Answered<api::RangeResponse> done) {
  start<api::RangeResponse>(state_, std::move(request), std::move(done), [&](auto&&... arguments) {
    channel_->kv->async()->Range(std::forward<decltype(arguments)>(arguments)...);
  });
}

void Connection::txn(api::TxnRequest request, Answered<api::TxnResponse> done) {
  start<api::TxnResponse>(state_, std::move(request), std::move(done), [&](auto&&... arguments) {
    channel_->kv->async()->Txn(std::forward<decltype(arguments)>(arguments)...);
  });
}

void Connection::compact(api::CompactionRequest request, Answered<api::CompactionResponse> done) {
  start<api::CompactionResponse>(state_, std::move(request), std::move(done), [&](auto&&... arguments) {
    channel_->kv->async()->Compact(std::forward<decltype(arguments)>(arguments)...);
  });
}

void Connection::authenticate(api::AuthenticateRequest request, Answered<api::AuthenticateResponse> done) {
  start<api::AuthenticateResponse>(state_, std::move(request), std::move(done), [&](auto&&... arguments) {
    channel_->auth->async()->Authenticate(std::forward<decltype(arguments)>(arguments)...);
  });
}

void Connection::status(Answered<api::StatusResponse> done) {
  start<api::StatusResponse>(state_, api::StatusRequest(), std::move(done), [&](auto&&... arguments) {
    channel_->maintenance->async()->Status(std::forward<decltype(arguments)>(arguments)...);
  });
}

void Connection::alarm(api::AlarmRequest request, Answered<api::AlarmResponse> done) {
  start<api::AlarmResponse>(state_, std::move(request), std::move(done), [&](auto&&... arguments) {
    channel_->maintenance->async()->Alarm(std::forward<decltype(arguments)>(arguments)...);
  });
}

void Connection::defragment(Answered<api::DefragmentResponse> done) {
  start<api::DefragmentResponse>(state_, api::DefragmentRequest(), std::move(done), [&](auto&&... arguments) {
    channel_->maintenance->async()->Defragment(std::forward<decltype(arguments)>(arguments)...);
  });
}

void Connection::watch(api::WatchCreateRequest request, Watched watched, WatchEnded ended) {
  const auto context = std::make_shared<grpc::ClientContext*>();
  const auto call = std::make_shared<WatchCall>(
      std::move(watched), [state = state_, context, ended = std::move(ended)](const grpc::Status& status) {
        ended({static_cast<int>(status.error_code()), status.ok() ? "the watch ended" : status.error_message()});
        std::shared_ptr<WatchCall> watcher;
        {
          const std::lock_guard lock(state->mutex);
          watcher.swap(state->watcher);
        }
        watcher.reset();
        state->end(*context);
      });
  *context = call->context();
  {
    const std::lock_guard lock(state_->mutex);
    assert(!state_->watcher && "one watch per connection");
    state_->watcher = call;
  }
  state_->begin(call->context(), call);
  call->run(channel_->watch.get(), std::move(request));
}

void Connection::watch_next() {
  std::shared_ptr<WatchCall> watcher;
  {
    const std::lock_guard lock(state_->mutex);
    watcher = state_->watcher;
  }
  if (watcher) watcher->next();
}

void Connection::cancel() {
  std::map<grpc::ClientContext*, std::shared_ptr<void>> live;
  std::shared_ptr<WatchCall> watcher;
  {
    const std::lock_guard lock(state_->mutex);
    state_->cancelled = true;
    live = state_->live;
    watcher = state_->watcher;
  }
  for (const auto& [context, owner] : live) context->TryCancel();
  if (watcher) watcher->drain();
}

bool Connection::idle() const {
  const std::lock_guard lock(state_->mutex);
  return state_->live.empty();
}

void Connection::wait_until_idle() {
  std::unique_lock lock(state_->mutex);
  state_->ended.wait(lock, [&] { return state_->live.empty(); });
}

}  // namespace etcd

Result<> check_etcd_urls(const std::vector<std::string>& urls) {
  if (urls.empty()) return bad_request("etcd needs the URL of a member, as http://127.0.0.1:2379");
  for (const auto& url : urls) {
    const size_t scheme = url.starts_with(kSecure) ? kSecure.size() : url.starts_with(kPlain) ? kPlain.size() : 0;
    const size_t colon = url.rfind(':');
    const bool whole = scheme != 0 && colon > scheme && colon + 1 < url.size() &&
                       url.find_first_not_of("0123456789", colon + 1) == std::string::npos;
    if (!whole) return bad_request("\"" + url + "\" is no URL of an etcd member, as http://127.0.0.1:2379");
  }
  return {};
}

}  // namespace kabuki::store
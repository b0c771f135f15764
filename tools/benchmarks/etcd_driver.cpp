#include "tools/benchmarks/etcd_driver.hpp"

#include <arpa/inet.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "messages/status.hpp"
#include "runtime/io/live_clock.hpp"
#include "store/engines/etcd_api/rpc.grpc.pb.h"
#include "tools/benchmarks/child_process.hpp"

namespace kabuki::bench {
namespace {

namespace pb = etcdserverpb;

uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

std::string end_of(std::string prefix) {
  ++prefix.back();
  return prefix;
}

Error failure(const grpc::Status& status) { return internal_error("etcd: " + status.error_message()); }

/// One unary request on the completion queue.
template <class Request, class Response>
struct Call {
  grpc::ClientContext context;
  Response response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
  int64_t began = 0;

  void start(grpc::TemplatedGenericStub<Request, Response>& stub, const char* method, const Request& request,
             grpc::CompletionQueue* queue, int64_t now) {
    began = now;
    reader = stub.PrepareUnaryCall(&context, method, request, queue);
    reader->StartCall();
    reader->Finish(&response, &status, this);
  }
};

class EtcdDriver : public StoreDriver {
 public:
  explicit EtcdDriver(std::string directory) : directory_(std::move(directory)) {}

  std::string name() const override { return "etcd"; }
  void kill() override { process_.kill(); }
  uint64_t resident_bytes() const override { return process_.resident_bytes(); }

  Result<> start() override {
    const std::string client = "http://127.0.0.1:" + std::to_string(free_port());
    const std::string peer = "http://127.0.0.1:" + std::to_string(free_port());
    auto started = ChildProcess::start(
        {"etcd", "--name", "bench", "--data-dir", directory_ + "/data", "--listen-client-urls", client,
         "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
         "--initial-cluster", "bench=" + peer, "--quota-backend-bytes", "8589934592", "--log-level", "error"},
        directory_ + "/log");
    if (!started) return started.error();
    process_ = std::move(*started);
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
    channel_ = grpc::CreateCustomChannel(client.substr(7), grpc::InsecureChannelCredentials(), arguments);
    puts_ = std::make_unique<grpc::TemplatedGenericStub<pb::PutRequest, pb::PutResponse>>(channel_);
    txns_ = std::make_unique<grpc::TemplatedGenericStub<pb::TxnRequest, pb::TxnResponse>>(channel_);
    const int64_t give_up = clock_.mono().ns + 300'000'000'000;
    while (true) {
      pb::RangeRequest request;
      pb::RangeResponse response;
      request.set_key("/none");
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      context.set_deadline(std::chrono::system_clock::from_time_t(clock_.wall().ns / 1'000'000'000 + 300));
      const auto status = pb::KV::NewStub(channel_)->Range(&context, request, &response);
      if (status.ok()) return {};
      if (clock_.mono().ns > give_up) return failure(status);
    }
  }

  Result<WriteFigures> write(size_t in_flight, double seconds) override {
    std::vector<int64_t> latencies;
    const double cpu = process_.cpu_seconds();
    const int64_t began = clock_.mono().ns;
    const int64_t end = began + static_cast<int64_t>(seconds * 1e9);
    auto done = puts(
        "/w/", in_flight, [&](size_t) { return clock_.mono().ns < end; }, &latencies);
    if (!done) return done.error();
    const double took = static_cast<double>(clock_.mono().ns - began) * 1e-9;
    return write_figures(&latencies, took, process_.cpu_seconds() - cpu);
  }

  Result<> load(const std::string& prefix, size_t count) override {
    using LoadCall = Call<pb::TxnRequest, pb::TxnResponse>;
    constexpr size_t kOperations = 128;  // etcd's default limit
    constexpr size_t kInFlight = 16;
    grpc::CompletionQueue queue;
    size_t sent = 0, open = 0;
    const auto send = [&] {
      pb::TxnRequest request;
      for (size_t i = 0; i < kOperations && sent < count; ++i, ++sent) {
        auto* put = request.add_success()->mutable_request_put();
        put->set_key(prefix + std::to_string(sent));
        put->set_value(value_of(sent));
      }
      (new LoadCall)->start(*txns_, "/etcdserverpb.KV/Txn", request, &queue, 0);
      ++open;
    };
    while (open < kInFlight && sent < count) send();
    Result<> result;
    void* tag = nullptr;
    bool ok = false;
    while (open > 0 && queue.Next(&tag, &ok)) {
      const std::unique_ptr<LoadCall> call(static_cast<LoadCall*>(tag));
      --open;
      if (!call->status.ok()) result = failure(call->status);
      if (result.ok() && sent < count) send();
    }
    return result;
  }

  Result<size_t> list(const std::string& prefix) override {
    size_t count = 0;
    pb::RangeRequest request;
    request.set_key(prefix);
    request.set_range_end(end_of(prefix));
    request.set_limit(kPage);
    while (true) {
      pb::RangeResponse response;
      grpc::ClientContext context;
      const auto status = pb::KV::NewStub(channel_)->Range(&context, request, &response);
      if (!status.ok()) return failure(status);
      count += static_cast<size_t>(response.kvs_size());
      if (!response.more()) return count;
      request.set_key(response.kvs(response.kvs_size() - 1).key() + '\0');
      request.set_revision(response.header().revision());
    }
  }

  Result<double> watch(size_t watchers, size_t events, const std::string& prefix) override {
    grpc::ClientContext context;
    const auto stream = pb::Watch::NewStub(channel_)->Watch(&context);
    for (size_t i = 0; i < watchers; ++i) {
      pb::WatchRequest request;
      auto* create = request.mutable_create_request();
      create->set_key(prefix);
      create->set_range_end(end_of(prefix));
      if (!stream->Write(request)) return internal_error("etcd ended the watch");
    }
    pb::WatchResponse response;
    for (size_t created = 0; created < watchers; created += response.created()) {
      if (!stream->Read(&response)) return internal_error("etcd ended the watch");
    }
    size_t delivered = 0;
    std::thread reader([&] {
      pb::WatchResponse batch;
      while (delivered < watchers * events && stream->Read(&batch)) {
        delivered += static_cast<size_t>(batch.events_size());
      }
    });
    std::vector<int64_t> latencies;
    const int64_t began = clock_.mono().ns;
    auto written = puts(
        prefix, 512, [&](size_t number) { return number < events; }, &latencies);
    if (!written) context.TryCancel();
    reader.join();
    const double took = static_cast<double>(clock_.mono().ns - began) * 1e-9;
    context.TryCancel();
    if (!written) return written.error();
    if (delivered < watchers * events) return internal_error("etcd ended the watch");
    return static_cast<double>(delivered) / took;
  }

 private:
  /// Puts under new names as long as `more` says so of the next one's number.
  Result<> puts(const std::string& prefix, size_t in_flight, const std::function<bool(size_t)>& more,
                std::vector<int64_t>* latencies) {
    using PutCall = Call<pb::PutRequest, pb::PutResponse>;
    grpc::CompletionQueue queue;
    size_t number = 0, open = 0;
    const auto send = [&] {
      pb::PutRequest request;
      request.set_key(prefix + std::to_string(next_name_++));
      request.set_value(value_of(number++));
      (new PutCall)->start(*puts_, "/etcdserverpb.KV/Put", request, &queue, clock_.mono().ns);
      ++open;
    };
    while (open < in_flight && more(number)) send();
    Result<> result;
    void* tag = nullptr;
    bool ok = false;
    while (open > 0 && queue.Next(&tag, &ok)) {
      const std::unique_ptr<PutCall> call(static_cast<PutCall*>(tag));
      --open;
      latencies->push_back(clock_.mono().ns - call->began);
      if (!call->status.ok()) result = failure(call->status);
      if (result.ok() && more(number)) send();
    }
    return result;
  }

  const std::string directory_;
  const io::LiveClock clock_;
  ChildProcess process_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::TemplatedGenericStub<pb::PutRequest, pb::PutResponse>> puts_;
  std::unique_ptr<grpc::TemplatedGenericStub<pb::TxnRequest, pb::TxnResponse>> txns_;
  uint64_t next_name_ = 0;
};

}  // namespace

std::unique_ptr<StoreDriver> make_etcd_driver(const std::string& directory) {
  return std::make_unique<EtcdDriver>(directory);
}

}  // namespace kabuki::bench

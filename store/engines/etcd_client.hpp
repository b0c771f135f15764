#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "messages/result.hpp"
#include "store/engines/etcd.hpp"
#include "store/engines/etcd_api/rpc.pb.h"

namespace kabuki::store::etcd {

/// Why a request failed: gRPC's code and what the server or the connection said.
struct Failure {
  int code = 0;
  std::string message;
};
inline constexpr int kInvalidArgument = 3;
inline constexpr int kPermissionDenied = 7;
inline constexpr int kResourceExhausted = 8;
inline constexpr int kOutOfRange = 11;

template <class Response>
struct Answer {
  std::optional<Failure> failure;
  Response response;
};
/// Called once, on a thread of gRPC's; must not block.
template <class Response>
using Answered = std::function<void(std::shared_ptr<Answer<Response>>)>;

/// Requests to one member of etcd. Never retries: a request that failed may have been done. Thread-safe.
class Connection {
 public:
  /// Connects with the first request. `url` is the index of one of the options' urls, which were checked.
  Connection(const EtcdOptions& options, size_t url);
  /// Cancels and waits. Not to be called on a thread of gRPC's.
  ~Connection();

  /// Goes with every request from now on.
  void set_token(std::string token);

  void range(etcdserverpb::RangeRequest request, Answered<etcdserverpb::RangeResponse> done);
  void txn(etcdserverpb::TxnRequest request, Answered<etcdserverpb::TxnResponse> done);
  void compact(etcdserverpb::CompactionRequest request, Answered<etcdserverpb::CompactionResponse> done);
  void authenticate(etcdserverpb::AuthenticateRequest request, Answered<etcdserverpb::AuthenticateResponse> done);
  void status(Answered<etcdserverpb::StatusResponse> done);
  void alarm(etcdserverpb::AlarmRequest request, Answered<etcdserverpb::AlarmResponse> done);
  void defragment(Answered<etcdserverpb::DefragmentResponse> done);

  using Watched = std::function<void(std::shared_ptr<etcdserverpb::WatchResponse>)>;
  using WatchEnded = std::function<void(Failure)>;
  /// One watch per connection. After each response nothing more is read before `watch_next`. Both are called on
  /// threads of gRPC's, one call at a time; `ended` once, last.
  void watch(etcdserverpb::WatchCreateRequest request, Watched watched, WatchEnded ended);
  void watch_next();

  /// Ends every request and the watch; each is still answered. Nothing can be asked after it.
  void cancel();
  /// Whether every request was answered and the watch ended.
  bool idle() const;
  void wait_until_idle();

 private:
  struct State;
  struct Channel;
  const std::shared_ptr<State> state_;
  const std::unique_ptr<Channel> channel_;
};

}  // namespace kabuki::store::etcd

#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/engines/etcd.hpp"
#include "store/engines/etcd_client.hpp"
#include "store/engines/etcd_commits.hpp"
#include "store/engines/etcd_load.hpp"
#include "store/engines/etcd_loop.hpp"
#include "store/engines/etcd_replica.hpp"

namespace kabuki::store::etcd {

/// What an etcd engine does once it is loaded; all of it on one loop's thread. A *session* is a connection to one
/// member with a watch that goes on where the last one ended, and a fence: a key of this engine's own that every
/// transaction expects unchanged. A session begins by putting it, so that nothing sent in an earlier one can be
/// committed any more; when the watch tells of that put, it has told of all that was. So every transaction is
/// committed, or known not to be, before it is sent again.
class EtcdCore {
 public:
  using Barrier = std::function<void(Result<uint64_t>)>;

  EtcdCore(const EtcdOptions& options, std::shared_ptr<Loop> loop, Loaded loaded, Engine::Feed feed,
           Engine::Failed failed);
  /// Waits for gRPC to let go. The loop has ended.
  ~EtcdCore();

  void start();
  void submit(std::vector<Mutation> batch, Engine::Done done);
  void barrier(Barrier done);
  /// Takes nothing any more, and ends the loop when everything is answered.
  void stop();

 private:
  enum class Phase { down, authenticating, opening, catching_up, up };
  struct Waiting {
    Barrier done;
    io::MonoTime deadline;
  };

  // The session: etcd_session.cpp.
  void connect();
  void open();
  void watch();
  void watched(etcdserverpb::WatchResponse& response);
  void apply(std::vector<mvccpb::Event> events);
  void put_fence();
  void caught_up();
  void lose(const std::string& why);
  /// Ends the engine.
  void fail(Error error);
  /// Calls `run` with the answer, on the loop and only while this session lasts. A failure goes to `failed`, or loses
  /// the session where that is null or returns false.
  template <class Response>
  Answered<Response> then(std::function<void(const Response&)> run,
                          std::function<bool(const Failure&)> failed = nullptr);

  // What is asked in it: etcd_core.cpp.
  void pump();
  void send(Transaction transaction);
  /// Whether the failure says that nothing was done.
  bool refused(uint64_t number, const Failure& failure);
  void answered(uint64_t number, const etcdserverpb::TxnResponse& response);
  void read_head();
  void head_read(const etcdserverpb::RangeResponse& response, uint64_t applied_before);
  void probe(io::MonoTime now);
  void compact(io::MonoTime now);
  void tick();
  void settle();
  void refuse_barriers(std::deque<Waiting>* barriers);
  void end_if_stopped();
  void end();

  const EtcdOptions& options_;
  const std::shared_ptr<Loop> loop_;
  const Engine::Feed feed_;
  const Engine::Failed failed_;
  const uint64_t cluster_;
  Replica replica_;
  Commits commits_;

  Phase phase_ = Phase::down;
  uint64_t session_ = 0;
  size_t url_ = 0;
  std::shared_ptr<Connection> connection_;
  std::vector<std::shared_ptr<Connection>> lost_;  // cancelled, and perhaps not quiet yet
  std::string last_failure_ = "not connected yet";
  size_t failures_ = 0;  // since a session was up for a while
  io::MonoTime retry_at_;
  std::map<uint64_t, io::MonoTime> requests_;  // under way in this session, by number: when they were sent
  uint64_t last_request_ = 0;
  std::vector<mvccpb::Event> events_;  // of a response that comes in fragments
  uint64_t fence_ = 0;                 // the revision at which it stands
  uint64_t catch_up_to_ = 0;
  bool pausing_ = false;  // etcd takes no writes for now

  std::deque<Waiting> barriers_;
  std::deque<Waiting> asked_barriers_;  // the head is being read for them
  bool reading_head_ = false;
  bool probing_ = false;
  io::MonoTime probe_at_;
  uint64_t probed_head_ = 0;       // by the last probe
  uint64_t applied_at_probe_ = 0;  // of this session
  io::MonoTime compact_at_;
  uint64_t compact_to_ = 0;

  io::Timers::Id timer_ = 0;
  io::MonoTime ticked_at_;
  bool broken_ = false;
  bool stopping_ = false;
  bool ending_ = false;
  io::MonoTime end_by_;
};

template <class Response>
Answered<Response> EtcdCore::then(std::function<void(const Response&)> run,
                                  std::function<bool(const Failure&)> failed) {
  const uint64_t number = ++last_request_;
  requests_.emplace(number, options_.clock->mono());
  return [this, loop = loop_, session = session_, number, run = std::move(run),
          failed = std::move(failed)](std::shared_ptr<Answer<Response>> answer) {
    loop->post([this, session, number, run, failed, answer = std::move(answer)] {
      if (session != session_) return;
      requests_.erase(number);
      if (!answer->failure) return run(answer->response);
      if (!failed || !failed(*answer->failure)) lose(answer->failure->message);
    });
  };
}

}  // namespace kabuki::store::etcd

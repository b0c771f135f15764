#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/kubelet/event_aggregator.hpp"
#include "actors/write_barriers.hpp"
#include "messages/bus/objects.pb.h"
#include "runtime/actor.hpp"

namespace kabuki::kubelet {

/// Sends the writes of all kubelets and pods of a host to the API server in batches: up to 256 of them or what came
/// in 5 ms. It is asked with bus.WriteObjects and answers as the API server would, each asker its own. It decides
/// nothing: a conflict is the asker's to resolve. Writes that nobody waits for (Events, told) go last and at a
/// limited rate. A request of no writes is answered once everything that was asked before it has been, and the API
/// server has answered one, too: what a former life of this actor has sent has ended by then.
class StatusWriterActor : public runtime::Actor {
 public:
  explicit StatusWriterActor(runtime::Address api);

 protected:
  void received(runtime::Inbound& in) override;
  std::string health() const override;

 private:
  /// One asker's message: answered when all of its writes have been.
  struct Asker {
    runtime::Reply reply;
    bus::WriteObjectsReply answer;
    std::vector<ObjectPtr> objects;
    size_t waiting = 0;
    Result<> failed;
    uint64_t generation = 0;
  };
  struct Pending {
    runtime::MessagePtr message;   // that the write is part of
    int index = 0;                 // within it
    std::shared_ptr<Asker> asker;  // null: nobody waits
  };

  void take(const bus::WriteObjects& request, runtime::Inbound& in);
  /// Turns an Event that repeats an earlier one into a patch that counts it up.
  void count_up(Pending* pending);
  void schedule();
  void flush();
  void send(std::vector<Pending> batch);
  void answered(const std::vector<Pending>& batch, const Result<runtime::MessagePtr>& result);
  void refill_events();

  const runtime::Address api_;
  EventAggregator aggregator_;
  std::deque<Pending> writes_;
  std::deque<Pending> events_;
  actors::WriteBarriers barriers_;
  bool timer_set_ = false;
  size_t under_way_ = 0;
  int64_t event_tokens_ = 0;
  int64_t event_second_ = -1;
  uint64_t events_dropped_ = 0;
};

}  // namespace kabuki::kubelet

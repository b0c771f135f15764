#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "messages/bus/objects.pb.h"
#include "messages/result.hpp"
#include "runtime/actor.hpp"
#include "runtime/message.hpp"

namespace kabuki::actors {

/// Answers an empty WriteObjects once every request that was taken before it has ended, here and then beyond: what a
/// former life of this actor has sent on may still be under way there. That is how a component that starts waits for
/// the writes that its former life has sent. A member of one actor.
class WriteBarriers {
 public:
  using Done = std::function<void(Result<>)>;
  /// `beyond` asks those that writes are sent on to; it calls once all that was sent to them before has ended, or
  /// with why that is not known. At most one such round is under way; what comes meanwhile goes with the next.
  explicit WriteBarriers(std::function<void(Done)> beyond) : beyond_(std::move(beyond)) {}

  /// A request with writes has been taken; end() is owed for what is returned.
  uint64_t begin() {
    ++open_[generation_];
    return generation_;
  }
  void end(uint64_t generation) {
    if (--open_.at(generation) == 0) open_.erase(generation);
    pass();
  }
  /// An empty request. Its failure means: ask again.
  void add(runtime::Reply reply) {
    barriers_.emplace_back(generation_++, std::move(reply));
    pass();
  }

 private:
  void pass() {
    while (!barriers_.empty() && (open_.empty() || open_.begin()->first > barriers_.front().first)) {
      passed_.push_back(std::move(barriers_.front().second));
      barriers_.pop_front();
    }
    if (asking_ || passed_.empty()) return;
    asking_ = true;
    beyond_(
        [this, round = std::make_shared<std::vector<runtime::Reply>>(std::exchange(passed_, {}))](Result<> ended) {
          asking_ = false;
          for (runtime::Reply& reply : *round) {
            ended ? reply.send(runtime::make_message(bus::WriteObjectsReply())) : reply.fail(ended.error());
          }
          pass();
        });
  }

  const std::function<void(Done)> beyond_;
  uint64_t generation_ = 1;  // of requests; each barrier ends one
  std::map<uint64_t, size_t> open_;
  std::deque<std::pair<uint64_t, runtime::Reply>> barriers_;
  std::vector<runtime::Reply> passed_;  // of which only what is beyond is not known
  bool asking_ = false;
};

}  // namespace kabuki::actors

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "messages/bus/objects.pb.h"
#include "runtime/actor.hpp"
#include "runtime/message.hpp"

namespace kabuki::actors {

/// Answers an empty WriteObjects once every request that was taken before it has ended. That is how a component that
/// starts waits for the writes that its former life has sent. To be used inside one actor.
class WriteBarriers {
 public:
  /// A request with writes has been taken; end() is owed for what is returned.
  uint64_t begin() {
    ++open_[generation_];
    return generation_;
  }
  void end(uint64_t generation) {
    if (--open_.at(generation) == 0) open_.erase(generation);
    answer();
  }
  /// An empty request.
  void add(runtime::Reply reply) {
    barriers_.emplace_back(generation_++, std::move(reply));
    answer();
  }

 private:
  void answer() {
    while (!barriers_.empty() && (open_.empty() || open_.begin()->first > barriers_.front().first)) {
      barriers_.front().second.send(runtime::make_message(bus::WriteObjectsReply()));
      barriers_.pop_front();
    }
  }

  uint64_t generation_ = 1;  // of requests; each barrier ends one
  std::map<uint64_t, size_t> open_;
  std::deque<std::pair<uint64_t, runtime::Reply>> barriers_;
};

}  // namespace kabuki::actors

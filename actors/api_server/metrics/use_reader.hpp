#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/api_server/metrics/use_cache.hpp"
#include "messages/result.hpp"
#include "runtime/address.hpp"
#include "runtime/io/time.hpp"
#include "runtime/message.hpp"

namespace kabuki::api_server {

/// Asks kubelets what their nodes use: one message a node, so many at a time, and none for a node whose last sample
/// is young enough or is under way. A member of one actor.
class UseReader {
 public:
  using Ask = std::function<void(const runtime::Address& to, runtime::MessagePtr message, io::Duration timeout,
                                 std::function<void(Result<runtime::MessagePtr>)> done)>;
  using Now = std::function<io::MonoTime()>;
  UseReader(Ask ask, Now now, io::Duration resolution);

  struct Node {
    std::string name;
    std::string host;  // that runs its kubelet
  };
  /// By node; one that does not answer in time, or that no host runs, is missing.
  using Samples = std::map<std::string, NodeSample>;
  using Done = std::function<void(const Samples&)>;
  /// `done` is called once, now or later.
  void read(const std::vector<Node>& nodes, Done done);

  /// How old a sample may be, and, as far as readers are concerned, over how long it is an average.
  io::Duration resolution() const { return resolution_; }

 private:
  struct Round {
    size_t left = 0;
    Samples samples;
    Done done;
  };
  void send();
  void answered(const std::string& node, const Result<runtime::MessagePtr>& answer);

  const Ask ask_;
  const Now now_;
  const io::Duration resolution_;
  UseCache cache_;
  std::deque<Node> waiting_;
  std::map<std::string, std::vector<std::shared_ptr<Round>>> rounds_;  // by node that is asked or waits to be
  size_t in_flight_ = 0;
};

}  // namespace kabuki::api_server

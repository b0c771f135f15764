#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "messages/bus/metrics.pb.h"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// A sample of what a node uses; shared with the message that brought it.
using NodeSample = std::shared_ptr<const bus::NodeUse>;

/// The last samples of nodes, kept while they are young enough to be told again. Bounded: beyond so many pods the
/// oldest samples go. Not thread-safe.
class UseCache {
 public:
  UseCache(io::Duration life, size_t pods_max) : life_(life), pods_max_(pods_max) {}

  /// Null when there is none that is young enough.
  NodeSample find(const std::string& node, io::MonoTime now) const;
  void put(const std::string& node, NodeSample sample, io::MonoTime now);
  /// Of the samples that are kept; a node counts as one more.
  size_t pods() const { return pods_; }

 private:
  struct Entry {
    NodeSample sample;
    io::MonoTime taken;
    std::list<std::string>::iterator age;
  };
  void drop(const std::string& node);
  static size_t weight(const bus::NodeUse& sample) { return static_cast<size_t>(sample.pods_size()) + 1; }

  const io::Duration life_;
  const size_t pods_max_;
  std::map<std::string, Entry> entries_;
  std::list<std::string> by_age_;  // oldest first
  size_t pods_ = 0;
};

}  // namespace kabuki::api_server

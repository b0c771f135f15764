#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/negotiation.hpp"
#include "messages/kinds.hpp"

namespace kabuki::api_server {

/// Remembers how recent events were encoded, so that the second watcher of an event costs a pointer. First in, first
/// out; to be used inside one actor.
class EncodedCache {
 public:
  struct EventKey {
    KindId kind;
    uint64_t revision;
    int type;
    Format format;
    bool operator<(const EventKey& other) const { return tie() < other.tie(); }

   private:
    std::tuple<KindId, uint64_t, int, int, int> tie() const {
      return {kind, revision, type, static_cast<int>(format.encoding), static_cast<int>(format.as)};
    }
  };

  /// `name` ("namespace/name") tells objects apart that were changed at one revision.
  http::Chunk get(const EventKey& key, const std::string& name, const std::function<std::string()>& encode) {
    auto found = chunks_.find(key);
    if (found != chunks_.end() && found->second.name == name) return found->second.chunk;
    auto chunk = std::make_shared<const std::string>(encode());
    if (found != chunks_.end()) return chunk;
    chunks_.emplace(key, Entry{name, chunk});
    order_.push_back(key);
    if (order_.size() > kEncodedCacheSize) {
      chunks_.erase(order_.front());
      order_.pop_front();
    }
    return chunk;
  }

 private:
  struct Entry {
    std::string name;
    http::Chunk chunk;
  };
  std::map<EventKey, Entry> chunks_;
  std::deque<EventKey> order_;
};

}  // namespace kabuki::api_server

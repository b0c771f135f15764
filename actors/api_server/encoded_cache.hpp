#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/negotiation.hpp"
#include "messages/kinds.hpp"

namespace kabuki::api_server {

/// Remembers how recent events were encoded, so that the second watcher of an event costs a pointer. First in, first
/// out. Thread-safe: all API servers of a host share one, so an event is encoded once there, whoever is first; the
/// others wait for him.
class EncodedCache {
 public:
  struct EventKey {
    KindId kind;
    uint64_t revision;
    int type;
    Format format;
    bool message = false;  // for a WebSocket, which frames it itself
    bool operator<(const EventKey& other) const { return tie() < other.tie(); }

   private:
    std::tuple<KindId, uint64_t, int, int, int, bool> tie() const {
      return {kind, revision, type, static_cast<int>(format.encoding), static_cast<int>(format.as), message};
    }
  };

  /// `identity` tells objects apart that have one revision: of one commit, or of before and after a shard was
  /// replaced. `encode` may not ask the cache.
  http::Chunk get(const EventKey& key, const std::string& identity, const std::function<std::string()>& encode) {
    Stripe& stripe = stripes_[key.revision % kStripes];
    std::lock_guard lock(stripe.mutex);
    auto found = stripe.chunks.find(key);
    if (found != stripe.chunks.end() && found->second.identity == identity) return found->second.chunk;
    auto chunk = std::make_shared<const std::string>(encode());
    if (found != stripe.chunks.end()) return chunk;
    stripe.chunks.emplace(key, Entry{identity, chunk});
    stripe.order.push_back(key);
    if (stripe.order.size() > kEncodedCacheSize / kStripes) {
      stripe.chunks.erase(stripe.order.front());
      stripe.order.pop_front();
    }
    return chunk;
  }

 private:
  struct Entry {
    std::string identity;
    http::Chunk chunk;
  };
  /// Revisions that follow each other lie in different stripes, so API servers that serve them do not meet.
  static constexpr size_t kStripes = 32;
  struct Stripe {
    std::mutex mutex;
    std::map<EventKey, Entry> chunks;
    std::deque<EventKey> order;
  };
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace kabuki::api_server

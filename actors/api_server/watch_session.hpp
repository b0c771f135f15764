#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/api_server/encoded_cache.hpp"
#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/negotiation.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/kinds.hpp"
#include "runtime/io/time.hpp"
#include "runtime/message.hpp"

namespace kabuki::api_server {

/// The subprotocol of a watch that asks for a WebSocket; none for one that does not. Error: its handshake is broken.
Result<std::optional<std::string>> watch_web_socket(const http::Request& request);

/// One HTTP watch: turns batches of events into chunks of its stream, or into messages of its WebSocket. Flow control
/// is the shard's credit: a batch is only paid for when the connection has taken it, so a slow reader is parked at
/// the shard and nobody waits for it. Lives inside an API server actor.
class WatchSession {
 public:
  struct Options {
    const Kind* kind = nullptr;  // as the client knows it
    Format format;
    std::string include_object;
    bool bookmarks = false;                 // the client allows them
    std::optional<std::string> web_socket;  // the client asks for one; of this subprotocol
  };
  WatchSession(Options options, std::shared_ptr<http::ResponseSink> sink, EncodedCache* cache);

  /// Takes one batch. Returns how many batches the stream may be paid for now: 0 while the connection is full.
  uint64_t take(const runtime::Message& message, const bus::WatchEvents& events, io::WallTime now);
  /// The connection has room again. Returns like `take`.
  uint64_t resume();
  /// Ends the stream, with an ERROR event when there is an error.
  void end(const Error* error);

  uint64_t last_sequence() const { return last_sequence_; }

 private:
  bool unframed() const;
  std::string in_frame(std::string event) const;
  http::Chunk chunk_for(const bus::WatchEvents::Event& event, const ObjectPtr& object, io::WallTime now);

  Options options_;
  std::shared_ptr<http::ResponseSink> sink_;
  EncodedCache* cache_;
  std::vector<http::Chunk> parked_;  // refused by the connection; of `parked_batches_` batches
  uint64_t parked_batches_ = 0;
  uint64_t last_sequence_ = 0;
  bool columns_sent_ = false;
};

}  // namespace kabuki::api_server

#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/message.h>
#include <memory>

#include "messages/kinds.hpp"

namespace kabuki::api_server {

/// An empty message of the prototype's type in an arena that goes with it: one write makes and drops several messages
/// of some fifty allocations each.
inline std::shared_ptr<google::protobuf::Message> make_in_arena(const google::protobuf::Message& prototype) {
  google::protobuf::ArenaOptions options;
  options.start_block_size = 4096;
  auto arena = std::make_shared<google::protobuf::Arena>(options);
  auto* message = prototype.New(arena.get());
  return {std::move(arena), message};
}

inline std::shared_ptr<google::protobuf::Message> make_in_arena(const Kind& kind) {
  return make_in_arena(*google::protobuf::MessageFactory::generated_factory()->GetPrototype(kind.descriptor));
}

}  // namespace kabuki::api_server

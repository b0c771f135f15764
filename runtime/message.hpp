#pragma once

#include <google/protobuf/message.h>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/object.hpp"
#include "messages/result.hpp"

namespace kabuki::runtime {

/// What actors send: one verb of messages/bus and the objects it speaks of. Immutable once sent, shared by pointer
/// within a host, bytes only when it leaves it. Fields of the verb refer to objects by position.
struct Message {
  std::unique_ptr<const google::protobuf::Message> body;
  std::vector<ObjectPtr> objects;

  /// The verb as T, or null when it is another.
  template <class T>
  const T* as() const {
    return body && body->GetDescriptor() == T::descriptor() ? static_cast<const T*>(body.get()) : nullptr;
  }
};
using MessagePtr = std::shared_ptr<const Message>;

template <class T>
MessagePtr make_message(T verb, std::vector<ObjectPtr> objects = {}) {
  auto message = std::make_shared<Message>();
  message->body = std::make_unique<const T>(std::move(verb));
  message->objects = std::move(objects);
  return message;
}

/// The form in which a message leaves its host: the verb's full name, its deterministic bytes, each object with its
/// header. Decoding fails (BadRequest) on anything malformed or a verb that is not in messages/bus; it never throws.
std::string encode_message(const Message& message);
Result<MessagePtr> decode_message(std::string_view bytes);

}  // namespace kabuki::runtime

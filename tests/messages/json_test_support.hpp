#pragma once

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "messages/json.hpp"

namespace kabuki {

template <class Message>
std::string json_of(const Message& message, std::string_view kind = {}, std::string_view api_version = {}) {
  std::string out;
  encode_json(message, &out, kind, api_version);
  return out;
}

/// "ok", or the error's message.
template <class Message>
std::string decode_outcome(std::string_view text, Message* out, JsonNotes* notes = nullptr) {
  const auto decoded = decode_json(text, out, notes);
  return decoded ? "ok" : decoded.error().message;
}

/// What a document becomes after it was read and written.
template <class Message>
std::string through(std::string_view text) {
  Message message;
  const std::string outcome = decode_outcome(text, &message);
  return outcome == "ok" ? json_of(message) : outcome;
}

}  // namespace kabuki

#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "messages/defaults.hpp"
#include "messages/validation.hpp"

namespace kabuki {

/// The message in Protobuf's text format, with defaults.
template <class T>
T with_defaults(KindId kind, const std::string& text) {
  T object;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &object)) << text;
  apply_defaults(kind_of(kind), &object);
  return object;
}

/// Each cause as `field: message`.
inline std::vector<std::string> lines(const std::vector<Cause>& causes) {
  std::vector<std::string> lines;
  for (const Cause& cause : causes) lines.push_back(cause.field + ": " + cause.message);
  return lines;
}

template <class T>
std::vector<std::string> created(KindId kind, const std::string& text) {
  return lines(validate_create(kind_of(kind), with_defaults<T>(kind, text)));
}

template <class T>
std::vector<std::string> updated(KindId kind, const std::string& old, const std::string& now,
                                 std::string_view subresource = {}) {
  return lines(validate_update(kind_of(kind), with_defaults<T>(kind, old), with_defaults<T>(kind, now), subresource));
}

using Lines = std::vector<std::string>;

}  // namespace kabuki

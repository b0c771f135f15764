#pragma once

#include <span>

#include "messages/kinds.hpp"

namespace kabuki {

/// One default: where the field at `path` (field_route.hpp) is not set, it becomes `value`, while `when` holds of the
/// fields beside it, or beside the first step that is made (`!`). `value` is a scalar's text, `{}` for an empty
/// message, `[word]` for a list of one string, and `pods` for all that a pod template gets.
struct DefaultRule {
  KindId kind;
  const char* path;
  const char* value;
  const char* when = "";
};

/// Every default that is data, in the order of application.
std::span<const DefaultRule> default_rules();

/// Applies those of one kind.
void apply_default_rules(const Kind& kind, google::protobuf::Message* object);

/// What a table cannot say: values that follow from others.
void apply_special_defaults(const Kind& kind, google::protobuf::Message* object);

}  // namespace kabuki

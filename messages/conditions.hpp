#pragma once

#include <cstdint>
#include <google/protobuf/repeated_ptr_field.h>
#include <string>
#include <string_view>

#include "messages/api/meta/v1/condition.pb.h"

namespace kabuki {

using ConditionMessage = ::k8s::io::apimachinery::pkg::apis::meta::v1::Condition;
using Conditions = google::protobuf::RepeatedPtrField<ConditionMessage>;

/// What a condition is to say from now on.
struct ConditionText {
  std::string type;
  std::string status;  // "True", "False", "Unknown"
  std::string reason;
  std::string message;
  int64_t observed_generation = 0;
};

/// Sets the condition of this type, adding it at the end; lastTransitionTime moves only when its status changes.
/// Returns whether anything changed.
bool set_condition(const ConditionText& text, int64_t now_ns, Conditions* conditions);

/// Null when there is none of this type.
const ConditionMessage* find_condition(const Conditions& conditions, std::string_view type);

}  // namespace kabuki

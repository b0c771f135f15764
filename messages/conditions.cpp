#include "messages/conditions.hpp"

#include "messages/meta.hpp"

namespace kabuki {

const ConditionMessage* find_condition(const Conditions& conditions, std::string_view type) {
  for (const auto& condition : conditions) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

bool set_condition(const ConditionText& text, int64_t now_ns, Conditions* conditions) {
  auto* found = const_cast<ConditionMessage*>(find_condition(*conditions, text.type));
  const bool moves = !found || found->status() != text.status;
  if (!moves && found->reason() == text.reason && found->message() == text.message &&
      found->observedgeneration() == text.observed_generation) {
    return false;
  }
  if (!found) found = conditions->Add();
  found->set_type(text.type);
  found->set_status(text.status);
  found->set_reason(text.reason);
  found->set_message(text.message);
  found->set_observedgeneration(text.observed_generation);
  if (moves) *found->mutable_lasttransitiontime() = time_of(now_ns);
  return true;
}

}  // namespace kabuki

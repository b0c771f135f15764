#pragma once

#include "messages/validation/place.hpp"
#include "messages/validation/rule.hpp"

namespace kabuki::validation {

/// Whether Go has a pointer here: absent, there is nothing to look into.
bool is_go_pointer(const google::protobuf::FieldDescriptor* field);

/// Applies a rule's check to one place.
void apply_check(const Rule& rule, const Place& place, const FieldPath& path, Findings* findings);

}  // namespace kabuki::validation

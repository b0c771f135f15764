#pragma once

#include "messages/validation/findings.hpp"

namespace kabuki {
struct Kind;
}

namespace kabuki::validation {

/// What a table of rules cannot say of a kind.
void check_special(const Kind& kind, const google::protobuf::Message& object, Findings* findings);

}  // namespace kabuki::validation

#pragma once

#include "messages/validation/findings.hpp"

namespace kabuki {
struct Kind;
}

namespace kabuki::validation {

/// What a table of rules cannot say of a kind.
void check_special(const Kind& kind, const google::protobuf::Message& object, Findings* findings);
/// The same of a change.
void check_special_change(const Kind& kind, const google::protobuf::Message& old,
                          const google::protobuf::Message& now, Findings* findings);

}  // namespace kabuki::validation

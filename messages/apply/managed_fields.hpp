#pragma once

#include <cstdint>
#include <google/protobuf/message.h>
#include <memory>
#include <string>
#include <string_view>

#include "messages/json.hpp"
#include "messages/kinds.hpp"
#include "messages/result.hpp"

namespace kabuki {

/// Who writes an object, as metadata.managedFields record it.
struct FieldManager {
  std::string name;
  std::string subresource;  // "", "status", "scale"
  int64_t now_ns = 0;       // wall clock
};

/// Records what an update (or a create, where `old` is null) by `manager` changed between `old` and `next`: its
/// fields become the manager's and nobody else's. Managed fields that `next` itself brings, other than `old`'s, are
/// kept; one empty entry takes them all away. Both objects are in the form of `kind`, the fields are recorded in that
/// of `as`, the version that the manager spoke. Source: Kubernetes, "Server-Side Apply".
void record_update(const Kind& kind, const google::protobuf::Message* old, const FieldManager& manager,
                   google::protobuf::Message* next, const Kind& as);
inline void record_update(const Kind& kind, const google::protobuf::Message* old, const FieldManager& manager,
                          google::protobuf::Message* next) {
  record_update(kind, old, manager, next, kind);
}

/// `live` (null where there is no object yet) with `configuration` (JSON) applied by `manager`: what it says is
/// merged in, what it said before and no longer does is taken away where nobody else has it, and both are recorded.
/// What other managers have in another version of the kind is compared in that version; who is recorded in one that
/// is not served has nothing any more. `notes` names fields that are said twice. Errors: BadRequest for a
/// configuration that does not fit the kind; 500 for fields that the kind does not have, and for elements of a list
/// that cannot be told apart; 409 Conflict with a cause FieldManagerConflict per field that another manager has and
/// that would change, unless `force`.
Result<std::unique_ptr<google::protobuf::Message>> apply_configuration(const Kind& kind,
                                                                       const google::protobuf::Message* live,
                                                                       std::string_view configuration,
                                                                       const FieldManager& manager, bool force,
                                                                       JsonNotes* notes);

}  // namespace kabuki

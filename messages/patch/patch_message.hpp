#pragma once

#include <string_view>

#include "messages/json.hpp"
#include "messages/kinds.hpp"
#include "messages/result.hpp"

namespace kabuki {

enum class PatchType { json, merge, strategic };

/// Applies `patch` (JSON) to `object`, a message of `kind`, by way of its JSON; `notes` names the patch's fields that
/// the kind does not have. Errors: those of the patch (json_patch.hpp, merge_patch.hpp, strategic_merge.hpp),
/// BadRequest when it changes apiVersion or kind, Invalid at `patch` when the outcome does not decode, and where
/// `strict` when it has fields that the kind does not have; `object` is then as it was. Thread-safe.
Result<> patch_message(PatchType type, std::string_view patch, const Kind& kind, google::protobuf::Message* object,
                       JsonNotes* notes = nullptr, bool strict = false);

}  // namespace kabuki

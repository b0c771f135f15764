#pragma once

#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace google::protobuf {
class Descriptor;
}

namespace kabuki {

/// Applies a strategic merge patch to `json`, an object of type `descriptor`, whose fields say by patch_strategy and
/// patch_merge_key how lists merge. Understands $patch, $retainKeys, $setElementOrder/x and
/// $deleteFromPrimitiveList/x. Errors: BadRequest for a malformed patch or directive, 422 for one that does not fit
/// the lists. Source: Kubernetes, "Strategic Merge Patch" and apimachinery's strategicpatch, down to the order of
/// lists.
Result<std::string> apply_strategic_merge(std::string_view json, std::string_view patch,
                                          const google::protobuf::Descriptor* descriptor);

}  // namespace kabuki

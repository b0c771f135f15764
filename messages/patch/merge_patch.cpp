#include "messages/patch/merge_patch.hpp"

#include "messages/patch/document.hpp"
#include "messages/status.hpp"

namespace kabuki {

Result<std::string> apply_merge_patch(std::string_view json, std::string_view patch_text) {
  auto document = patch::parse_document(json, "error decoding object");
  if (!document) return document.error();
  auto changes = patch::parse_document(patch_text, "error decoding patch");
  if (!changes) return changes.error();
  if (!changes->is_object()) {
    return bad_request("error decoding patch: json: cannot unmarshal " + std::string(patch::name_of(*changes)) +
                       " into Go value of type map[string]interface {}");
  }
  document->merge_patch(*changes);
  return patch::print_document(*document);
}

}  // namespace kabuki

// Three kinds of patch: a line with the kind, the object, the patch, with lines `---` between.
#include "messages/json_syntax.hpp"
#include "messages/patch/json_patch.hpp"
#include "messages/patch/merge_patch.hpp"
#include "messages/patch/patch_message.hpp"
#include "messages/patch/strategic_merge.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace kabuki::fuzz {
namespace {

void patch_text(std::string_view document, std::string_view patch, const Kind& kind) {
  if (const auto merged = apply_merge_patch(document, patch); merged.ok()) {
    require(explain_json_error(*merged).empty(), "a merge patch gives JSON");
    const auto twice = apply_merge_patch(*merged, patch);
    require(twice.ok() && *twice == *merged, "a merge patch applied twice changes nothing");
  }
  if (const auto patched = apply_json_patch(document, patch); patched.ok())
    require(explain_json_error(*patched).empty(), "a JSON patch gives JSON");
  if (const auto merged = apply_strategic_merge(document, patch, kind.descriptor); merged.ok())
    require(explain_json_error(*merged).empty(), "a strategic merge patch gives JSON");
}

}  // namespace

KABUKI_FUZZ_TARGET(patches) {
  const Kind& kind = take_kind(&input);
  const std::string_view document = take_section(&input);
  const std::string_view patch = input;
  patch_text(document, patch, kind);

  auto original = make(kind);
  if (!decode_json(document, original.get()).ok()) return;
  const std::string before = bytes_of(*original);
  for (const PatchType type : {PatchType::json, PatchType::merge, PatchType::strategic}) {
    auto message = make(kind);
    message->CopyFrom(*original);
    JsonNotes notes;
    if (!patch_message(type, patch, kind, message.get(), &notes).ok()) {
      require(bytes_of(*message) == before, "a patch that fails changes nothing");
      continue;
    }
    auto again = make(kind);
    require(decode_json(json_of(kind, *message), again.get()).ok(), "a patched object can be read");
    require(bytes_of(*again) == bytes_of(*message), "a patched object is canonical");
  }
}

}  // namespace kabuki::fuzz

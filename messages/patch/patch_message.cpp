#include "messages/patch/patch_message.hpp"

#include <google/protobuf/message.h>
#include <memory>
#include <string>

#include "messages/go_quote.hpp"
#include "messages/json_decode.hpp"
#include "messages/patch/document.hpp"
#include "messages/patch/json_patch.hpp"
#include "messages/patch/merge_patch.hpp"
#include "messages/patch/strategic_merge.hpp"
#include "messages/status.hpp"

namespace kabuki {
namespace {

/// What a kube-apiserver answers to a patch whose outcome is no object of the kind: it names neither kind nor name,
/// and shows of a strategic merge the patch, else the outcome.
Error refused(PatchType type, std::string_view patch, std::string_view after, std::string_view why) {
  std::string shown(after);
  if (type == PatchType::strategic) {
    if (const auto changes = patch::parse_document(patch, "")) shown = patch::print_go(*changes);
  }
  return invalid("", "", "", {invalid_value("patch", go_quoted(shown), why)});
}

}  // namespace

Result<> patch_message(PatchType type, std::string_view patch, const Kind& kind, google::protobuf::Message* object,
                       JsonNotes* notes, bool strict) {
  std::string before;
  encode_json(*object, &before, kind.kind, kind.api_version());
  auto after = type == PatchType::json    ? apply_json_patch(before, patch)
               : type == PatchType::merge ? apply_merge_patch(before, patch)
                                          : apply_strategic_merge(before, patch, object->GetDescriptor());
  if (!after) return after.error();

  auto type_meta = peek_type_meta(*after);
  if (!type_meta) return type_meta.error();
  if (type_meta->kind != kind.kind || type_meta->api_version != kind.api_version()) {
    return bad_request("the kind of the object (" + type_meta->kind + ", " + type_meta->api_version +
                       ") does not match the kind of the request (" + kind.kind + ", " + kind.api_version() + ")");
  }
  std::unique_ptr<google::protobuf::Message> patched(object->New());
  JsonNotes found;
  auto decoded = type == PatchType::strategic ? json::convert_json(*after, patched.get(), &found)
                                              : decode_json(*after, patched.get(), &found);
  if (!decoded) return refused(type, patch, *after, decoded.error().message);
  if (strict && !found.notes.empty()) {
    std::string list;
    for (const std::string& note : found.notes) list += (list.empty() ? "" : ", ") + note;
    return refused(type, patch, *after, "strict decoding error: " + list);
  }
  if (notes) notes->notes.insert(notes->notes.end(), found.notes.begin(), found.notes.end());
  object->GetReflection()->Swap(object, patched.get());
  return {};
}

}  // namespace kabuki

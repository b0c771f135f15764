#include "messages/patch/patch_message.hpp"

#include <google/protobuf/message.h>
#include <memory>
#include <string>

#include "messages/patch/json_patch.hpp"
#include "messages/patch/merge_patch.hpp"
#include "messages/patch/strategic_merge.hpp"
#include "messages/status.hpp"

namespace kabuki {

Result<> patch_message(PatchType type, std::string_view patch, const Kind& kind, google::protobuf::Message* object,
                       JsonNotes* notes) {
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
  if (auto decoded = decode_json(*after, patched.get(), notes); !decoded) return decoded;
  object->GetReflection()->Swap(object, patched.get());
  return {};
}

}  // namespace kabuki

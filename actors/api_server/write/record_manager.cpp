#include "actors/api_server/write/write.hpp"
#include "messages/apply/managed_fields.hpp"
#include "messages/meta.hpp"

namespace kabuki::api_server {

void record_manager(const Write& write, const google::protobuf::Message* old, const WriteContext& context,
                    google::protobuf::Message* next) {
  // An applied configuration has been recorded as what it is.
  const bool applied = write.verb == Write::Verb::patch && write.patch_kind == PatchKind::apply;
  if (write.field_manager.empty() || applied) return;
  const std::string& part = write.manager_subresource.empty() ? write.subresource : write.manager_subresource;
  if (!write.always_record) {
    const bool recorded = old && meta_of(*old).managedfields_size() > 0;
    if (!recorded || part == "status") return;
  }
  const Kind& spoken = write.version ? write.version->kind : *write.kind;
  record_update(*write.kind, old, {write.field_manager, part, context.now.ns}, next, spoken);
}

}  // namespace kabuki::api_server

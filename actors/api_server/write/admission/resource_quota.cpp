#include "actors/api_server/write/admission/plugin.hpp"
#include "actors/quota/ledger.hpp"

namespace kabuki::api_server {
namespace {

/// What is written is charged when it is committed (quota_desk.hpp), so that the answer is sure; of a dry run it is
/// only said whether there is room.
Result<> check(const Admission& admission) {
  const Kind& kind = *admission.write.kind;
  if (!admission.write.dry_run || !admission.creates() || !quota::is_counted(kind)) return {};
  const auto delta = quota::usage_of(kind, *admission.object, admission.context.now);
  for (const ObjectPtr& object : admission.around().in_namespace(kinds::kResourceQuota, admission.ns())) {
    if (auto room = quota::Ledger(object).check(kind, *admission.object, delta); !room) return room.error();
  }
  return {};
}

}  // namespace

const AdmissionPlugin kResourceQuota{.name = "ResourceQuota", .check = check};

}  // namespace kabuki::api_server

#include "actors/api_server/write/admission/admission.hpp"
#include "actors/api_server/write/arena_message.hpp"
#include "actors/api_server/write/write.hpp"
#include "messages/defaults.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"
#include "messages/validation.hpp"

namespace kabuki::api_server {
namespace {

constexpr int kSuffixLength = 5;
constexpr size_t kGeneratedPrefixMax = 63 - kSuffixLength;

/// The namespace of the path wins; one in the body must agree with it.
Result<> settle_namespace(const Write& write, ObjectMeta* meta) {
  if (!write.kind->namespaced) {
    meta->clear_namespace_();
    return {};
  }
  if (!meta->namespace_().empty() && meta->namespace_() != write.key.ns) {
    return bad_request("the namespace of the provided object does not match the namespace sent on the request");
  }
  meta->set_namespace_(write.key.ns);
  return {};
}

}  // namespace

Result<Decision> decide_create(const Write& write, const ObjectPtr& current, const WriteContext& context) {
  const Kind& kind = *write.kind;
  std::shared_ptr<google::protobuf::Message> object = make_in_arena(*write.object);
  object->CopyFrom(*write.object);
  ObjectMeta* meta = mutable_meta(object.get());

  if (!meta->resourceversion().empty()) {
    return bad_request("resourceVersion should not be set on objects to be created");
  }
  if (auto settled = settle_namespace(write, meta); !settled) return settled.error();
  if (meta->name().empty() && !meta->generatename().empty()) {
    meta->set_name(meta->generatename().substr(0, kGeneratedPrefixMax) + context.random->suffix(kSuffixLength));
  }
  meta->set_uid(context.random->uuid());
  *meta->mutable_creationtimestamp() = time_of(context.now.ns);
  meta->clear_deletiontimestamp();
  meta->clear_deletiongraceperiodseconds();
  meta->clear_selflink();
  meta->clear_generation();
  if (kind.has_generation) meta->set_generation(1);

  begin_status(kind, object.get());
  apply_defaults(kind, object.get());
  // Before admission: what that adds is nobody's.
  record_manager(write, nullptr, context, object.get());
  const Admission admission{.write = write, .context = context, .object = object.get()};
  if (auto admitted = admit(admission); !admitted) return admitted.error();
  if (auto causes = validate_create(kind, *object); !causes.empty()) {
    return invalid(kind, meta->name(), std::move(causes));
  }
  if (auto checked = check_admitted(admission); !checked) return checked.error();
  if (current) return already_exists(kind, meta->name());

  Decision decision{.effect = Decision::Effect::put, .object = object};
  decision.next = Object::encode(kind.id, *object);
  return decision;
}

}  // namespace kabuki::api_server

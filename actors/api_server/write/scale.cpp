#include "actors/api_server/write/scale.hpp"

#include <cassert>

#include "messages/api/autoscaling/v1/scale.pb.h"
#include "messages/api/meta/v1/selector.pb.h"
#include "messages/meta.hpp"
#include "messages/patch/patch_message.hpp"
#include "messages/selectors.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const Message& part(const Message& object, const char* name) {
  const FieldDescriptor* field = object.GetDescriptor()->FindFieldByName(name);
  assert(field);
  return object.GetReflection()->GetMessage(object, field);
}

int32_t replicas_in(const Message& part) {
  const FieldDescriptor* field = part.GetDescriptor()->FindFieldByName("replicas");
  assert(field);
  return part.GetReflection()->GetInt32(part, field);
}

/// The selector's text: a LabelSelector's, or that of a replication controller's plain map.
std::string selector_text(const Message& spec) {
  const FieldDescriptor* field = spec.GetDescriptor()->FindFieldByName("selector");
  assert(field);
  LabelSelectorMessage labels;
  if (field->is_map()) {
    const auto* entry = field->message_type();
    for (int i = 0; i < spec.GetReflection()->FieldSize(spec, field); ++i) {
      const Message& pair = spec.GetReflection()->GetRepeatedMessage(spec, field, i);
      (*labels.mutable_matchlabels())[pair.GetReflection()->GetString(pair, entry->map_key())] =
          pair.GetReflection()->GetString(pair, entry->map_value());
    }
  } else {
    labels = static_cast<const LabelSelectorMessage&>(part(spec, "selector"));
  }
  auto selector = LabelSelector::from_message(labels);
  return selector ? selector->text() : "";
}

/// The kind that a Scale is of, for error messages: not stored, so not in the kinds table.
const Kind& scale_kind() {
  static const Kind kind{.group = "autoscaling",
                         .version = "v1",
                         .kind = "Scale",
                         .plural = "scales",
                         .descriptor = Scale::descriptor()};
  return kind;
}

Result<Decision> apply_scale(const Write& write, const ObjectPtr& current, const Message& old, const Scale& scale,
                             const WriteContext& context) {
  if (!scale.metadata().resourceversion().empty() &&
      scale.metadata().resourceversion() != std::to_string(current->revision())) {
    return stale_write(*write.kind, write.key.name);
  }
  if (scale.spec().replicas() < 0) {
    return invalid(scale_kind(), write.key.name,
                   {invalid_value("spec.replicas", std::to_string(scale.spec().replicas()),
                                  "must be greater than or equal to 0")});
  }
  std::shared_ptr<Message> next(old.New());
  next->CopyFrom(old);
  const FieldDescriptor* spec_field = next->GetDescriptor()->FindFieldByName("spec");
  Message* spec = next->GetReflection()->MutableMessage(next.get(), spec_field);
  spec->GetReflection()->SetInt32(spec, spec->GetDescriptor()->FindFieldByName("replicas"), scale.spec().replicas());
  Write main = write;
  main.subresource.clear();
  main.manager_subresource = "scale";
  return finish_update(main, current, old, std::move(next), context);
}

}  // namespace

Scale scale_of(const Kind& kind, const Message& object) {
  assert(kind.has_scale);
  Scale scale;
  const ObjectMeta& meta = meta_of(object);
  ObjectMeta* out = scale.mutable_metadata();
  out->set_name(meta.name());
  out->set_namespace_(meta.namespace_());
  out->set_uid(meta.uid());
  out->set_resourceversion(meta.resourceversion());
  *out->mutable_creationtimestamp() = meta.creationtimestamp();
  const Message& spec = part(object, "spec");
  scale.mutable_spec()->set_replicas(replicas_in(spec));
  scale.mutable_status()->set_replicas(replicas_in(part(object, "status")));
  scale.mutable_status()->set_selector(selector_text(spec));
  return scale;
}

Result<Decision> update_scale(const Write& write, const ObjectPtr& current, const Message& old,
                              const WriteContext& context) {
  return apply_scale(write, current, old, static_cast<const Scale&>(*write.object), context);
}

Result<Decision> patch_scale(const Write& write, const ObjectPtr& current, const Message& old,
                             const WriteContext& context) {
  Scale scale = scale_of(*write.kind, old);
  JsonNotes notes;
  auto patched = patch_message(write.patch_kind == PatchKind::json    ? PatchType::json
                               : write.patch_kind == PatchKind::merge ? PatchType::merge
                                                                      : PatchType::strategic,
                               write.patch, scale_kind(), &scale, &notes, write.strict);
  if (!patched) return patched.error();
  auto decision = apply_scale(write, current, old, scale, context);
  if (decision) decision->notes = std::move(notes.notes);
  return decision;
}

}  // namespace kabuki::api_server

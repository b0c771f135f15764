#include "messages/json_plan.hpp"

#include <cassert>
#include <google/protobuf/descriptor.h>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <unordered_map>

#include "messages/api/options.pb.h"
#include "messages/json.hpp"

namespace kabuki::json {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

bool is_string_list(const Descriptor* message) {
  if (message->field_count() != 1) return false;
  const FieldDescriptor* field = message->field(0);
  return field->is_repeated() && field->name() == "items" && field->type() == FieldDescriptor::TYPE_STRING;
}

Form form_of(const FieldDescriptor* field) {
  switch (field->type()) {
    case FieldDescriptor::TYPE_STRING:
      return Form::string;
    case FieldDescriptor::TYPE_BYTES:
      return Form::bytes;
    case FieldDescriptor::TYPE_BOOL:
      return Form::boolean;
    case FieldDescriptor::TYPE_INT32:
      return Form::int32;
    case FieldDescriptor::TYPE_INT64:
      return Form::int64;
    case FieldDescriptor::TYPE_DOUBLE:
      return Form::number;
    case FieldDescriptor::TYPE_MESSAGE:
      return form_of_message(field->message_type());
    default:
      break;
  }
  assert(false && "a field type that the Kubernetes API does not use");
  return Form::string;
}

/// Go's zero value as JSON, for a field that is written although it is not there.
std::string zero_value(const Member& member) {
  if (member.shape == Shape::list) return member.name == "items" ? "[]" : "null";
  if (member.shape == Shape::map || member.pointer) return "null";
  switch (member.form) {
    case Form::string:
      return "\"\"";
    case Form::boolean:
      return "false";
    case Form::int32:
    case Form::int64:
    case Form::number:
    case Form::int_or_string:
      return "0";
    case Form::quantity:
      return "\"0\"";
    case Form::duration:
      return "\"0s\"";
    case Form::message:
      return member.message->empty;
    case Form::bytes:
    case Form::time:
    case Form::micro_time:
    case Form::raw:
    case Form::string_list:
    case Form::schema_or:
      return "null";
  }
  return "null";
}

/// Go's omitempty never leaves a struct out.
bool is_struct(const Member& member) {
  if (member.shape != Shape::single || member.pointer) return false;
  switch (member.form) {
    case Form::message:
    case Form::quantity:
    case Form::int_or_string:
    case Form::time:
    case Form::micro_time:
    case Form::duration:
    case Form::raw:
      return true;
    default:
      return false;
  }
}

/// Whether a message with metadata is part of another, not a kind.
bool is_embedded(const Descriptor* message) {
  static const std::set<std::string_view> kEmbedded = {"PodTemplateSpec", "JobTemplateSpec",
                                                       "ResourceClaimTemplateSpec", "PersistentVolumeClaimTemplate"};
  return kEmbedded.contains(message->name());
}

/// Cheap, and spreads the names of one message well enough.
size_t hash(std::string_view name) {
  if (name.empty()) return 0;
  const auto at = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(name[i])); };
  return name.size() * 31 + at(0) * 7 + at(name.size() / 2) * 131 + at(name.size() - 1) * 61;
}

class Plans {
 public:
  const Plan& get(const Descriptor* descriptor) {
    {
      std::shared_lock lock(mutex_);
      const auto found = plans_.find(descriptor);
      if (found != plans_.end()) return *found->second;
    }
    std::unique_lock lock(mutex_);
    if (!plans_.contains(descriptor)) {
      std::vector<Plan*> made;
      build(descriptor, &made);
      for (Plan* plan : made) finish(plan);
    }
    return *plans_.at(descriptor);
  }

 private:
  Plan* build(const Descriptor* descriptor, std::vector<Plan*>* made) {
    auto& owned = plans_[descriptor];
    if (owned) return owned.get();
    owned = std::make_unique<Plan>();
    Plan* plan = owned.get();
    made->push_back(plan);
    plan->descriptor = descriptor;
    plan->members.reserve(static_cast<size_t>(descriptor->field_count()));
    for (int i = 0; i < descriptor->field_count(); ++i) add_member(descriptor->field(i), plan, made);
    plan->has_type_meta = !plan->members.empty() && plan->members[0].name == "metadata" && !is_embedded(descriptor);
    return plan;
  }

  void add_member(const FieldDescriptor* field, Plan* plan, std::vector<Plan*>* made) {
    const FieldDescriptor* value = field;
    Member member;
    member.name = field->json_name();
    append_json_string(member.name, &member.key);
    member.key += ':';
    member.number = field->number();
    if (field->is_map()) {
      assert(field->message_type()->map_key()->type() == FieldDescriptor::TYPE_STRING);
      value = field->message_type()->map_value();
      member.shape = Shape::map;
    } else if (field->is_repeated()) {
      member.shape = Shape::list;
    }
    member.form = form_of(value);
    member.pointer = field->options().GetExtension(pointer);
    member.inlined = field->options().GetExtension(inlined);
    if (member.form == Form::message || member.form == Form::schema_or)
      member.message = build(value->message_type(), made);
    const auto number = static_cast<size_t>(member.number);
    if (plan->member_of_number.size() <= number) plan->member_of_number.resize(number + 1, -1);
    plan->member_of_number[number] = static_cast<int16_t>(plan->members.size());
    plan->members.push_back(std::move(member));
  }

  /// Fills in what depends on the plans of the members: they are built by now.
  void finish(Plan* plan) {
    if (!plan->empty.empty()) return;
    plan->empty = "{";
    for (Member& member : plan->members) {
      if (member.form == Form::message && (member.inlined || is_struct(member))) {
        finish(const_cast<Plan*>(member.message));
      }
      add_names(&member, plan);
      set_absent(&member, *plan);
      plan->empty += member.absent;
    }
    if (plan->empty.back() == ',') plan->empty.pop_back();
    plan->empty += '}';
    fill_buckets(plan);
  }

  static void add_names(const Member* member, Plan* plan) {
    if (!member->inlined) {
      plan->names.push_back({member->name, member});
      return;
    }
    for (const Plan::Name& name : member->message->names) plan->names.push_back({name.text, member});
  }

  static void fill_buckets(Plan* plan) {
    size_t size = 4;
    while (size < plan->names.size() * 2) size *= 2;
    plan->buckets.assign(size, -1);
    for (size_t i = 0; i < plan->names.size(); ++i) {
      size_t at = hash(plan->names[i].text) & (size - 1);
      while (plan->buckets[at] >= 0) at = (at + 1) & (size - 1);
      plan->buckets[at] = static_cast<int16_t>(i);
    }
  }

  static void set_absent(Member* member, const Plan& plan) {
    if (member->inlined) {
      const std::string& braced = member->message->empty;
      member->absent = braced.substr(1, braced.size() - 2);
      if (!member->absent.empty()) member->absent += ',';
      return;
    }
    const FieldDescriptor* field = plan.descriptor->FindFieldByNumber(member->number);
    const bool omitzero = field->full_name() == "k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta.creationTimestamp";
    if (omitzero || (field->options().GetExtension(omitempty) && !is_struct(*member))) return;
    member->absent = member->key + zero_value(*member) + ",";
  }

  std::shared_mutex mutex_;
  std::unordered_map<const Descriptor*, std::unique_ptr<Plan>> plans_;
};

}  // namespace

Form form_of_message(const Descriptor* message) {
  static const std::unordered_map<std::string, Form> kForms = {
      {"k8s.io.apimachinery.pkg.api.resource.Quantity", Form::quantity},
      {"k8s.io.apimachinery.pkg.api.resource.QuantityValue", Form::quantity},
      {"k8s.io.apimachinery.pkg.util.intstr.IntOrString", Form::int_or_string},
      {"k8s.io.apimachinery.pkg.apis.meta.v1.Time", Form::time},
      {"k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime", Form::micro_time},
      {"k8s.io.apimachinery.pkg.apis.meta.v1.Duration", Form::duration},
      {"k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1", Form::raw},
      {"k8s.io.apimachinery.pkg.runtime.RawExtension", Form::raw},
      {"k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON", Form::raw},
      {"k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray", Form::schema_or},
      {"k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool", Form::schema_or},
      {"k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray", Form::schema_or},
  };
  const auto found = kForms.find(message->full_name());
  if (found != kForms.end()) return found->second;
  return is_string_list(message) ? Form::string_list : Form::message;
}

const Plan::Name* Plan::find_name(std::string_view name) const {
  for (size_t at = hash(name) & (buckets.size() - 1); buckets[at] >= 0; at = (at + 1) & (buckets.size() - 1)) {
    const Name& found = names[static_cast<size_t>(buckets[at])];
    if (found.text == name) return &found;
  }
  return nullptr;
}

const Plan& plan_of(const Descriptor* descriptor) {
  static auto* plans = new Plans;
  return plans->get(descriptor);
}

}  // namespace kabuki::json

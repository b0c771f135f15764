#include "actors/api_server/openapi/schemas.hpp"

#include <algorithm>
#include <functional>
#include <google/protobuf/descriptor.h>

#include "messages/api/meta/v1/object_meta.pb.h"
#include "messages/api/options.pb.h"
#include "messages/json_plan.hpp"

namespace kabuki::api_server::openapi {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using json::Form;
using json::Member;
using json::Plan;
using json::Shape;

// The two that stand at the top of every object, and in no Protobuf message.
Json type_members() {
  Json out;
  out["apiVersion"] = {{"description", "The group and version of the object's schema, such as v1 or apps/v1."},
                       {"type", "string"}};
  out["kind"] = {{"description", "The kind of the object, such as Pod."}, {"type", "string"}};
  return out;
}

/// Kubernetes gives these messages a definition that is a string or an object without known members.
const char* plain_definition_type(Form form) {
  switch (form) {
    case Form::quantity:
    case Form::int_or_string:
    case Form::time:
    case Form::micro_time:
    case Form::duration:
      return "string";
    case Form::raw:
    case Form::schema_or:
      return "object";
    default:
      return nullptr;
  }
}

Json plain_definition(Form form, const Descriptor* message, Version version) {
  // Any JSON at all, as a schema's default, has no type.
  if (form == Form::schema_or || message->name() == "JSON") return {{"description", "Any JSON value."}};
  Json out = {{"type", plain_definition_type(form)}};
  const bool number_too = form == Form::quantity || form == Form::int_or_string;
  if (version == Version::v3 && number_too) {
    const char* number = form == Form::quantity ? "number" : "integer";
    out = Json::object();
    out["oneOf"] = Json::array({Json{{"type", "string"}}, Json{{"type", number}}});
  }
  if (form == Form::int_or_string) out["format"] = "int-or-string";
  if (form == Form::time || form == Form::micro_time) out["format"] = "date-time";
  return out;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

// How clients merge the field: strategic merge patches and server-side apply.
void add_merge_rules(const FieldDescriptor* field, Json* out) {
  const auto& options = field->options();
  if (options.HasExtension(list_map_keys)) {
    (*out)["x-kubernetes-list-map-keys"] = split(options.GetExtension(list_map_keys));
  }
  if (options.HasExtension(list_type)) (*out)["x-kubernetes-list-type"] = options.GetExtension(list_type);
  if (options.HasExtension(map_type)) (*out)["x-kubernetes-map-type"] = options.GetExtension(map_type);
  if (options.HasExtension(patch_merge_key)) {
    (*out)["x-kubernetes-patch-merge-key"] = options.GetExtension(patch_merge_key);
  }
  if (options.HasExtension(patch_strategy)) {
    (*out)["x-kubernetes-patch-strategy"] = options.GetExtension(patch_strategy);
  }
}

/// The message a member's values are, of a map the message of its values; null for scalars.
const Descriptor* message_of(const FieldDescriptor* field) {
  if (field->is_map()) field = field->message_type()->FindFieldByNumber(2);
  return field->message_type();
}

}  // namespace

std::string definition_name(const Descriptor* descriptor) {
  constexpr std::string_view kGoDomain = "k8s.io.";
  const std::string& name = descriptor->full_name();
  std::string out = name.starts_with(kGoDomain) ? "io.k8s." + name.substr(kGoDomain.size()) : name;
  std::replace(out.begin(), out.end(), '_', '-');  // Go's packages have dashes, Protobuf's cannot
  return out;
}

std::string list_definition_name(const Kind& kind) { return definition_name(kind.descriptor) + "List"; }

Json group_version_kind(std::string_view group, std::string_view version, std::string_view kind) {
  return {{"group", group}, {"kind", kind}, {"version", version}};
}

Json Schemas::reference(const std::string& name) const {
  return {{"$ref", (version_ == Version::v2 ? "#/definitions/" : "#/components/schemas/") + name}};
}

void Schemas::add(const Descriptor* descriptor) {
  const std::string name = definition_name(descriptor);
  if (definitions_.contains(name)) return;
  definitions_[name] = Json::object();  // messages may refer to themselves
  Json schema = message_schema(descriptor, false);
  definitions_[name] = std::move(schema);
}

void Schemas::add_typed(const Descriptor* descriptor, const std::vector<Json>& group_version_kinds) {
  const std::string name = definition_name(descriptor);
  definitions_[name] = Json::object();
  Json schema = message_schema(descriptor, true);
  schema["x-kubernetes-group-version-kind"] = group_version_kinds;
  definitions_[name] = std::move(schema);
}

void Schemas::add_kind(const Kind& kind) {
  add_typed(kind.descriptor, {group_version_kind(kind.group, kind.version, kind.kind)});
  const Descriptor* list_meta = ::k8s::io::apimachinery::pkg::apis::meta::v1::ListMeta::descriptor();
  add(list_meta);
  Json properties = type_members();
  properties["items"] = {{"type", "array"}, {"items", reference(definition_name(kind.descriptor))}};
  properties["metadata"] = reference(definition_name(list_meta));
  definitions_[list_definition_name(kind)] = {
      {"description", kind.kind + "List is a list of " + kind.kind + " objects."},
      {"type", "object"},
      {"required", Json::array({"items"})},
      {"properties", properties},
      {"x-kubernetes-group-version-kind",
       Json::array({group_version_kind(kind.group, kind.version, kind.kind + "List")})}};
}

Json Schemas::message_schema(const Descriptor* descriptor, bool typed) {
  Json properties = typed ? type_members() : Json::object();
  std::vector<std::string> required_names;
  const auto value_schema = [&](const Member& member, const FieldDescriptor* field) -> Json {
    const Descriptor* message = message_of(field);
    if (plain_definition_type(member.form)) {
      definitions_.emplace(definition_name(message), plain_definition(member.form, message, version_));
      return reference(definition_name(message));
    }
    switch (member.form) {
      case Form::string:
        return {{"type", "string"}};
      case Form::bytes:
        return {{"type", "string"}, {"format", "byte"}};
      case Form::boolean:
        return {{"type", "boolean"}};
      case Form::int32:
        return {{"type", "integer"}, {"format", "int32"}};
      case Form::int64:
        return {{"type", "integer"}, {"format", "int64"}};
      case Form::number:
        return {{"type", "number"}, {"format", "double"}};
      case Form::string_list:
        return {{"type", "array"}, {"items", {{"type", "string"}}}};
      default:
        add(message);
        return reference(definition_name(message));
    }
  };
  const std::function<void(const Plan&)> add_members = [&](const Plan& plan) {
    for (const Member& member : plan.members) {
      if (member.inlined) {
        add_members(*member.message);
        continue;
      }
      const FieldDescriptor* field = plan.descriptor->FindFieldByNumber(member.number);
      Json schema = value_schema(member, field);
      if (member.shape == Shape::list) schema = {{"type", "array"}, {"items", schema}};
      if (member.shape == Shape::map) schema = {{"type", "object"}, {"additionalProperties", schema}};
      add_merge_rules(field, &schema);
      properties[member.name] = std::move(schema);
      if (field->options().GetExtension(required)) required_names.push_back(member.name);
    }
  };
  add_members(json::plan_of(descriptor));
  Json out = {{"type", "object"}};
  if (!required_names.empty()) out["required"] = required_names;
  if (!properties.empty()) out["properties"] = std::move(properties);
  return out;
}

}  // namespace kabuki::api_server::openapi

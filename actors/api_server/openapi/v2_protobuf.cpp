#include "actors/api_server/openapi/v2_protobuf.hpp"

#include "messages/encode.hpp"
#include "messages/openapi/openapi_v2.pb.h"

namespace kabuki::api_server::openapi {
namespace {

namespace v2 = ::openapi::v2;

std::string text(const Json& object, const char* name) {
  auto found = object.find(name);
  return found == object.end() ? "" : found->get<std::string>();
}

template <class List>
void copy_strings(const Json& object, const char* name, List* out) {
  auto found = object.find(name);
  if (found == object.end()) return;
  for (const Json& item : *found) *out->Add() = item.get<std::string>();
}

template <class List>
void copy_extensions(const Json& object, List* out) {
  for (const auto& [name, value] : object.items()) {
    if (!name.starts_with("x-")) continue;
    auto* extension = out->Add();
    extension->set_name(name);
    extension->mutable_value()->set_yaml(value.dump());
  }
}

void copy_schema(const Json& in, v2::Schema* out) {
  out->set_ref(text(in, "$ref"));
  out->set_format(text(in, "format"));
  out->set_description(text(in, "description"));
  if (in.contains("type")) out->mutable_type()->add_value(in["type"].get<std::string>());
  copy_strings(in, "required", out->mutable_required());
  if (in.contains("items")) copy_schema(in["items"], out->mutable_items()->add_schema());
  if (in.contains("additionalProperties")) {
    copy_schema(in["additionalProperties"], out->mutable_additional_properties()->mutable_schema());
  }
  if (in.contains("properties")) {
    for (const auto& [name, schema] : in["properties"].items()) {
      auto* property = out->mutable_properties()->add_additional_properties();
      property->set_name(name);
      copy_schema(schema, property->mutable_value());
    }
  }
  copy_extensions(in, out->mutable_vendor_extension());
}

template <class Parameter>
void copy_named_parameter(const Json& in, Parameter* out) {
  out->set_in(text(in, "in"));
  out->set_name(text(in, "name"));
  out->set_description(text(in, "description"));
  out->set_type(text(in, "type"));
  out->set_unique_items(true);
}

void copy_parameters(const Json& owner, google::protobuf::RepeatedPtrField<v2::ParametersItem>* out) {
  if (!owner.contains("parameters")) return;
  for (const Json& in : owner["parameters"]) {
    v2::Parameter* parameter = out->Add()->mutable_parameter();
    const std::string place = text(in, "in");
    if (place == "body") {
      v2::BodyParameter* body = parameter->mutable_body_parameter();
      body->set_in(place);
      body->set_name(text(in, "name"));
      body->set_required(true);
      copy_schema(in["schema"], body->mutable_schema());
    } else if (place == "path") {
      auto* path = parameter->mutable_non_body_parameter()->mutable_path_parameter_sub_schema();
      copy_named_parameter(in, path);
      path->set_required(true);
    } else {
      copy_named_parameter(in, parameter->mutable_non_body_parameter()->mutable_query_parameter_sub_schema());
    }
  }
}

void copy_operation(const Json& in, v2::Operation* out) {
  copy_strings(in, "tags", out->mutable_tags());
  out->set_operation_id(text(in, "operationId"));
  copy_strings(in, "produces", out->mutable_produces());
  copy_strings(in, "consumes", out->mutable_consumes());
  copy_strings(in, "schemes", out->mutable_schemes());
  copy_parameters(in, out->mutable_parameters());
  for (const auto& [code, response] : in["responses"].items()) {
    auto* named = out->mutable_responses()->add_response_code();
    named->set_name(code);
    auto* value = named->mutable_value()->mutable_response();
    value->set_description(text(response, "description"));
    copy_schema(response["schema"], value->mutable_schema()->mutable_schema());
  }
  copy_extensions(in, out->mutable_vendor_extension());
}

void copy_path(const Json& in, v2::PathItem* out) {
  for (const auto& [method, operation] : in.items()) {
    if (method == "get") copy_operation(operation, out->mutable_get());
    if (method == "put") copy_operation(operation, out->mutable_put());
    if (method == "post") copy_operation(operation, out->mutable_post());
    if (method == "delete") copy_operation(operation, out->mutable_delete_());
    if (method == "patch") copy_operation(operation, out->mutable_patch());
  }
  copy_parameters(in, out->mutable_parameters());
}

}  // namespace

std::string to_v2_protobuf(const Json& document) {
  v2::Document out;
  out.set_swagger(text(document, "swagger"));
  out.mutable_info()->set_title(text(document["info"], "title"));
  out.mutable_info()->set_version(text(document["info"], "version"));
  for (const auto& [path, item] : document["paths"].items()) {
    auto* named = out.mutable_paths()->add_path();
    named->set_name(path);
    copy_path(item, named->mutable_value());
  }
  for (const auto& [name, schema] : document["definitions"].items()) {
    auto* named = out.mutable_definitions()->add_additional_properties();
    named->set_name(name);
    copy_schema(schema, named->mutable_value());
  }
  return serialize(out);
}

}  // namespace kabuki::api_server::openapi

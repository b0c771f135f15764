#include "messages/apply/apply_schema.hpp"

#include <set>

#include "messages/api/options.pb.h"
#include "messages/field_route.hpp"

namespace kabuki::apply {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using patch::Json;

/// Messages whose JSON is one value: text, a number, or an object of no known shape.
bool is_one_value(const Descriptor* message) {
  const std::string& name = message->full_name();
  return name.starts_with("k8s.io.apimachinery.pkg.api.resource.") ||
         name.starts_with("k8s.io.apimachinery.pkg.util.") || name.starts_with("k8s.io.apimachinery.pkg.runtime.") ||
         message->name() == "Time" || message->name() == "MicroTime" || message->name() == "Duration" ||
         message->name() == "FieldsV1" || message->name() == "JSON" ||
         message->name().starts_with("JSONSchemaPropsOr");
}

/// Messages that Kubernetes' OpenAPI document calls atomic wherever they stand, unless the field says granular.
bool is_atomic(const Descriptor* message) {
  static const std::set<std::string_view> kAtomic{"ConfigMapKeySelector",
                                                  "SecretKeySelector",
                                                  "FileKeySelector",
                                                  "LocalObjectReference",
                                                  "ObjectReference",
                                                  "TypedLocalObjectReference",
                                                  "SecretReference",
                                                  "NodeSelector",
                                                  "NodeSelectorTerm",
                                                  "ObjectFieldSelector",
                                                  "ResourceFieldSelector",
                                                  "ScopeSelector",
                                                  "ScopedResourceSelectorRequirement",
                                                  "TopologySelectorTerm",
                                                  "LabelSelector",
                                                  "RoleRef",
                                                  "Subject",
                                                  "ParamKind",
                                                  "ParamRef",
                                                  "MatchResources",
                                                  "NamedRuleWithOperations",
                                                  "OwnerReference",
                                                  "ServiceBackendPort"};
  return kAtomic.contains(message->name());
}

/// Of an element's key. That of ports stands in Kubernetes' types (`+default="TCP"`), not in the table of fields.
Json default_of(const Descriptor* element, const std::string& key) {
  std::vector<const FieldDescriptor*> way;
  const FieldDescriptor* field = element ? find_json_field(element, key, &way) : nullptr;
  if (!field) return nullptr;
  const std::string& text = field->options().GetExtension(kabuki::default_value);
  if (text.empty()) return key == "protocol" && element->name().ends_with("Port") ? Json("TCP") : Json(nullptr);
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(text) : value;
}

ValueRule rule_of(const FieldDescriptor* field) {
  ValueRule rule;
  const auto& options = field->options();
  const bool omitted = options.GetExtension(kabuki::omitempty);
  if (field->is_map()) {
    if (options.GetExtension(kabuki::map_type) == "atomic") return rule;
    rule.shape = ValueRule::Shape::fields;
    rule.map = field;
    rule.nullable = omitted;
    return rule;
  }
  if (field->is_repeated()) {
    const std::string& type = options.GetExtension(kabuki::list_type);
    rule.message = field->message_type();
    rule.nullable = omitted;
    if (type == "set") rule.shape = ValueRule::Shape::set;
    if (type != "map") return rule;
    rule.shape = ValueRule::Shape::map;
    for (const auto key : split_words(options.GetExtension(kabuki::list_map_keys), ',')) {
      rule.keys.emplace_back(key, default_of(rule.message, std::string(key)));
    }
    return rule;
  }
  const Descriptor* message = field->message_type();
  const std::string& type = options.GetExtension(kabuki::map_type);
  if (!message || is_one_value(message) || type == "atomic") return rule;
  if (is_atomic(message) && type != "granular") return rule;
  rule.shape = ValueRule::Shape::fields;
  rule.message = message;
  rule.nullable = options.GetExtension(kabuki::pointer);
  return rule;
}

}  // namespace

ValueRule root_rule(const Descriptor* message) { return {.shape = ValueRule::Shape::fields, .message = message}; }

ValueRule field_rule(const ValueRule& parent, std::string_view name) {
  if (parent.map) {
    const FieldDescriptor* value = parent.map->message_type()->map_value();
    const Descriptor* message = value->message_type();
    if (!message || is_one_value(message)) return {};
    return {.shape = ValueRule::Shape::fields, .message = message, .nullable = true};
  }
  if (!parent.message) return {};
  std::vector<const FieldDescriptor*> way;
  const FieldDescriptor* field = find_json_field(parent.message, name, &way);
  return field ? rule_of(field) : ValueRule{};
}

ValueRule element_rule(const ValueRule& list) {
  if (list.shape != ValueRule::Shape::map || (list.message && is_atomic(list.message))) return {};
  return {.shape = ValueRule::Shape::fields, .message = list.message, .nullable = true};
}

std::string element_of(const ValueRule& list, const Json& value) {
  if (list.shape == ValueRule::Shape::set) return "v:" + value.dump();
  Json keys = Json::object();
  for (const auto& [name, otherwise] : list.keys) {
    const auto it = value.is_object() ? value.find(name) : value.end();
    if (value.is_object() && it != value.end() && !it->is_null()) {
      keys[name] = *it;
    } else if (!otherwise.is_null()) {
      keys[name] = otherwise;
    }
  }
  return "k:" + keys.dump();
}

}  // namespace kabuki::apply

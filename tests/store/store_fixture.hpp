#pragma once

#include <string>
#include <utility>
#include <vector>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "store/engine.hpp"
#include "store/selection.hpp"

namespace kabuki::store::test {

/// A ConfigMap of no meaning: bytes that are only kept.
inline ObjectPtr thing(std::string_view name, std::string_view body, uint64_t revision = 0,
                       std::string_view ns = "default") {
  return Object::make(kinds::kConfigMap, ns, name, revision, body);
}

inline Key thing_key(std::string name, std::string ns = "default") {
  return {kinds::kConfigMap, std::move(ns), std::move(name)};
}

inline ObjectPtr pod(std::string_view name, std::string_view node, uint64_t revision = 0,
                     std::string_view ns = "default", std::string_view app = {}) {
  k8s::io::api::core::v1::Pod message;
  message.mutable_metadata()->set_name(std::string(name));
  message.mutable_metadata()->set_namespace_(std::string(ns));
  if (!app.empty()) (*message.mutable_metadata()->mutable_labels())["app"] = std::string(app);
  message.mutable_spec()->set_nodename(std::string(node));
  return Object::encode(kinds::kPod, message, revision);
}

inline Mutation put(ObjectPtr object, uint64_t expected = 0) { return {object->key(), expected, std::move(object)}; }
inline Mutation remove(Key key, uint64_t expected) { return {std::move(key), expected, nullptr}; }

inline Change created(ObjectPtr object) { return {Change::Type::put, std::move(object), nullptr}; }

/// "default/a@3=body", for comparing whole lists.
inline std::string text(const ObjectPtr& object) {
  if (!object) return "null";
  return std::string(object->ns()) + "/" + std::string(object->name()) + "@" + std::to_string(object->revision()) +
         "=" + std::string(object->body());
}
inline std::vector<std::string> texts(const std::vector<ObjectPtr>& objects) {
  std::vector<std::string> out;
  for (const auto& object : objects) out.push_back(text(object));
  return out;
}
/// "a@3"
inline std::vector<std::string> names(const std::vector<ObjectPtr>& objects) {
  std::vector<std::string> out;
  for (const auto& object : objects) {
    out.push_back(std::string(object->name()) + "@" + std::to_string(object->revision()));
  }
  return out;
}

inline Selection select(KindId kind, std::string ns = {}, std::string name = {}) {
  Selection selection;
  selection.kind = kind;
  selection.ns = std::move(ns);
  selection.name = std::move(name);
  return selection;
}
inline Selection on_nodes(std::vector<std::string> nodes) {
  Selection selection = select(kinds::kPod);
  selection.fields = *FieldSelector::any_of(kind_of(kinds::kPod), "spec.nodeName", std::move(nodes));
  return selection;
}
inline Selection labelled(std::string_view labels) {
  Selection selection = select(kinds::kPod);
  selection.labels = *LabelSelector::parse(labels);
  return selection;
}

}  // namespace kabuki::store::test

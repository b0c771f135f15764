#include "tools/api_client.hpp"

#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/bus/objects.pb.h"
#include "messages/status.hpp"

namespace kabuki::tools {

namespace {

/// Annotation of every node: the host whose kubelet runs it (actors/kubelet/node_status.hpp).
constexpr const char* kHostAnnotation = "kabuki.io/host";

}  // namespace

Result<ObjectPtr> get_object(const ControlClient& client, const Key& key) {
  bus::GetObjects verb;
  verb.add_keys()->set_kind(key.kind);
  verb.mutable_keys(0)->set_namespace_(key.ns);
  verb.mutable_keys(0)->set_name(key.name);
  auto reply = client.ask(runtime::role(runtime::roles::kApiServer), runtime::make_message(std::move(verb)));
  if (!reply) return reply.error();
  const auto* items = (*reply)->as<bus::GetObjectsReply>();
  if (!items || items->items_size() != 1) return internal_error("the API server gave an answer of another form");
  if (!items->items(0).found() || (*reply)->objects.empty()) return not_found(kind_of(key.kind), key.name);
  return (*reply)->objects[0];
}

Result<std::vector<ObjectPtr>> list_objects(const ControlClient& client, KindId kind) {
  bus::ListObjects verb;
  verb.mutable_selection()->set_kind(kind);
  auto reply = client.ask(runtime::role(runtime::roles::kApiServer), runtime::make_message(std::move(verb)));
  if (!reply) return reply.error();
  return (*reply)->objects;
}

Key pod_key(const std::string& text) {
  size_t slash = text.find('/');
  if (slash == std::string::npos) return {kinds::kPod, "default", text};
  return {kinds::kPod, text.substr(0, slash), text.substr(slash + 1)};
}

Result<runtime::Address> pod_actor(const ControlClient& client, const Key& pod) {
  auto object = get_object(client, pod);
  if (!object) return object.error();
  std::string node_name = (*object)->as<::k8s::io::api::core::v1::Pod>().spec().nodename();
  if (node_name.empty()) return bad_request("pod " + pod.ns + "/" + pod.name + " has no node yet");
  auto node = get_object(client, {kinds::kNode, "", node_name});
  if (!node) return node.error();
  auto parsed = (*node)->as<::k8s::io::api::core::v1::Node>();
  auto host = parsed.metadata().annotations().find(kHostAnnotation);
  if (host == parsed.metadata().annotations().end()) {
    return bad_request("node " + node_name + " has no annotation " + kHostAnnotation + ": it is not one of Kabuki's");
  }
  return runtime::Address{host->second + "/kubelet/" + node_name + "/pods/" + pod.ns + "/" + pod.name};
}

}  // namespace kabuki::tools

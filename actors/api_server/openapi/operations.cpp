#include "actors/api_server/openapi/operations.hpp"

#include <algorithm>

#include "actors/api_server/discovery.hpp"
#include "actors/api_server/openapi/schemas.hpp"
#include "messages/api/autoscaling/v1/scale.pb.h"
#include "messages/api/core/v1/binding.pb.h"
#include "messages/api/meta/v1/options.pb.h"
#include "messages/api/meta/v1/status.pb.h"
#include "messages/api/policy/v1/eviction.pb.h"

namespace kabuki::api_server::openapi {
namespace {

namespace meta = ::k8s::io::apimachinery::pkg::apis::meta::v1;

const std::vector<std::string> kObjectBodies = {"application/json", "application/yaml",
                                                "application/vnd.kubernetes.protobuf"};
const std::vector<std::string> kPatches = {"application/json-patch+json", "application/merge-patch+json",
                                           "application/strategic-merge-patch+json"};

Parameter query(std::string name, std::string type, std::string description) {
  return {std::move(name), std::move(type), std::move(description), false};
}

const Parameter& dry_run() {
  static const Parameter out = query("dryRun", "string", "\"All\": everything is checked and nothing stored.");
  return out;
}

std::vector<Parameter> write_parameters() {
  return {
      dry_run(), query("fieldManager", "string", "Who is responsible for the fields that this request sets."),
      query("fieldValidation", "string", "What becomes of unknown and duplicate fields: Ignore, Warn or Strict.")};
}

std::vector<Parameter> patch_parameters() {
  std::vector<Parameter> out = write_parameters();
  out.push_back(query("force", "boolean", "Take over fields that others manage. Only of apply patches."));
  return out;
}

std::vector<Parameter> delete_parameters() {
  return {dry_run(), query("gracePeriodSeconds", "integer", "Seconds until the object is gone; 0 at once."),
          query("orphanDependents", "boolean", "Deprecated: use propagationPolicy."),
          query("propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground.")};
}

std::vector<Parameter> list_parameters() {
  return {query("allowWatchBookmarks", "boolean", "A watch may send bookmarks."),
          query("continue", "string", "The token of an earlier page."),
          query("fieldSelector", "string", "Restricts the answer by fields."),
          query("labelSelector", "string", "Restricts the answer by labels."),
          query("limit", "integer", "The most items of one page."),
          query("resourceVersion", "string", "From which version on the answer is wanted."),
          query("resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."),
          query("sendInitialEvents", "boolean", "A watch begins with the objects that exist."),
          query("timeoutSeconds", "integer", "How long a watch may last."),
          query("watch", "boolean", "Send changes as they come.")};
}

std::vector<Parameter> stream_parameters(bool with_command) {
  std::vector<Parameter> out = {query("container", "string", "Which container; the only one by default."),
                                query("stderr", "boolean", "The client reads standard error."),
                                query("stdin", "boolean", "The client writes standard input."),
                                query("stdout", "boolean", "The client reads standard output."),
                                query("tty", "boolean", "The program has a terminal.")};
  if (with_command) out.insert(out.begin(), query("command", "string", "What is run: one of these for each word."));
  return out;
}

std::string camel(std::string_view text) {
  std::string out;
  bool upper = true;
  for (char c : text) {
    if (c == '.' || c == '-' || c == '/') {
      upper = true;
      continue;
    }
    out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    upper = false;
  }
  return out;
}

/// Makes the operations of one kind.
class KindPaths {
 public:
  KindPaths(const Kind& kind, std::vector<Path>* out) : kind_(kind), out_(out) {
    std::string group = kind.group.empty() ? "core" : kind.group.substr(0, kind.group.find('.'));
    tag_ = group + "_" + kind.version;
    name_ = camel(group) + camel(kind.version) + (kind.namespaced ? "Namespaced" : "") + kind.kind;
    object_ = definition_name(kind.descriptor);
  }

  void add() {
    const std::string root = (kind_.group.empty() ? "/api/" : "/apis/") + kind_.api_version();
    if (kind_.namespaced && serves("list")) {
      Path& all = path(root + "/" + kind_.plural);
      Operation list = operation("get", "list", "listForAllNamespaces" + name_, list_parameters());
      list.answer = list_definition_name(kind_);
      all.operations = {list};
    }
    const std::string collection = root + (kind_.namespaced ? "/namespaces/{namespace}/" : "/") + kind_.plural;
    add_collection(path(collection));
    if (serves("get")) add_object(path(collection + "/{name}"));
    for (const Subresource& part : subresources_of(kind_)) add_part(path(collection + "/{name}/" + part.name), part);
  }

 private:
  Path& path(const std::string& text) {
    Path out{text, {}, {}};
    if (text.find("{name}") != std::string::npos) {
      out.parameters.push_back({"name", "string", "The object's name.", true});
    }
    if (text.find("{namespace}") != std::string::npos) {
      out.parameters.push_back({"namespace", "string", "The object's namespace.", true});
    }
    out_->push_back(std::move(out));
    return out_->back();
  }

  Operation operation(std::string method, std::string action, std::string id,
                      std::vector<Parameter> parameters) const {
    Operation out;
    out.method = std::move(method);
    out.action = std::move(action);
    out.id = std::move(id);
    out.group = kind_.group;
    out.version = kind_.version;
    out.kind = kind_.kind;
    out.tag = tag_;
    out.answer = object_;
    out.parameters = std::move(parameters);
    return out;
  }

  Operation with_body(Operation out, std::string body, std::vector<std::string> consumes) const {
    out.body = std::move(body);
    out.consumes = std::move(consumes);
    return out;
  }

  bool serves(std::string_view verb) const {
    const auto verbs = verbs_of(kind_);
    return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
  }

  void add_collection(Path& path) const {
    if (serves("list")) {
      Operation list = operation("get", "list", "list" + name_, list_parameters());
      list.answer = list_definition_name(kind_);
      path.operations.push_back(list);
    }
    if (!serves("create")) return;
    path.operations.push_back(
        with_body(operation("post", "post", "create" + name_, write_parameters()), object_, kObjectBodies));
    if (!kind_.has_delete_collection) return;
    Operation all = operation("delete", "deletecollection", "deleteCollection" + name_, delete_parameters());
    all.answer = definition_name(meta::Status::descriptor());
    path.operations.push_back(with_body(all, definition_name(meta::DeleteOptions::descriptor()), kObjectBodies));
  }

  void add_object(Path& path) const {
    path.operations.push_back(operation("get", "get", "read" + name_, {}));
    if (!serves("update")) return;
    path.operations.push_back(
        with_body(operation("put", "put", "replace" + name_, write_parameters()), object_, kObjectBodies));
    Operation remove = operation("delete", "delete", "delete" + name_, delete_parameters());
    remove.answer = definition_name(meta::Status::descriptor());
    path.operations.push_back(with_body(remove, definition_name(meta::DeleteOptions::descriptor()), kObjectBodies));
    path.operations.push_back(
        with_body(operation("patch", "patch", "patch" + name_, patch_parameters()), "patch", kPatches));
  }

  /// A stream to a container.
  void add_connect(Path& path, const Subresource& part) const {
    for (const char* method : {"get", "post"}) {
      path.operations.push_back(operation(method, "connect", "connect" + connect_name(method) + camel(part.name),
                                          stream_parameters(part.name == "exec")));
      path.operations.back().kind = part.kind;
      path.operations.back().answer.clear();
    }
  }
  /// CoreV1GetNamespacedPod of CoreV1NamespacedPod.
  std::string connect_name(const std::string& method) const {
    const size_t at = name_.find("Namespaced");
    return name_.substr(0, at) + camel(method) + name_.substr(at);
  }

  void add_part(Path& path, const Subresource& part) const {
    if (part.name == "attach" || part.name == "exec") return add_connect(path, part);
    std::string about = object_;
    if (part.kind == "Scale") about = definition_name(::k8s::io::api::autoscaling::v1::Scale::descriptor());
    if (part.kind == "Eviction") about = definition_name(::k8s::io::api::policy::v1::Eviction::descriptor());
    if (part.kind == "Binding") about = definition_name(::k8s::io::api::core::v1::Binding::descriptor());
    for (const std::string& verb : part.verbs) {
      const std::string suffix = name_ + camel(part.name);
      Operation out;
      if (verb == "get") out = operation("get", "get", "read" + suffix, {});
      if (verb == "create") {
        out = with_body(operation("post", "post", "create" + suffix, write_parameters()), about, kObjectBodies);
      }
      if (verb == "update") {
        out = with_body(operation("put", "put", "replace" + suffix, write_parameters()), about, kObjectBodies);
      }
      if (verb == "patch") {
        out = with_body(operation("patch", "patch", "patch" + suffix, patch_parameters()), "patch", kPatches);
      }
      out.group = part.group.empty() ? kind_.group : part.group;
      out.version = part.version.empty() ? kind_.version : part.version;
      out.kind = part.kind;
      out.answer = about;
      path.operations.push_back(std::move(out));
    }
  }

  const Kind& kind_;
  std::vector<Path>* const out_;
  std::string tag_;
  std::string name_;
  std::string object_;
};

}  // namespace

std::vector<Path> paths_of(std::span<const Kind* const> kinds) {
  std::vector<Path> out;
  for (const Kind* kind : kinds) KindPaths(*kind, &out).add();
  std::sort(out.begin(), out.end(), [](const Path& a, const Path& b) { return a.path < b.path; });
  return out;
}

}  // namespace kabuki::api_server::openapi

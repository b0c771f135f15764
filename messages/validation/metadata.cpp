#include <algorithm>
#include <string>

#include "messages/api/meta/v1/object_meta.pb.h"
#include "messages/api/meta/v1/selector.pb.h"
#include "messages/api/util/intstr.pb.h"
#include "messages/json.hpp"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

constexpr int kAnnotationsMaxBytes = 256 * 1024;

// The form of a kind's names, where it is not an RFC 1123 subdomain.
struct NameForm {
  KindId kind;
  NameProblems (*check)(std::string_view name);
};
constexpr NameForm kNameForms[] = {
    {kinds::kNamespace, check_dns1123_label},
    {kinds::kService, check_dns1035_label},
    {kinds::kStatefulSet, check_dns1123_label},
    {kinds::kRole, check_path_segment},
    {kinds::kRoleBinding, check_path_segment},
    {kinds::kClusterRole, check_path_segment},
    {kinds::kClusterRoleBinding, check_path_segment},
    // An address, which is a rule of its own.
    {kinds::kIPAddress, check_path_segment},
};

NameProblems check_name(const Kind& kind, std::string_view name) {
  for (const NameForm& form : kNameForms) {
    if (form.kind == kind.id) return form.check(name);
  }
  return check_dns1123_subdomain(name);
}

// A prefix may end with a dash: something follows it.
std::string without_trailing_dash(std::string_view prefix) {
  if (prefix.size() > 1 && prefix.ends_with('-')) return std::string(prefix.substr(0, prefix.size() - 2)) + "a";
  return std::string(prefix);
}

template <class References>
void check_owners(const References& owners, const FieldPath& path, Findings* findings) {
  std::string controller;
  for (const meta::OwnerReference& owner : owners) {
    const std::string& version = owner.apiversion();
    if (version.empty() || version.ends_with('/')) {
      findings->invalid(path.child("apiVersion"), version, "version must not be empty");
    }
    if (owner.kind().empty()) findings->invalid(path.child("kind"), owner.kind(), "must not be empty");
    if (owner.name().empty()) findings->invalid(path.child("name"), owner.name(), "must not be empty");
    if (owner.uid().empty()) findings->invalid(path.child("uid"), owner.uid(), "must not be empty");
    if (version == "v1" && owner.kind() == "Event") {
      findings->invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
    }
    if (!owner.controller()) continue;
    std::string name = owner.kind() + "/" + owner.name();
    if (controller.empty()) {
      controller = name;
      continue;
    }
    std::string json = "[";
    for (const meta::OwnerReference& each : owners) {
      if (json.size() > 1) json += ",";
      encode_json(each, &json);
    }
    findings->invalid_json(path, json + "]",
                           "Only one reference can have Controller set to true. Found \"true\" in references for " +
                               controller + " and " + name);
  }
}

template <class Finalizers>
void check_finalizers(const Finalizers& finalizers, const FieldPath& path, Findings* findings) {
  bool orphan = false;
  bool foreground = false;
  std::string json = "[";
  for (const std::string& finalizer : finalizers) {
    findings->invalid(path, finalizer, check_qualified_name(finalizer));
    orphan = orphan || finalizer == "orphan";
    foreground = foreground || finalizer == "foregroundDeletion";
    if (json.size() > 1) json += ",";
    append_json_string(finalizer, &json);
  }
  if (orphan && foreground) {
    findings->invalid_json(path, json + "]", "finalizer orphan and foregroundDeletion cannot be both set");
  }
}

void check_meta_both(const meta::ObjectMeta& meta, const FieldPath& path, Findings* findings) {
  check_labels(meta.labels(), path.child("labels"), findings);
  check_annotations(meta.annotations(), path.child("annotations"), findings);
  check_owners(meta.ownerreferences(), path.child("ownerReferences"), findings);
  check_finalizers(meta.finalizers(), path.child("finalizers"), findings);
}

}  // namespace

void check_labels(const StringMap& labels, const FieldPath& path, Findings* findings) {
  for (std::string_view key : sorted_keys(labels)) {
    findings->invalid(path, key, check_qualified_name(key));
    const std::string& value = labels.at(std::string(key));
    findings->invalid(path, value, check_label_value(value));
  }
}

void check_annotations(const StringMap& annotations, const FieldPath& path, Findings* findings) {
  size_t bytes = 0;
  for (std::string_view key : sorted_keys(annotations)) {
    std::string lower(key);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    findings->invalid(path, key, check_qualified_name(lower));
    bytes += key.size() + annotations.at(std::string(key)).size();
  }
  if (bytes > kAnnotationsMaxBytes) findings->too_long(path, kAnnotationsMaxBytes);
}

void check_meta_create(const Kind& kind, const meta::ObjectMeta& meta, Findings* findings) {
  FieldPath path("metadata");
  if (!meta.generatename().empty()) {
    findings->invalid(path.child("generateName"), meta.generatename(),
                      check_name(kind, without_trailing_dash(meta.generatename())));
  }
  if (meta.name().empty()) {
    findings->required(path.child("name"), "name or generateName is required");
  } else {
    findings->invalid(path.child("name"), meta.name(), check_name(kind, meta.name()));
  }
  if (kind.namespaced) {
    if (meta.namespace_().empty()) {
      findings->required(path.child("namespace"));
    } else {
      findings->invalid(path.child("namespace"), meta.namespace_(), check_dns1123_label(meta.namespace_()));
    }
  } else if (!meta.namespace_().empty()) {
    findings->forbidden(path.child("namespace"), "not allowed on this type");
  }
  findings->check_not_negative(path.child("generation"), meta.generation());
  check_meta_both(meta, path, findings);
}

void check_meta_update(const meta::ObjectMeta& old, const meta::ObjectMeta& now, Findings* findings) {
  FieldPath path("metadata");
  if (old.has_deletiontimestamp()) {
    std::string added;
    for (const std::string& finalizer : now.finalizers()) {
      if (std::find(old.finalizers().begin(), old.finalizers().end(), finalizer) != old.finalizers().end()) continue;
      added += added.empty() ? "" : ", ";
      append_json_string(finalizer, &added);
    }
    if (!added.empty()) {
      findings->forbidden(path.child("finalizers"),
                          "no new finalizers can be added if the object is being deleted, found new finalizers "
                          "[]string{" +
                              added + "}");
    }
  }
  if (now.generation() < old.generation()) {
    findings->invalid(path.child("generation"), now.generation(), "must not be decremented");
  }
  findings->check_unchanged(path.child("name"), old.name(), now.name());
  findings->check_unchanged(path.child("namespace"), old.namespace_(), now.namespace_());
  findings->check_unchanged(path.child("uid"), old.uid(), now.uid());
  check_meta_both(now, path, findings);
}

void check_label_selector(const meta::LabelSelector& selector, const FieldPath& path, Findings* findings) {
  check_labels(selector.matchlabels(), path.child("matchLabels"), findings);
  FieldPath list = path.child("matchExpressions");
  for (int i = 0; i < selector.matchexpressions_size(); ++i) {
    const auto& expression = selector.matchexpressions(i);
    FieldPath at = list.index(i);
    const std::string& op = expression.operator_();
    if (op == "In" || op == "NotIn") {
      if (expression.values().empty()) {
        findings->required(at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
      }
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (!expression.values().empty()) {
        findings->forbidden(at.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else {
      findings->invalid(at.child("operator"), op, "not a valid selector operator");
    }
    findings->invalid(at.child("key"), expression.key(), check_qualified_name(expression.key()));
    FieldPath values = at.child("values");
    for (int j = 0; j < expression.values_size(); ++j) {
      findings->invalid(values.index(j), expression.values(j), check_label_value(expression.values(j)));
    }
  }
}

void check_port_reference(const IntOrString& port, const FieldPath& path, Findings* findings) {
  if (port.type() == 0) {
    findings->check_port(path, port.intval());
  } else {
    findings->invalid(path, port.strval(), check_port_name(port.strval()));
  }
}

}  // namespace kabuki::validation

#include <string>

#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";

void check_expression(const core::NodeSelectorRequirement& expression, const FieldPath& path, Findings* findings) {
  const std::string& op = expression.operator_();
  if (op == "In" || op == "NotIn") {
    if (expression.values().empty()) {
      findings->required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
    }
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!expression.values().empty()) {
      findings->forbidden(path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else if (op == "Gt" || op == "Lt") {
    if (expression.values_size() != 1) {
      findings->required(path.child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'");
    }
  } else {
    findings->invalid(path.child("operator"), op, "not a valid selector operator");
  }
  findings->invalid(path.child("key"), expression.key(), check_qualified_name(expression.key()));
}

void check_field(const core::NodeSelectorRequirement& field, const FieldPath& path, Findings* findings) {
  const std::string& op = field.operator_();
  if (op != "In" && op != "NotIn") {
    findings->invalid(path.child("operator"), op, "not a valid selector operator");
  } else if (field.values_size() != 1) {
    findings->required(path.child("values"),
                       "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  if (field.key() != "metadata.name") {
    findings->invalid(path.child("key"), field.key(), "not a valid field selector key");
  }
}

void check_node_term(const core::NodeSelectorTerm& term, const FieldPath& path, Findings* findings) {
  FieldPath expressions = path.child("matchExpressions");
  for (int i = 0; i < term.matchexpressions_size(); ++i) {
    check_expression(term.matchexpressions(i), expressions.index(i), findings);
  }
  FieldPath fields = path.child("matchFields");
  for (int i = 0; i < term.matchfields_size(); ++i) check_field(term.matchfields(i), fields.index(i), findings);
}

void check_weight(int32_t weight, const FieldPath& path, Findings* findings) {
  if (weight < 1 || weight > 100) findings->invalid(path, weight, "must be in the range 1-100");
}

void check_node_affinity(const core::NodeAffinity& affinity, const FieldPath& path, Findings* findings) {
  if (affinity.has_requiredduringschedulingignoredduringexecution()) {
    FieldPath required = path.child(kRequired);
    FieldPath terms = required.child("nodeSelectorTerms");
    const auto& selector = affinity.requiredduringschedulingignoredduringexecution();
    if (selector.nodeselectorterms().empty()) findings->required(terms, "must have at least one node selector term");
    for (int i = 0; i < selector.nodeselectorterms_size(); ++i) {
      check_node_term(selector.nodeselectorterms(i), terms.index(i), findings);
    }
  }
  FieldPath preferred = path.child(kPreferred);
  for (int i = 0; i < affinity.preferredduringschedulingignoredduringexecution_size(); ++i) {
    const auto& term = affinity.preferredduringschedulingignoredduringexecution(i);
    FieldPath at = preferred.index(i);
    check_weight(term.weight(), at.child("weight"), findings);
    check_node_term(term.preference(), at.child("preference"), findings);
  }
}

void check_pod_term(const core::PodAffinityTerm& term, const FieldPath& path, Findings* findings) {
  if (term.has_labelselector()) check_label_selector(term.labelselector(), path.child("labelSelector"), findings);
  if (term.has_namespaceselector()) {
    check_label_selector(term.namespaceselector(), path.child("namespaceSelector"), findings);
  }
  for (const std::string& name : term.namespaces()) {
    findings->invalid(path.child("namespace"), name, check_dns1123_label(name));
  }
  if (term.topologykey().empty()) {
    findings->required(path.child("topologyKey"), "can not be empty");
  } else {
    findings->invalid(path.child("topologyKey"), term.topologykey(), check_qualified_name(term.topologykey()));
  }
}

// Affinity and anti-affinity: two messages with the same fields.
template <class Affinity>
void check_pod_affinity(const Affinity& affinity, const FieldPath& path, Findings* findings) {
  FieldPath required = path.child(kRequired);
  for (int i = 0; i < affinity.requiredduringschedulingignoredduringexecution_size(); ++i) {
    check_pod_term(affinity.requiredduringschedulingignoredduringexecution(i), required.index(i), findings);
  }
  FieldPath preferred = path.child(kPreferred);
  for (int i = 0; i < affinity.preferredduringschedulingignoredduringexecution_size(); ++i) {
    const auto& term = affinity.preferredduringschedulingignoredduringexecution(i);
    FieldPath at = preferred.index(i);
    check_weight(term.weight(), at.child("weight"), findings);
    check_pod_term(term.podaffinityterm(), at.child("podAffinityTerm"), findings);
  }
}

}  // namespace

void check_affinity(const core::Affinity& affinity, const FieldPath& path, Findings* findings) {
  if (affinity.has_nodeaffinity()) check_node_affinity(affinity.nodeaffinity(), path.child("nodeAffinity"), findings);
  if (affinity.has_podaffinity()) check_pod_affinity(affinity.podaffinity(), path.child("podAffinity"), findings);
  if (affinity.has_podantiaffinity()) {
    check_pod_affinity(affinity.podantiaffinity(), path.child("podAntiAffinity"), findings);
  }
}

}  // namespace kabuki::validation

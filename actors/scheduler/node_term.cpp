#include "actors/scheduler/node_term.hpp"

#include "messages/api/core/v1/pod_template.pb.h"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;

NodeRequirement requirement_of(const core::NodeSelectorRequirement& message) {
  using Operator = NodeRequirement::Operator;
  NodeRequirement requirement;
  requirement.key = message.key();
  requirement.values = {message.values().begin(), message.values().end()};
  const std::string& op = message.operator_();
  requirement.op = op == "NotIn"          ? Operator::not_in
                   : op == "Exists"       ? Operator::exists
                   : op == "DoesNotExist" ? Operator::does_not_exist
                   : op == "Gt"           ? Operator::greater
                   : op == "Lt"           ? Operator::less
                                          : Operator::in;
  return requirement;
}

}  // namespace

NodeTerm term_of(const core::NodeSelectorTerm& message, int32_t weight) {
  NodeTerm term;
  term.weight = weight;
  for (const auto& expression : message.matchexpressions()) term.labels.push_back(requirement_of(expression));
  for (const auto& field : message.matchfields()) term.fields.push_back(requirement_of(field));
  return term;
}

}  // namespace kabuki::scheduler

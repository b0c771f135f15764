#include <set>
#include <string>

#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {

void check_namespace(const core::Namespace& space, Findings* findings) {
  FieldPath path("spec");
  for (const std::string& finalizer : space.spec().finalizers()) {
    NameProblems problems = check_qualified_name(finalizer);
    findings->invalid(path.child("finalizers"), finalizer, problems);
    if (problems.empty() && finalizer.find('/') == std::string::npos && finalizer != "kubernetes") {
      findings->invalid(path.child("finalizers"), finalizer,
                        "name is neither a standard finalizer name nor is it fully qualified");
    }
  }
}

void check_node(const core::Node& node, Findings* findings) {
  FieldPath path("spec");
  FieldPath taints = path.child("taints");
  std::set<std::pair<std::string_view, std::string_view>> taken;
  for (int i = 0; i < node.spec().taints_size(); ++i) {
    const core::Taint& taint = node.spec().taints(i);
    FieldPath at = taints.index(i);
    findings->invalid(at.child("key"), taint.key(), check_qualified_name(taint.key()));
    findings->invalid(at.child("value"), taint.value(), check_label_value(taint.value()));
    findings->check_choice(at.child("effect"), taint.effect(), {"NoSchedule", "PreferNoSchedule", "NoExecute"});
    if (!taken.emplace(taint.key(), taint.effect()).second) {
      findings->duplicate(at, "{\"key\":\"" + taint.key() + "\",\"value\":\"" + taint.value() + "\",\"effect\":\"" +
                                  taint.effect() + "\"}");
    }
  }
}

void check_node_change(const core::Node& old, const core::Node& now, std::string_view, Findings* findings) {
  FieldPath path("spec");
  if (!old.spec().podcidr().empty() && old.spec().podcidr() != now.spec().podcidr()) {
    findings->forbidden(path.child("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid");
  }
  if (!old.spec().providerid().empty() && old.spec().providerid() != now.spec().providerid()) {
    findings->forbidden(path.child("providerID"), "node updates may not change providerID except from \"\" to valid");
  }
  check_node(now, findings);
}

void check_event(const core::Event& event, Findings* findings) {
  // An event about something without a namespace stands in `default`.
  const std::string& subject = event.involvedobject().namespace_();
  const std::string& own = event.metadata().namespace_();
  if (subject.empty() ? own == "default" || own.empty() : own == subject) return;
  FieldPath path("involvedObject");
  findings->invalid(path.child("namespace"), subject, "does not match event.namespace");
}

void check_lease(const ::k8s::io::api::coordination::v1::Lease& lease, Findings* findings) {
  FieldPath path("spec");
  if (lease.spec().has_leasedurationseconds() && lease.spec().leasedurationseconds() <= 0) {
    findings->invalid(path.child("leaseDurationSeconds"), lease.spec().leasedurationseconds(),
                      "must be greater than 0");
  }
  if (lease.spec().leasetransitions() < 0) {
    findings->invalid(path.child("leaseTransitions"), lease.spec().leasetransitions(), kNegative);
  }
}

}  // namespace kabuki::validation

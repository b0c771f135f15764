// Roles, priorities, certificates and flow control.
#include "messages/validation/rule.hpp"

namespace kabuki::validation {
namespace {

using namespace kinds;

// clang-format off
constexpr Rule kRules[] = {
    {kRole, "rules[].verbs", Check::required, "verbs must contain at least one value"},
    {kRole, "rules[].apiGroups", Check::required,
     "resource rules must supply at least one api group", "!nonResourceURLs"},
    {kRole, "rules[].resources", Check::required,
     "resource rules must supply at least one resource", "!nonResourceURLs"},

    {kClusterRole, "rules[].verbs", Check::required, "verbs must contain at least one value"},
    {kClusterRole, "rules[].apiGroups", Check::required,
     "resource rules must supply at least one api group", "!nonResourceURLs"},
    {kClusterRole, "rules[].resources", Check::required,
     "resource rules must supply at least one resource", "!nonResourceURLs"},

    {kRole, "rules[].nonResourceURLs", Check::refused, "namespaced rules cannot apply to non-resource URLs"},

    {kClusterRole, "rules[].nonResourceURLs", Check::refused,
     "rules cannot apply to both regular resources and non-resource URLs", "resources"},

    {kRoleBinding, "roleRef.apiGroup", Check::one_of, "rbac.authorization.k8s.io"},
    {kRoleBinding, "roleRef.kind", Check::one_of, "ClusterRole|Role"},
    {kRoleBinding, "roleRef.name", Check::required},
    {kRoleBinding, "roleRef.name", Check::path_segment},
    {kRoleBinding, "subjects[].kind", Check::one_of, "Group|ServiceAccount|User"},
    {kRoleBinding, "subjects[].name", Check::required},
    {kRoleBinding, "subjects[].apiGroup", Check::one_of, "rbac.authorization.k8s.io", "kind=User|Group"},
    {kRoleBinding, "subjects[].namespace", Check::required, "", "kind=ServiceAccount"},
    {kRoleBinding, "subjects[].name", Check::dns_subdomain, "", "kind=ServiceAccount"},
    {kRoleBinding, "roleRef", Check::immutable, "cannot change roleRef"},

    {kClusterRoleBinding, "roleRef.apiGroup", Check::one_of, "rbac.authorization.k8s.io"},
    {kClusterRoleBinding, "roleRef.kind", Check::one_of, "ClusterRole"},
    {kClusterRoleBinding, "roleRef.name", Check::required},
    {kClusterRoleBinding, "roleRef.name", Check::path_segment},
    {kClusterRoleBinding, "subjects[].kind", Check::one_of, "Group|ServiceAccount|User"},
    {kClusterRoleBinding, "subjects[].name", Check::required},
    {kClusterRoleBinding, "subjects[].apiGroup", Check::one_of, "rbac.authorization.k8s.io", "kind=User|Group"},
    {kClusterRoleBinding, "subjects[].namespace", Check::required, "", "kind=ServiceAccount"},
    {kClusterRoleBinding, "subjects[].name", Check::dns_subdomain, "", "kind=ServiceAccount"},
    {kClusterRoleBinding, "roleRef", Check::immutable, "cannot change roleRef"},

    {kPriorityClass, "preemptionPolicy", Check::one_of, "Never|PreemptLowerPriority"},
    {kPriorityClass, "value", Check::no_change, "may not be changed in an update."},
    {kPriorityClass, "preemptionPolicy", Check::immutable},

    {kRuntimeClass, "handler", Check::required},
    {kRuntimeClass, "handler", Check::dns_label},
    {kRuntimeClass, "overhead.podFixed{}", Check::quantity},
    {kRuntimeClass, "scheduling.nodeSelector", Check::labels},
    {kRuntimeClass, "handler", Check::immutable},

    {kFlowSchema, "spec.matchingPrecedence", Check::between, "1|10000"},
    {kFlowSchema, "spec.priorityLevelConfiguration.name", Check::required, "must reference a priority level"},
    {kFlowSchema, "spec.distinguisherMethod.type", Check::one_of, "ByNamespace|ByUser"},
    {kFlowSchema, "spec.rules[].subjects", Check::required, "subjects must contain at least one value"},
    {kFlowSchema, "spec.rules[].subjects[].kind", Check::one_of, "Group|ServiceAccount|User"},
    {kFlowSchema, "spec.rules[].subjects[].user", Check::required,
     "user is required when subject kind is 'User'", "kind=User"},
    {kFlowSchema, "spec.rules[].subjects[].group", Check::required,
     "group is required when subject kind is 'Group'", "kind=Group"},
    {kFlowSchema, "spec.rules[].subjects[].serviceAccount", Check::required,
     "serviceAccount is required when subject kind is 'ServiceAccount'", "kind=ServiceAccount"},
    {kFlowSchema, "spec.rules[]", Check::any_of,
     "resourceRules|nonResourceRules;at least one of resourceRules and nonResourceRules has to be non-empty"},
    {kFlowSchema, "spec.rules[].resourceRules[].verbs", Check::required},
    {kFlowSchema, "spec.rules[].resourceRules[].apiGroups", Check::required},
    {kFlowSchema, "spec.rules[].resourceRules[].resources", Check::required},
    {kFlowSchema, "spec.rules[].nonResourceRules[].verbs", Check::required},
    {kFlowSchema, "spec.rules[].nonResourceRules[].nonResourceURLs", Check::required},
    {kFlowSchema, "spec.rules[].resourceRules[].namespaces", Check::required,
     "resource rules that are not cluster scoped must supply at least one namespace", "!clusterScope"},

    {kPriorityLevelConfiguration, "spec.type", Check::one_of, "Exempt|Limited"},
    {kPriorityLevelConfiguration, "spec.limited", Check::required,
     "must not be empty when type is Limited", "type=Limited"},
    {kPriorityLevelConfiguration, "spec.limited", Check::forbidden,
     "must be nil if the type is not Limited", "type=Exempt"},
    {kPriorityLevelConfiguration, "spec.exempt", Check::forbidden,
     "must be nil if the type is Limited", "type=Limited"},
    {kPriorityLevelConfiguration, "spec.limited.nominalConcurrencyShares", Check::minimum, "0"},
    {kPriorityLevelConfiguration, "spec.limited.lendablePercent", Check::between, "0|100"},
    {kPriorityLevelConfiguration, "spec.limited.borrowingLimitPercent", Check::minimum, "0"},
    {kPriorityLevelConfiguration, "spec.limited.limitResponse.type", Check::one_of, "Queue|Reject"},
    {kPriorityLevelConfiguration, "spec.limited.limitResponse.queuing", Check::required,
     "must not be empty if limitResponse.type is Queue", "type=Queue"},
    {kPriorityLevelConfiguration, "spec.limited.limitResponse.queuing", Check::forbidden,
     "must be nil if limited.limitResponse.type is not Queue", "type=Reject"},
    {kPriorityLevelConfiguration, "spec.limited.limitResponse.queuing.queues", Check::positive, "must be positive"},
    {kPriorityLevelConfiguration, "spec.limited.limitResponse.queuing.handSize", Check::positive, "must be positive"},
    {kPriorityLevelConfiguration, "spec.limited.limitResponse.queuing.queueLengthLimit", Check::positive,
     "must be positive"},
    {kPriorityLevelConfiguration, "spec.limited.limitResponse.queuing.handSize", Check::not_above,
     "queues;should not be greater than queues"},
};
// clang-format on

}  // namespace

std::span<const Rule> policy_rules() { return kRules; }

}  // namespace kabuki::validation

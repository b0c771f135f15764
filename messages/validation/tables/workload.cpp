// What runs pods, scales them and keeps them running.
#include "messages/validation/rule.hpp"

namespace kabuki::validation {
namespace {

using namespace kinds;

// clang-format off
constexpr Rule kRules[] = {
    {kControllerRevision, "revision", Check::minimum, "0"},
    {kControllerRevision, "data", Check::required, "data is mandatory"},
    {kControllerRevision, "data", Check::immutable},

    {kDaemonSet, "spec.selector", Check::not_empty_selector, "empty selector is invalid for daemonset"},
    {kDaemonSet, "spec.template", Check::selects_template},
    {kDaemonSet, "spec.template", Check::pod_template, "Always"},
    {kDaemonSet, "spec.updateStrategy.type", Check::one_of, "OnDelete|RollingUpdate"},
    {kDaemonSet, "spec.updateStrategy.rollingUpdate.maxUnavailable", Check::share},
    {kDaemonSet, "spec.updateStrategy.rollingUpdate.maxSurge", Check::share},
    {kDaemonSet, "spec.minReadySeconds", Check::minimum, "0"},
    {kDaemonSet, "spec.revisionHistoryLimit", Check::minimum, "0"},
    {kDaemonSet, "spec.selector", Check::immutable},

    {kStatefulSet, "spec.podManagementPolicy", Check::one_of, "OrderedReady|Parallel"},
    {kStatefulSet, "spec.updateStrategy.type", Check::one_of, "OnDelete|RollingUpdate"},
    {kStatefulSet, "spec.updateStrategy.rollingUpdate.partition", Check::minimum, "0"},
    {kStatefulSet, "spec.updateStrategy.rollingUpdate.maxUnavailable", Check::share},
    {kStatefulSet, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted", Check::one_of, "Delete|Retain"},
    {kStatefulSet, "spec.persistentVolumeClaimRetentionPolicy.whenScaled", Check::one_of, "Delete|Retain"},
    {kStatefulSet, "spec.replicas", Check::minimum, "0"},
    {kStatefulSet, "spec.minReadySeconds", Check::minimum, "0"},
    {kStatefulSet, "spec.revisionHistoryLimit", Check::minimum, "0"},
    {kStatefulSet, "spec.ordinals.start", Check::minimum, "0"},
    {kStatefulSet, "spec.selector", Check::not_empty_selector, "empty selector is invalid for statefulset"},
    {kStatefulSet, "spec.template", Check::selects_template},
    {kStatefulSet, "spec.template", Check::pod_template, "Always"},
    {kStatefulSet, "spec", Check::only_changes,
     "replicas,ordinals,template,updateStrategy,revisionHistoryLimit,persistentVolumeClaimRetentionPolicy,"
     "minReadySeconds;updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
     "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
     "are forbidden"},

    {kJob, "spec.parallelism", Check::minimum, "0"},
    {kJob, "spec.completions", Check::minimum, "0"},
    {kJob, "spec.activeDeadlineSeconds", Check::minimum, "0"},
    {kJob, "spec.backoffLimit", Check::minimum, "0"},
    {kJob, "spec.ttlSecondsAfterFinished", Check::minimum, "0"},
    {kJob, "spec.maxFailedIndexes", Check::minimum, "0"},
    {kJob, "spec.backoffLimitPerIndex", Check::minimum, "0"},
    {kJob, "spec.completionMode", Check::one_of, "Indexed|NonIndexed"},
    {kJob, "spec.completions", Check::required, "when completion mode is Indexed", "completionMode=Indexed"},
    {kJob, "spec.podReplacementPolicy", Check::one_of, "Failed|TerminatingOrFailed"},
    {kJob, "spec.podFailurePolicy.rules[].action", Check::one_of, "Count|FailIndex|FailJob|Ignore"},
    {kJob, "spec.podFailurePolicy.rules[].onExitCodes.operator", Check::one_of, "In|NotIn"},
    {kJob, "spec.podFailurePolicy.rules[].onExitCodes.values", Check::required, "at least one value is required"},
    {kJob, "spec.podFailurePolicy.rules", Check::max_items, "20"},
    {kJob, "spec.template", Check::pod_template, "OnFailure|Never"},
    {kJob, "spec.selector", Check::immutable},
    {kJob, "spec.template", Check::immutable, "", "suspend!=true"},
    {kJob, "spec.completionMode", Check::immutable},
    {kJob, "spec.completions", Check::immutable, "", "completionMode=NonIndexed"},
    {kJob, "spec.backoffLimitPerIndex", Check::immutable},

    {kCronJob, "spec.schedule", Check::required},
    {kCronJob, "spec.schedule", Check::schedule},
    {kCronJob, "spec.startingDeadlineSeconds", Check::minimum, "0"},
    {kCronJob, "spec.timeZone", Check::time_zone},
    {kCronJob, "spec.concurrencyPolicy", Check::one_of, "Allow|Forbid|Replace"},
    {kCronJob, "spec.jobTemplate.spec.parallelism", Check::minimum, "0"},
    {kCronJob, "spec.jobTemplate.spec.completions", Check::minimum, "0"},
    {kCronJob, "spec.jobTemplate.spec.activeDeadlineSeconds", Check::minimum, "0"},
    {kCronJob, "spec.jobTemplate.spec.backoffLimit", Check::minimum, "0"},
    {kCronJob, "spec.jobTemplate.spec.ttlSecondsAfterFinished", Check::minimum, "0"},
    {kCronJob, "spec.jobTemplate.spec.maxFailedIndexes", Check::minimum, "0"},
    {kCronJob, "spec.jobTemplate.spec.backoffLimitPerIndex", Check::minimum, "0"},
    {kCronJob, "spec.jobTemplate.spec.template", Check::pod_template, "OnFailure|Never"},
    {kCronJob, "spec.jobTemplate.spec.selector", Check::refused, "`selector` will be auto-generated"},
    {kCronJob, "spec.successfulJobsHistoryLimit", Check::minimum, "0"},
    {kCronJob, "spec.failedJobsHistoryLimit", Check::minimum, "0"},
    {kCronJob, "metadata.name", Check::max_length, "52"},

    {kHorizontalPodAutoscaler, "spec.minReplicas", Check::minimum, "1"},
    {kHorizontalPodAutoscaler, "spec.maxReplicas", Check::positive},
    {kHorizontalPodAutoscaler, "spec.maxReplicas", Check::not_below,
     "minReplicas;must be greater than or equal to `minReplicas`"},
    {kHorizontalPodAutoscaler, "spec.scaleTargetRef.kind", Check::required},
    {kHorizontalPodAutoscaler, "spec.scaleTargetRef.kind", Check::path_segment},
    {kHorizontalPodAutoscaler, "spec.scaleTargetRef.name", Check::required},
    {kHorizontalPodAutoscaler, "spec.scaleTargetRef.name", Check::path_segment},
    {kHorizontalPodAutoscaler, "spec.metrics[].type", Check::one_of,
     "ContainerResource|External|Object|Pods|Resource"},
    {kHorizontalPodAutoscaler, "spec.metrics[].resource", Check::required,
     "must populate information for the given metric source", "type=Resource"},
    {kHorizontalPodAutoscaler, "spec.metrics[].pods", Check::required,
     "must populate information for the given metric source", "type=Pods"},
    {kHorizontalPodAutoscaler, "spec.metrics[].object", Check::required,
     "must populate information for the given metric source", "type=Object"},
    {kHorizontalPodAutoscaler, "spec.metrics[].external", Check::required,
     "must populate information for the given metric source", "type=External"},
    {kHorizontalPodAutoscaler, "spec.metrics[].containerResource", Check::required,
     "must populate information for the given metric source", "type=ContainerResource"},
    {kHorizontalPodAutoscaler, "spec.metrics[].resource.name", Check::required, "must specify a resource name"},
    {kHorizontalPodAutoscaler, "spec.metrics[].resource.target.type", Check::one_of,
     "AverageValue|Utilization|Value"},
    {kHorizontalPodAutoscaler, "spec.metrics[].resource.target.averageUtilization", Check::positive},
    {kHorizontalPodAutoscaler, "spec.behavior.scaleUp.stabilizationWindowSeconds", Check::between, "0|3600"},
    {kHorizontalPodAutoscaler, "spec.behavior.scaleUp.selectPolicy", Check::one_of, "Disabled|Max|Min"},
    {kHorizontalPodAutoscaler, "spec.behavior.scaleUp.policies[].type", Check::one_of, "Percent|Pods"},
    {kHorizontalPodAutoscaler, "spec.behavior.scaleUp.policies[].value", Check::positive,
     "must be greater than zero"},
    {kHorizontalPodAutoscaler, "spec.behavior.scaleUp.policies[].periodSeconds", Check::between, "1|1800"},
    {kHorizontalPodAutoscaler, "spec.behavior.scaleDown.stabilizationWindowSeconds", Check::between, "0|3600"},
    {kHorizontalPodAutoscaler, "spec.behavior.scaleDown.selectPolicy", Check::one_of, "Disabled|Max|Min"},
    {kHorizontalPodAutoscaler, "spec.behavior.scaleDown.policies[].type", Check::one_of, "Percent|Pods"},
    {kHorizontalPodAutoscaler, "spec.behavior.scaleDown.policies[].value", Check::positive,
     "must be greater than zero"},
    {kHorizontalPodAutoscaler, "spec.behavior.scaleDown.policies[].periodSeconds", Check::between, "1|1800"},

    {kPodDisruptionBudget, "spec", Check::at_most_one,
     "minAvailable|maxUnavailable;minAvailable and maxUnavailable cannot be both set"},
    {kPodDisruptionBudget, "spec.minAvailable", Check::share},
    {kPodDisruptionBudget, "spec.maxUnavailable", Check::share},
    {kPodDisruptionBudget, "spec.selector", Check::selector},
    {kPodDisruptionBudget, "spec.unhealthyPodEvictionPolicy", Check::one_of, "AlwaysAllow|IfHealthyBudget"},
};
// clang-format on

}  // namespace

std::span<const Rule> workload_rules() { return kRules; }

}  // namespace kabuki::validation

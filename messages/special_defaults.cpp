// Defaults that follow from other fields.
#include <string>

#include "messages/api/apiextensions/v1/custom_resource_definition.pb.h"
#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"
#include "messages/api/batch/v1/job.pb.h"
#include "messages/api/core/v1/limit_range.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/core/v1/replication_controller.pb.h"
#include "messages/api/networking/v1/network_policy.pb.h"
#include "messages/default_rules.hpp"

namespace kabuki {
namespace {

namespace autoscaling = k8s::io::api::autoscaling::v2;
namespace batch = k8s::io::api::batch::v1;
namespace core = k8s::io::api::core::v1;
namespace networking = k8s::io::api::networking::v1;
using google::protobuf::Message;

constexpr const char* kControllerUid = "batch.kubernetes.io/controller-uid";
constexpr const char* kJobName = "batch.kubernetes.io/job-name";
constexpr int32_t kCpuPercent = 80;
constexpr int32_t kScalePeriodSeconds = 15;

/// A job's pods are found by its uid, whatever their other labels.
void job_defaults(batch::Job* job) {
  batch::JobSpec* spec = job->mutable_spec();
  auto* labels = spec->mutable_template_()->mutable_metadata()->mutable_labels();
  if (!spec->manualselector() && !job->metadata().uid().empty()) {
    const std::string& uid = job->metadata().uid();
    labels->insert({kControllerUid, uid});
    labels->insert({"controller-uid", uid});
    labels->insert({kJobName, job->metadata().name()});
    labels->insert({"job-name", job->metadata().name()});
    if (!spec->has_selector()) (*spec->mutable_selector()->mutable_matchlabels())[kControllerUid] = uid;
  }
  if (job->metadata().labels().empty() && !labels->empty()) *job->mutable_metadata()->mutable_labels() = *labels;
  if (spec->template_().metadata().ByteSizeLong() == 0) spec->mutable_template_()->clear_metadata();
}

void replication_controller_defaults(core::ReplicationController* controller) {
  core::ReplicationControllerSpec* spec = controller->mutable_spec();
  const auto& labels = spec->template_().metadata().labels();
  if (spec->selector().empty()) *spec->mutable_selector() = labels;
  if (controller->metadata().labels().empty() && !labels.empty()) {
    *controller->mutable_metadata()->mutable_labels() = labels;
  }
}

template <class Map>
void fill_from(const Map& from, Map* to) {
  for (const auto& [name, value] : from) to->insert({name, value});
}

void limit_range_defaults(core::LimitRange* range) {
  if (!range->has_spec()) return;
  for (core::LimitRangeItem& item : *range->mutable_spec()->mutable_limits()) {
    if (item.type() != "Container") continue;
    fill_from(item.max(), item.mutable_default_());
    fill_from(item.default_(), item.mutable_defaultrequest());
    fill_from(item.min(), item.mutable_defaultrequest());
  }
}

void network_policy_defaults(networking::NetworkPolicy* policy) {
  networking::NetworkPolicySpec* spec = policy->mutable_spec();
  if (!spec->policytypes().empty()) return;
  spec->add_policytypes("Ingress");
  if (!spec->egress().empty()) spec->add_policytypes("Egress");
}

void add_policy(const char* type, int32_t value, autoscaling::HPAScalingRules* rules) {
  autoscaling::HPAScalingPolicy* policy = rules->add_policies();
  policy->set_type(type);
  policy->set_value(value);
  policy->set_periodseconds(kScalePeriodSeconds);
}

void autoscaler_defaults(autoscaling::HorizontalPodAutoscaler* autoscaler) {
  autoscaling::HorizontalPodAutoscalerSpec* spec = autoscaler->mutable_spec();
  if (spec->metrics().empty()) {
    autoscaling::MetricSpec* metric = spec->add_metrics();
    metric->set_type("Resource");
    metric->mutable_resource()->set_name("cpu");
    metric->mutable_resource()->mutable_target()->set_type("Utilization");
    metric->mutable_resource()->mutable_target()->set_averageutilization(kCpuPercent);
  }
  if (!spec->has_behavior()) return;
  autoscaling::HPAScalingRules* up = spec->mutable_behavior()->mutable_scaleup();
  autoscaling::HPAScalingRules* down = spec->mutable_behavior()->mutable_scaledown();
  for (autoscaling::HPAScalingRules* rules : {up, down}) {
    if (!rules->has_selectpolicy()) rules->set_selectpolicy("Max");
  }
  if (!up->has_stabilizationwindowseconds()) up->set_stabilizationwindowseconds(0);
  if (up->policies().empty()) {
    add_policy("Pods", 4, up);
    add_policy("Percent", 100, up);
  }
  if (down->policies().empty()) add_policy("Percent", 100, down);
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

using Definition = k8s::io::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

void definition_defaults(Definition* definition) {
  auto* names = definition->mutable_spec()->mutable_names();
  if (names->kind().empty()) return;
  if (names->singular().empty()) names->set_singular(lower(names->kind()));
  if (names->listkind().empty()) names->set_listkind(names->kind() + "List");
}

/// What is requested of a claim's source in one field stands in the other, too.
void claim_defaults(core::PersistentVolumeClaim* claim) {
  core::PersistentVolumeClaimSpec* spec = claim->mutable_spec();
  if (spec->has_datasource() && !spec->has_datasourceref()) {
    const auto& source = spec->datasource();
    auto* reference = spec->mutable_datasourceref();
    if (source.has_apigroup()) reference->set_apigroup(source.apigroup());
    reference->set_kind(source.kind());
    reference->set_name(source.name());
  } else if (spec->has_datasourceref() && !spec->has_datasource() && !spec->datasourceref().has_namespace_()) {
    const auto& reference = spec->datasourceref();
    auto* source = spec->mutable_datasource();
    if (reference.has_apigroup()) source->set_apigroup(reference.apigroup());
    source->set_kind(reference.kind());
    source->set_name(reference.name());
  }
}

template <class T, void (*apply)(T*)>
void of_type(Message* object) {
  apply(static_cast<T*>(object));
}

struct Special {
  KindId kind;
  void (*apply)(Message*);
};

constexpr Special kSpecial[] = {
    {kinds::kJob, of_type<batch::Job, job_defaults>},
    {kinds::kReplicationController, of_type<core::ReplicationController, replication_controller_defaults>},
    {kinds::kLimitRange, of_type<core::LimitRange, limit_range_defaults>},
    {kinds::kNetworkPolicy, of_type<networking::NetworkPolicy, network_policy_defaults>},
    {kinds::kHorizontalPodAutoscaler, of_type<autoscaling::HorizontalPodAutoscaler, autoscaler_defaults>},
    {kinds::kCustomResourceDefinition, of_type<Definition, definition_defaults>},
    {kinds::kPersistentVolumeClaim, of_type<core::PersistentVolumeClaim, claim_defaults>},
};

}  // namespace

void apply_special_defaults(const Kind& kind, Message* object) {
  for (const Special& special : kSpecial) {
    if (special.kind == kind.id) special.apply(object);
  }
}

}  // namespace kabuki

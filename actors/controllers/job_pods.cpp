#include "actors/controllers/job_pods.hpp"

#include <algorithm>
#include <charconv>

#include "actors/controllers/job.hpp"
#include "actors/controllers/job_indexes.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/field_scan.hpp"

namespace kabuki::controllers {
namespace {

namespace batch = ::k8s::io::api::batch::v1;
namespace core = ::k8s::io::api::core::v1;

constexpr const char* kIndexFailures = "batch.kubernetes.io/job-index-failure-count";
constexpr int kDeletionGrace[] = {1, 10};

int32_t failures_before(const Object& pod) {
  const std::string text = annotation_of(pod, kIndexFailures);
  int32_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

/// A pod deleted without grace, or that never reached a node, does not run any more: only the finalizer keeps it.
bool has_ended_silently(const JobPod& pod) {
  return !pod.facts.bound || scan_varint(pod.pod->body(), kDeletionGrace).value_or(0) == 0;
}

JobPod::State state_of(const JobPod& pod, bool only_failed) {
  using State = JobPod::State;
  if (pod.facts.phase == PodFacts::Phase::succeeded) return State::succeeded;
  if (pod.facts.phase == PodFacts::Phase::failed) return State::failed;
  if (!pod.facts.deleting) return State::active;
  if (only_failed && !has_ended_silently(pod)) return State::going;
  return pod.tracked ? State::failed : State::going;
}

void tell_index(google::protobuf::RepeatedPtrField<core::Container>* containers) {
  for (core::Container& container : *containers) {
    const bool has = std::any_of(container.env().begin(), container.env().end(),
                                 [](const auto& variable) { return variable.name() == "JOB_COMPLETION_INDEX"; });
    if (has) continue;
    auto* variable = container.add_env();
    variable->set_name("JOB_COMPLETION_INDEX");
    auto* field = variable->mutable_valuefrom()->mutable_fieldref();
    field->set_fieldpath(std::string("metadata.labels['") + kCompletionIndex + "']");
  }
}

}  // namespace

bool is_indexed(const batch::Job& job) { return job.spec().completionmode() == "Indexed"; }

bool only_replaces_failed(const batch::Job& job) { return job.spec().podreplacementpolicy() == "Failed"; }

std::vector<JobPod> job_pods(const View& view, const batch::Job& job, const std::vector<ObjectPtr>& objects) {
  std::vector<JobPod> pods;
  for (const ObjectPtr& object : objects) {
    JobPod pod{object, view.facts(object), has_finalizer(*object, kJobTracking)};
    pod.state = state_of(pod, only_replaces_failed(job));
    if (is_indexed(job)) {
      pod.index = index_of_pod(*object);
      if (pod.index && *pod.index >= job.spec().completions()) pod.index.reset();
      if (job.spec().has_backofflimitperindex()) pod.index_failures = failures_before(*object);
    }
    pods.push_back(std::move(pod));
  }
  return pods;
}

core::Pod new_job_pod(const Object& object, const batch::Job& job, std::optional<int32_t> index,
                      int32_t index_failures) {
  core::Pod pod = pod_from(object, job.spec().template_());
  auto* meta = pod.mutable_metadata();
  meta->add_finalizers(kJobTracking);
  meta->set_generatename(job.metadata().name() + "-");
  if (!index) return pod;
  const std::string number = std::to_string(*index);
  meta->set_generatename(job.metadata().name() + "-" + number + "-");
  (*meta->mutable_annotations())[kCompletionIndex] = number;
  (*meta->mutable_labels())[kCompletionIndex] = number;
  if (job.spec().has_backofflimitperindex()) {
    (*meta->mutable_annotations())[kIndexFailures] = std::to_string(index_failures);
  }
  if (pod.spec().hostname().empty()) pod.mutable_spec()->set_hostname(job.metadata().name() + "-" + number);
  tell_index(pod.mutable_spec()->mutable_containers());
  tell_index(pod.mutable_spec()->mutable_initcontainers());
  return pod;
}

actors::Write release_job_pod(const Object& object) {
  auto pod = object.as<core::Pod>();
  auto* finalizers = pod.mutable_metadata()->mutable_finalizers();
  finalizers->erase(std::remove(finalizers->begin(), finalizers->end(), kJobTracking), finalizers->end());
  return actors::Write::update(object, pod);
}

}  // namespace kabuki::controllers

#pragma once

#include <string>

#include "actors/controllers/plan.hpp"
#include "actors/controllers/pod_facts.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/object.hpp"

namespace kabuki::controllers {

/// A pod that `owner` controls, as `model` describes it and still without a name.
::k8s::io::api::core::v1::Pod pod_from(const Object& owner, const ::k8s::io::api::core::v1::PodTemplateSpec& model);

/// What is said about `about` once a write is answered (Announcement).
Announcement announce(const Object& about, std::string done_reason, std::string done, std::string failed_reason,
                      std::string failed);
/// As every workload says it of a pod that it made or deleted.
Announcement announce_created(const Object& owner);
Announcement announce_deleted(const Object& owner);

/// Running, ready, and that for `min_ready_seconds`. Where only time is lacking, `plan` comes again then.
bool is_available(const PodFacts& facts, int64_t min_ready_seconds, const Instant& now, Plan* plan);

/// An annotation or a label of an encoded object, "" where it is absent.
std::string annotation_of(const Object& object, std::string_view name);
std::string label_of(const Object& object, std::string_view name);

}  // namespace kabuki::controllers

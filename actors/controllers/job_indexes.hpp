#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "messages/api/batch/v1/job.pb.h"
#include "messages/object.hpp"

namespace kabuki::controllers {

inline constexpr const char* kCompletionIndex = "batch.kubernetes.io/job-completion-index";

/// Reads "1,3-5,7"; what is not below `end` or no number is left out.
std::set<int32_t> parse_indexes(std::string_view text, int32_t end);
/// Writes it as Kubernetes does: "1,3-5,7,8".
std::string format_indexes(const std::set<int32_t>& indexes);

/// Which completion the pod works on; none where it does not say.
std::optional<int32_t> index_of_pod(const Object& pod);

/// The first rule of the job's success policy that these completed indexes meet; none without one.
std::optional<int> success_rule(const ::k8s::io::api::batch::v1::Job& job, const std::set<int32_t>& completed);

}  // namespace kabuki::controllers

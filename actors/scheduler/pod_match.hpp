#pragma once

#include <map>
#include <string>
#include <string_view>

#include "actors/scheduler/labels.hpp"
#include "actors/scheduler/pod_demand.hpp"

namespace kabuki::scheduler {

/// Whether a selector of a pod with `own` labels chooses a pod with `others`.
bool selects(const PodSelector& selector, const Labels& own, const Labels& others);

/// Whether a term of a pod in namespace `ns` with `own` labels is about a pod in `other_ns` with `others`.
/// `namespaces` has the labels of namespaces.
bool is_about(const PodTerm& term, std::string_view ns, const Labels& own, std::string_view other_ns,
              const Labels& others, const std::map<std::string, Labels>& namespaces);

}  // namespace kabuki::scheduler

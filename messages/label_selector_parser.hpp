#pragma once

#include <string_view>
#include <vector>

#include "messages/selectors.hpp"

namespace kabuki {

/// Reads `a=b,c!=d,e in (f,g),!h,i,j>1` in the order of the text. Error: BadRequest in Kubernetes' words.
Result<std::vector<LabelSelector::Requirement>> parse_label_requirements(std::string_view text);

/// Whether key and values may stand in a selector at all. Error: BadRequest in Kubernetes' words.
Result<> check_label_requirement(const LabelSelector::Requirement& requirement);

}  // namespace kabuki

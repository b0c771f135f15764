#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kabuki::scheduler {

/// Labels, sorted by key.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Null where there is no such label.
inline const std::string* find_label(const Labels& labels, std::string_view key) {
  const auto it = std::lower_bound(labels.begin(), labels.end(), key,
                                   [](const auto& label, std::string_view wanted) { return label.first < wanted; });
  return it != labels.end() && it->first == key ? &it->second : nullptr;
}

}  // namespace kabuki::scheduler

#include "actors/controllers/job_indexes.hpp"

#include <algorithm>
#include <charconv>

#include "actors/controllers/owned_pods.hpp"

namespace kabuki::controllers {
namespace {

std::optional<int32_t> number(std::string_view text) {
  int32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 ? std::optional(value) : std::nullopt;
}

}  // namespace

std::set<int32_t> parse_indexes(std::string_view text, int32_t end) {
  std::set<int32_t> indexes;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view one = text.substr(0, comma);
    const size_t dash = one.find('-');
    const auto first = number(one.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(one.substr(dash + 1));
    for (int32_t i = first.value_or(0); first && last && i <= *last && i < end; ++i) indexes.insert(i);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return indexes;
}

std::string format_indexes(const std::set<int32_t>& indexes) {
  std::string text;
  for (auto it = indexes.begin(); it != indexes.end();) {
    const int32_t first = *it;
    int32_t last = first;
    while (++it != indexes.end() && *it == last + 1) last = *it;
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    if (last > first) text.append(last == first + 1 ? "," : "-").append(std::to_string(last));
  }
  return text;
}

std::optional<int32_t> index_of_pod(const Object& pod) { return number(annotation_of(pod, kCompletionIndex)); }

std::optional<int> success_rule(const ::k8s::io::api::batch::v1::Job& job, const std::set<int32_t>& completed) {
  const auto& policy = job.spec().successpolicy();
  for (int i = 0; i < policy.rules_size(); ++i) {
    const auto& rule = policy.rules(i);
    std::set<int32_t> wanted;
    if (rule.has_succeededindexes()) wanted = parse_indexes(rule.succeededindexes(), job.spec().completions());
    const auto done = std::count_if(completed.begin(), completed.end(), [&](int32_t index) {
      return !rule.has_succeededindexes() || wanted.contains(index);
    });
    const auto needed = rule.has_succeededcount() ? rule.succeededcount() : static_cast<int32_t>(wanted.size());
    if (needed > 0 && done >= needed) return i;
  }
  return std::nullopt;
}

}  // namespace kabuki::controllers

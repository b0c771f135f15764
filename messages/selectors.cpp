#include "messages/selectors.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "messages/api/meta/v1/selector.pb.h"
#include "messages/field_scan.hpp"
#include "messages/json.hpp"
#include "messages/label_selector_parser.hpp"
#include "messages/status.hpp"

namespace kabuki {
namespace {

using Requirement = LabelSelector::Requirement;
using Operator = LabelSelector::Operator;

std::optional<int64_t> read_integer(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// `label` is null when the object has none of that key.
bool satisfies(const Requirement& requirement, const std::string_view* label) {
  auto listed = [&] {
    return std::binary_search(requirement.values.begin(), requirement.values.end(), *label, std::less<>());
  };
  switch (requirement.op) {
    case Operator::in:
      return label && listed();
    case Operator::not_in:
      return !label || !listed();
    case Operator::exists:
      return label != nullptr;
    case Operator::does_not_exist:
      return label == nullptr;
    case Operator::greater:
    case Operator::less:
      break;
  }
  auto value = label ? read_integer(*label) : std::nullopt;
  auto bound = read_integer(requirement.values.front());
  if (!value || !bound) return false;
  return requirement.op == Operator::greater ? *value > *bound : *value < *bound;
}

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    if (&value != &values.front()) text += ",";
    text += value;
  }
  return text;
}

std::string requirement_text(const Requirement& requirement) {
  switch (requirement.op) {
    case Operator::exists:
      return requirement.key;
    case Operator::does_not_exist:
      return "!" + requirement.key;
    case Operator::greater:
      return requirement.key + ">" + requirement.values.front();
    case Operator::less:
      return requirement.key + "<" + requirement.values.front();
    case Operator::in:
      if (requirement.values.size() == 1) return requirement.key + "=" + requirement.values.front();
      return requirement.key + " in (" + joined(requirement.values) + ")";
    case Operator::not_in:
      if (requirement.values.size() == 1) return requirement.key + "!=" + requirement.values.front();
      return requirement.key + " notin (" + joined(requirement.values) + ")";
  }
  return {};
}

void sort_by_key(std::vector<Requirement>* requirements) {
  std::stable_sort(requirements->begin(), requirements->end(),
                   [](const Requirement& a, const Requirement& b) { return a.key < b.key; });
}

void sort_values(std::vector<std::string>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

}  // namespace

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  auto requirements = parse_label_requirements(text);
  if (!requirements) return requirements.error();
  LabelSelector selector;
  selector.requirements_ = std::move(*requirements);
  sort_by_key(&selector.requirements_);
  return selector;
}

Result<LabelSelector> LabelSelector::from_message(const LabelSelectorMessage& message) {
  LabelSelector selector;
  for (const auto& [key, value] : message.matchlabels()) {
    selector.requirements_.push_back({key, Operator::in, {value}});
  }
  // A Protobuf map has no order of its own.
  sort_by_key(&selector.requirements_);
  for (const auto& expression : message.matchexpressions()) {
    static constexpr std::pair<std::string_view, Operator> kOperators[] = {
        {"In", Operator::in},
        {"NotIn", Operator::not_in},
        {"Exists", Operator::exists},
        {"DoesNotExist", Operator::does_not_exist}};
    auto op = std::find_if(std::begin(kOperators), std::end(kOperators),
                           [&](const auto& known) { return known.first == expression.operator_(); });
    if (op == std::end(kOperators)) {
      std::string quoted;
      append_json_string(expression.operator_(), &quoted);
      return bad_request(quoted + " is not a valid label selector operator");
    }
    selector.requirements_.push_back(
        {expression.key(), op->second, {expression.values().begin(), expression.values().end()}});
    sort_values(&selector.requirements_.back().values);
  }
  for (const Requirement& requirement : selector.requirements_) {
    if (auto sound = check_label_requirement(requirement); !sound) return sound.error();
  }
  sort_by_key(&selector.requirements_);
  return selector;
}

bool LabelSelector::matches(const std::function<const std::string*(std::string_view)>& get) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& requirement) {
    const std::string* label = get(requirement.key);
    std::string_view view = label ? std::string_view(*label) : std::string_view();
    return satisfies(requirement, label ? &view : nullptr);
  });
}

bool LabelSelector::matches_object(const Object& object) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& requirement) {
    std::optional<std::string_view> label;
    scan_string_map(object.body(), paths::kLabels, [&](std::string_view key, std::string_view value) {
      if (key == requirement.key) label = value;
      return !label;
    });
    return satisfies(requirement, label ? &*label : nullptr);
  });
}

std::string LabelSelector::text() const {
  std::string text;
  for (const Requirement& requirement : requirements_) {
    if (!text.empty()) text += ",";
    text += requirement_text(requirement);
  }
  return text;
}

}  // namespace kabuki

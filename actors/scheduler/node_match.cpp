#include "actors/scheduler/node_match.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace kabuki::scheduler {
namespace {

std::string_view effect_name(Taint::Effect effect) {
  switch (effect) {
    case Taint::Effect::no_schedule:
      return "NoSchedule";
    case Taint::Effect::prefer_no_schedule:
      return "PreferNoSchedule";
    case Taint::Effect::no_execute:
      return "NoExecute";
  }
  return "";
}

std::optional<int64_t> integer(const std::string& text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool holds(const NodeRequirement& requirement, const std::string* actual) {
  using Operator = NodeRequirement::Operator;
  auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), *actual) != requirement.values.end();
  };
  switch (requirement.op) {
    case Operator::in:
      return actual && listed();
    case Operator::not_in:
      return !actual || !listed();
    case Operator::exists:
      return actual != nullptr;
    case Operator::does_not_exist:
      return actual == nullptr;
    case Operator::greater:
    case Operator::less: {
      if (!actual || requirement.values.size() != 1) return false;
      const auto have = integer(*actual);
      const auto bound = integer(requirement.values[0]);
      if (!have || !bound) return false;
      return requirement.op == Operator::greater ? *have > *bound : *have < *bound;
    }
  }
  return false;
}

}  // namespace

bool tolerated(const PodDemand& demand, const Taint& taint) {
  return std::any_of(demand.tolerations.begin(), demand.tolerations.end(),
                     [&](const Toleration& toleration) { return tolerates(toleration, taint); });
}

bool holds(const NodeTerm& term, const std::string& name, const Labels& labels) {
  if (term.labels.empty() && term.fields.empty()) return false;
  for (const auto& requirement : term.labels) {
    if (!holds(requirement, find_label(labels, requirement.key))) return false;
  }
  for (const auto& requirement : term.fields) {
    if (!holds(requirement, requirement.key == "metadata.name" ? &name : nullptr)) return false;
  }
  return true;
}

bool tolerates(const Toleration& toleration, const Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != effect_name(taint.effect)) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  return toleration.exists || toleration.value == taint.value;
}

bool selects(const PodDemand& demand, const std::string& name, const Labels& labels) {
  for (const auto& [key, value] : demand.node_selector) {
    const std::string* actual = find_label(labels, key);
    if (!actual || *actual != value) return false;
  }
  if (!demand.has_affinity) return true;
  return std::any_of(demand.affinity.begin(), demand.affinity.end(),
                     [&](const NodeTerm& term) { return holds(term, name, labels); });
}

}  // namespace kabuki::scheduler

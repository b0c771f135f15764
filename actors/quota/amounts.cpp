#include "actors/quota/amounts.hpp"

#include <algorithm>

#include "messages/api/core/v1/pod_template.pb.h"

namespace kabuki::quota {
namespace {

namespace core = ::k8s::io::api::core::v1;

void raise_to(Amounts* to, const Amounts& other) {
  for (const auto& [resource, amount] : other) {
    auto [it, fresh] = to->try_emplace(resource, amount);
    if (!fresh && it->second < amount) it->second = amount;
  }
}

using Part = const QuantityMap& (core::ResourceRequirements::*)() const;

Amounts total(const core::PodSpec& spec, Part part) {
  Amounts running, sidecars, starting;
  for (const auto& container : spec.containers()) add_to(&running, read_amounts((container.resources().*part)()));
  for (const auto& container : spec.initcontainers()) {
    Amounts one = read_amounts((container.resources().*part)());
    if (container.restartpolicy() == "Always") {
      add_to(&running, one);
      add_to(&sidecars, one);
      raise_to(&starting, sidecars);
    } else {
      add_to(&one, sidecars);
      raise_to(&starting, one);
    }
  }
  raise_to(&running, starting);
  if (spec.has_resources()) {
    for (const auto& [resource, amount] : read_amounts((spec.resources().*part)())) running[resource] = amount;
  }
  return running;
}

}  // namespace

Amounts read_amounts(const QuantityMap& map) {
  Amounts amounts;
  for (const auto& [resource, text] : map) {
    if (auto quantity = Quantity::parse(text.string()); quantity) amounts.emplace(resource, *quantity);
  }
  return amounts;
}

void write_amounts(const Amounts& amounts, QuantityMap* map) {
  map->clear();
  for (const auto& [resource, amount] : amounts) (*map)[resource].set_string(amount.text());
}

void add_to(Amounts* sum, const Amounts& more) {
  for (const auto& [resource, amount] : more) {
    auto [it, fresh] = sum->try_emplace(resource, amount);
    if (!fresh) it->second.add(amount);
  }
}

void take_from(Amounts* sum, const Amounts& less) {
  for (const auto& [resource, amount] : less) {
    auto it = sum->find(resource);
    if (it == sum->end()) continue;
    it->second.subtract(amount);
    if (it->second.sign() < 0) it->second = Quantity::of_value(0, it->second.format());
  }
}

Amounts masked(const Amounts& amounts, const Amounts& names) {
  Amounts out;
  for (const auto& [resource, amount] : amounts) {
    if (names.contains(resource)) out.emplace(resource, amount);
  }
  return out;
}

std::string text_of(const Amounts& amounts) {
  std::string text;
  for (const auto& [resource, amount] : amounts) {
    if (!text.empty()) text += ',';
    text.append(resource).append("=").append(amount.text());
  }
  return text;
}

Amounts pod_requests(const core::PodSpec& spec) {
  Amounts requests = total(spec, &core::ResourceRequirements::requests);
  add_to(&requests, read_amounts(spec.overhead()));
  return requests;
}

Amounts pod_limits(const core::PodSpec& spec) {
  Amounts limits = total(spec, &core::ResourceRequirements::limits);
  add_to(&limits, masked(read_amounts(spec.overhead()), limits));
  return limits;
}

}  // namespace kabuki::quota

#include "actors/controllers/rollout.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "messages/api/util/intstr.pb.h"
#include "messages/int_or_string.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;

template <class Number>
std::optional<Number> number_annotation(const apps::ReplicaSet& set, const char* name) {
  const auto& all = set.metadata().annotations();
  auto it = all.find(name);
  if (it == all.end()) return std::nullopt;
  Number value = 0;
  const char* end = it->second.data() + it->second.size();
  auto [at, error] = std::from_chars(it->second.data(), end, value);
  return error == std::errc() && at == end ? std::optional(value) : std::nullopt;
}

int32_t scaled_or(const IntOrStringMessage& value, int32_t total, Rounding rounding) {
  auto scaled = scaled_value(value, total, rounding);
  return scaled.ok() ? *scaled : 0;
}

bool by_size_then_age(const RolloutSet* a, const RolloutSet* b, bool newer_first) {
  if (a->replicas() != b->replicas()) return a->replicas() > b->replicas();
  const int64_t x = a->set.metadata().creationtimestamp().seconds();
  const int64_t y = b->set.metadata().creationtimestamp().seconds();
  if (x != y) return newer_first ? x > y : x < y;
  return a->set.metadata().name() < b->set.metadata().name();
}

}  // namespace

int64_t revision_of(const apps::ReplicaSet& set) {
  return number_annotation<int64_t>(set, annotations::kRevision).value_or(0);
}

Rollout::Rollout(const Deployment& deployment, std::vector<RolloutSet> sets, int newest)
    : deployment_(deployment),
      sets_(std::move(sets)),
      newest_(newest),
      desired_(deployment.spec().has_replicas() ? deployment.spec().replicas() : 1) {
  if (!rolling()) return;
  const auto& update = deployment.spec().strategy().rollingupdate();
  const auto quarter = string_value("25%");
  max_surge_ = scaled_or(update.has_maxsurge() ? update.maxsurge() : quarter, desired_, Rounding::up);
  max_unavailable_ =
      scaled_or(update.has_maxunavailable() ? update.maxunavailable() : quarter, desired_, Rounding::down);
  // With neither allowed the rollout could never move.
  if (max_surge_ == 0 && max_unavailable_ == 0) max_unavailable_ = 1;
  max_unavailable_ = std::min(max_unavailable_, desired_);
}

bool Rollout::rolling() const { return deployment_.spec().strategy().type() != "Recreate"; }

std::vector<RolloutSet*> Rollout::old() {
  std::vector<RolloutSet*> old;
  for (size_t i = 0; i < sets_.size(); ++i) {
    if (static_cast<int>(i) != newest_) old.push_back(&sets_[i]);
  }
  return old;
}

int32_t Rollout::total_replicas() const {
  int32_t total = 0;
  for (const RolloutSet& set : sets_) total += set.replicas();
  return total;
}

bool Rollout::resize(RolloutSet* set, int32_t replicas) {
  auto& notes = *set->set.mutable_metadata()->mutable_annotations();
  notes[annotations::kDesiredReplicas] = std::to_string(desired_);
  notes[annotations::kMaxReplicas] = std::to_string(desired_ + max_surge_);
  const bool changed = set->replicas() != replicas;
  set->set.mutable_spec()->set_replicas(replicas);
  return changed;
}

int32_t Rollout::newest_allowance() const {
  if (!rolling()) return desired_;
  const int32_t have = newest() ? newest()->replicas() : 0;
  // Kubernetes counts what sets shall have; what they still have counts here too, so that the surge is never
  // exceeded.
  int32_t room = desired_ + max_surge_;
  for (const RolloutSet& set : sets_) room -= std::max(set.replicas(), set.set.status().replicas());
  return room <= 0 ? have : have + std::min(room, desired_ - have);
}

RolloutSet& Rollout::add_newest(apps::ReplicaSet set) {
  set.mutable_spec()->set_replicas(0);
  sets_.push_back({nullptr, std::move(set)});
  newest_ = static_cast<int>(sets_.size()) - 1;
  resize(newest(), newest_allowance());
  return *newest();
}

bool Rollout::was_scaled() const {
  return std::any_of(sets_.begin(), sets_.end(), [this](const RolloutSet& set) {
    if (set.replicas() == 0) return false;
    const auto desired = number_annotation<int32_t>(set.set, annotations::kDesiredReplicas);
    return desired && *desired != desired_;
  });
}

void Rollout::scale() {
  std::vector<RolloutSet*> active;
  for (RolloutSet& set : sets_) {
    if (set.replicas() > 0) active.push_back(&set);
  }
  if (active.size() <= 1) {
    RolloutSet* only = !active.empty() ? active[0] : newest() ? newest() : sets_.empty() ? nullptr : &sets_.back();
    // Nor does a pause let pods of two templates live at once.
    const bool waits = only && !rolling() && desired_ > only->replicas() && pods_remain_beside(only);
    if (only && !waits) resize(only, desired_);
    return;
  }
  RolloutSet* fresh = newest();
  const bool saturated = fresh && fresh->replicas() == desired_ && fresh->available() == desired_ &&
                         number_annotation<int32_t>(fresh->set, annotations::kDesiredReplicas) == desired_;
  if (saturated) {
    stop_old();
  } else if (rolling()) {
    scale_in_proportion();
  }
}

int32_t Rollout::share(const RolloutSet& set, int32_t to_add, int32_t added) const {
  if (set.replicas() == 0 || to_add == 0 || to_add == added) return 0;
  int32_t fraction = -set.replicas();
  if (desired_ > 0) {
    const int32_t before =
        number_annotation<int32_t>(set.set, annotations::kMaxReplicas).value_or(deployment_.status().replicas());
    if (before == 0) return 0;
    const double size = static_cast<double>(set.replicas()) * (desired_ + max_surge_) / before;
    fraction = static_cast<int32_t>(std::lround(size)) - set.replicas();
  }
  const int32_t allowed = to_add - added;
  return to_add > 0 ? std::min(fraction, allowed) : std::max(fraction, allowed);
}

void Rollout::scale_in_proportion() {
  std::vector<RolloutSet*> active;
  for (RolloutSet& set : sets_) {
    if (set.replicas() > 0) active.push_back(&set);
  }
  const int32_t allowed = desired_ > 0 ? desired_ + max_surge_ : 0;
  const int32_t to_add = allowed - total_replicas();
  std::sort(active.begin(), active.end(),
            [&](const RolloutSet* a, const RolloutSet* b) { return by_size_then_age(a, b, to_add > 0); });
  std::vector<int32_t> sizes;
  int32_t added = 0;
  for (RolloutSet* set : active) {
    const int32_t part = share(*set, to_add, added);
    sizes.push_back(set->replicas() + part);
    added += part;
  }
  // What rounding left over goes to the largest.
  if (!sizes.empty()) sizes[0] = std::max(0, sizes[0] + to_add - added);
  for (size_t i = 0; i < active.size(); ++i) resize(active[i], sizes[i]);
}

bool Rollout::step_up() {
  RolloutSet* fresh = newest();
  if (!fresh || fresh->replicas() == desired_) return false;
  return resize(fresh, fresh->replicas() > desired_ ? desired_ : newest_allowance());
}

bool Rollout::step_down() {
  int32_t old_pods = 0;
  for (const RolloutSet* set : old()) old_pods += set->replicas();
  if (old_pods == 0) return false;
  const RolloutSet* fresh = newest();
  const int32_t fresh_unavailable = fresh ? fresh->replicas() - fresh->available() : 0;
  const int32_t most = total_replicas() - min_available() - fresh_unavailable;
  if (most <= 0) return false;
  const int32_t cleaned = clean_unhealthy(most);
  return cleaned + scale_down_old() > 0;
}

int32_t Rollout::clean_unhealthy(int32_t most) {
  int32_t total = 0;
  for (RolloutSet* set : old()) {
    if (total >= most) break;
    if (set->replicas() == 0 || set->replicas() == set->available()) continue;
    const int32_t down = std::min(most - total, set->replicas() - set->available());
    // More may be available than asked for while the set itself is being scaled down.
    if (down <= 0) continue;
    resize(set, set->replicas() - down);
    total += down;
  }
  return total;
}

int32_t Rollout::scale_down_old() {
  int32_t available = 0;
  // A set that is being scaled down still reports pods that are about to go: counting those would break the bound.
  for (const RolloutSet& set : sets_) available += std::min(set.available(), set.replicas());
  const int32_t most = available - min_available();
  int32_t total = 0;
  for (RolloutSet* set : old()) {
    if (total >= most) break;
    if (set->replicas() == 0) continue;
    const int32_t down = std::min(set->replicas(), most - total);
    resize(set, set->replicas() - down);
    total += down;
  }
  return total;
}

bool Rollout::stop_old() {
  bool changed = false;
  for (RolloutSet* set : old()) {
    if (set->replicas() > 0) changed |= resize(set, 0);
  }
  return changed;
}

bool Rollout::pods_remain_beside(const RolloutSet* except) const {
  return std::any_of(sets_.begin(), sets_.end(), [except](const RolloutSet& set) {
    if (&set == except) return false;
    const auto& status = set.set.status();
    // One that has not seen yet that it is stopped may still make pods, and has not told of its latest.
    const bool told = status.observedgeneration() >= set.set.metadata().generation();
    return !told || status.replicas() + status.terminatingreplicas() > 0;
  });
}

std::vector<const RolloutSet*> Rollout::beyond_history() const {
  std::vector<const RolloutSet*> old;
  for (size_t i = 0; i < sets_.size(); ++i) {
    if (static_cast<int>(i) != newest_ && !sets_[i].set.metadata().has_deletiontimestamp()) old.push_back(&sets_[i]);
  }
  const auto& spec = deployment_.spec();
  const size_t limit = spec.has_revisionhistorylimit() ? static_cast<size_t>(spec.revisionhistorylimit()) : 10;
  if (old.size() <= limit) return {};
  std::stable_sort(old.begin(), old.end(),
                   [](const auto* a, const auto* b) { return revision_of(a->set) < revision_of(b->set); });
  old.resize(old.size() - limit);
  std::erase_if(old, [](const RolloutSet* set) {
    const auto& status = set->set.status();
    return status.replicas() != 0 || set->replicas() != 0 ||
           set->set.metadata().generation() > status.observedgeneration();
  });
  return old;
}

}  // namespace kabuki::controllers

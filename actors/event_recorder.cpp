#include "actors/event_recorder.hpp"

#include <algorithm>
#include <cstdio>

#include "messages/api/core/v1/event.pb.h"
#include "messages/time_format.hpp"

namespace kabuki::actors {
namespace {

namespace core = ::k8s::io::api::core::v1;

// client-go's EventCorrelator: maxLruCacheEntries, defaultSpamBurst, defaultSpamQPS.
constexpr size_t kRemembered = 4096;
constexpr double kBurst = 25;
constexpr double kRefillPerSecond = 1.0 / 300;
// Beyond this, what has not been sent is dropped: events are advice, and must not fill the memory.
constexpr size_t kMaxWaiting = 20'000;

void set_time(io::WallTime now, ::k8s::io::apimachinery::pkg::apis::meta::v1::Time* time) {
  time->set_seconds(now.seconds());
}

}  // namespace

Write event_write(const EventNote& note, const std::string& component, const std::string& host, io::WallTime now,
                  uint64_t sequence) {
  core::Event event;
  char suffix[20];
  std::snprintf(suffix, sizeof suffix, "%llx", static_cast<unsigned long long>(now.ns) + sequence);
  auto* meta = event.mutable_metadata();
  meta->set_name(note.about.name + "." + suffix);
  meta->set_namespace_(note.about.ns.empty() ? "default" : note.about.ns);
  const Kind& kind = kind_of(note.about.kind);
  auto* about = event.mutable_involvedobject();
  about->set_kind(kind.kind);
  about->set_apiversion(kind.api_version());
  about->set_namespace_(note.about.ns);
  about->set_name(note.about.name);
  about->set_uid(note.uid);
  event.set_reason(note.reason);
  event.set_message(note.message);
  event.set_type(note.type);
  event.set_count(1);
  event.mutable_source()->set_component(component);
  event.mutable_source()->set_host(host);
  event.set_reportingcomponent(component);
  event.set_reportinginstance(host);
  set_time(now, event.mutable_firsttimestamp());
  set_time(now, event.mutable_lasttimestamp());
  return Write::create(kinds::kEvent, event);
}

bool EventRecorder::within_budget(const std::string& uid, io::WallTime now) {
  auto it = budgets_.find(uid);
  if (it == budgets_.end()) {
    if (budgets_.size() >= kRemembered) {
      budgets_.erase(budgets_by_age_.front());
      budgets_by_age_.pop_front();
    }
    budgets_by_age_.push_back(uid);
    it = budgets_.emplace(uid, Budget{kBurst, now, std::prev(budgets_by_age_.end())}).first;
  }
  Budget& budget = it->second;
  const double passed = std::max(0.0, static_cast<double>(now.ns - budget.at.ns) / 1e9);
  budget.tokens = std::min(kBurst, budget.tokens + passed * kRefillPerSecond);
  budget.at = now;
  budgets_by_age_.splice(budgets_by_age_.end(), budgets_by_age_, budget.age);
  if (budget.tokens < 1) return false;
  budget.tokens -= 1;
  return true;
}

void EventRecorder::record(const EventNote& note, io::WallTime now) {
  if (!within_budget(note.uid, now) || pending_.size() >= kMaxWaiting) {
    ++silenced_;
    return;
  }
  Similar similar{note.uid, note.reason, note.message};
  auto it = seen_.find(similar);
  if (it == seen_.end()) {
    if (seen_.size() >= kRemembered) {
      seen_.erase(seen_by_age_.front());
      seen_by_age_.pop_front();
    }
    Write create = event_write(note, component_, host_, now, sequence_++);
    seen_by_age_.push_back(similar);
    seen_.emplace(similar, Seen{create.key, 1, std::prev(seen_by_age_.end())});
    pending_.push_back(std::move(create));
    return;
  }
  Seen& seen = it->second;
  seen_by_age_.splice(seen_by_age_.end(), seen_by_age_, seen.age);
  ++seen.count;
  Write patch = Write::merge_patch(
      seen.event, "",
      "{\"count\":" + std::to_string(seen.count) + ",\"lastTimestamp\":\"" + format_time(now.seconds()) + "\"}");
  auto [position, fresh] = pending_patches_.emplace(seen.event, pending_.size());
  if (fresh) {
    pending_.push_back(std::move(patch));
  } else {
    pending_[position->second] = std::move(patch);
  }
}

std::vector<Write> EventRecorder::take(size_t limit) {
  const size_t n = std::min(limit, pending_.size());
  std::vector<Write> due(std::make_move_iterator(pending_.begin()),
                         std::make_move_iterator(pending_.begin() + static_cast<std::ptrdiff_t>(n)));
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(n));
  std::erase_if(pending_patches_, [n](auto& entry) { return entry.second < n; });
  for (auto& [key, position] : pending_patches_) position -= n;
  return due;
}

void EventRecorder::forget(const Key& event) {
  std::erase_if(seen_, [&](const auto& entry) {
    if (entry.second.event != event) return false;
    seen_by_age_.erase(entry.second.age);
    return true;
  });
}

}  // namespace kabuki::actors

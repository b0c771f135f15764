#include "actors/leader_election/election.hpp"

#include <algorithm>

#include "messages/status.hpp"

namespace kabuki::leader_election {
namespace {

using ::k8s::io::apimachinery::pkg::apis::meta::v1::MicroTime;

/// How much later than its period a candidate may look again, as a part of it.
constexpr double kJitter = 0.2;
constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMicrosecond = 1000;  // what a Lease can say

io::WallTime wall_of(const MicroTime& time) { return {time.seconds() * kSecond + time.nanos()}; }

void put_time(io::WallTime wall, MicroTime* time) {
  const int64_t ns = wall.ns - wall.ns % kMicrosecond;
  time->set_seconds(ns / kSecond);
  time->set_nanos(static_cast<int32_t>(ns % kSecond));
}

}  // namespace

Result<> check(const ElectionOptions& options) {
  if (options.retry_period.count() <= 0) return bad_request("the retry period of elections must be more than 0");
  if (options.renew_deadline <= options.retry_period + options.retry_period / 5) {
    return bad_request("the renew deadline of elections must be more than 1.2 times the retry period");
  }
  if (options.lease_duration <= options.renew_deadline) {
    return bad_request("the lease duration of elections must be more than the renew deadline");
  }
  return {};
}

LeaseRecord record_of(const ::k8s::io::api::coordination::v1::Lease& lease) {
  const auto& spec = lease.spec();
  return {.holder = spec.holderidentity(),
          .duration = std::chrono::seconds(spec.leasedurationseconds()),
          .acquired = wall_of(spec.acquiretime()),
          .renewed = wall_of(spec.renewtime()),
          .term = static_cast<uint32_t>(std::max(0, spec.leasetransitions()))};
}

void put_record(const LeaseRecord& record, ::k8s::io::api::coordination::v1::Lease* lease) {
  auto* spec = lease->mutable_spec();
  spec->set_holderidentity(record.holder);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(record.duration).count();
  spec->set_leasedurationseconds(static_cast<int32_t>(std::max<int64_t>(1, seconds)));
  put_time(record.acquired, spec->mutable_acquiretime());
  put_time(record.renewed, spec->mutable_renewtime());
  spec->set_leasetransitions(static_cast<int32_t>(record.term));
}

void Election::seen(const std::optional<LeaseRecord>& record, uint64_t revision, io::MonoTime now) {
  if (revision != revision_) changed_at_ = now;
  revision_ = record ? revision : 0;
  record_ = record.value_or(LeaseRecord{});
  known_ = true;
  if (record) {
    last_term_ = std::max(last_term_, record->term);
    seen_ = true;
  }
  if (leading_ && (record_.holder != identity_ || record_.term != term_)) leading_ = false;
}

bool Election::is_free(io::MonoTime now) const {
  return record_.holder.empty() || record_.holder == identity_ || now >= changed_at_ + options_.lease_duration;
}

std::optional<Election::Write> Election::due(io::MonoTime now, io::WallTime wall) const {
  if (!known_) return std::nullopt;
  Write write{.record = record_, .expected_revision = revision_};
  write.record.duration = options_.lease_duration;
  write.record.renewed = wall;
  if (leads(now)) return write;
  if (!is_free(now)) return std::nullopt;
  write.record.holder = identity_;
  write.record.acquired = wall;
  write.record.term = seen_ ? last_term_ + 1 : 0;
  return write;
}

void Election::written(const Write& write, uint64_t revision, io::MonoTime sent) {
  if (!leading_ || term_ != write.record.term) began_ = revision;
  record_ = write.record;
  revision_ = revision;
  known_ = true;
  changed_at_ = sent;
  leading_ = record_.holder == identity_;
  renewed_at_ = sent;
  term_ = last_term_ = record_.term;
  seen_ = true;
}

std::optional<Election::Write> Election::release(io::MonoTime now, io::WallTime wall) const {
  if (!leads(now) || !known_) return std::nullopt;
  Write write{.record = record_, .expected_revision = revision_};
  write.record.holder.clear();
  write.record.renewed = wall;
  write.record.duration = std::chrono::seconds(1);
  return write;
}

io::MonoTime Election::next(io::MonoTime now, double jitter) const {
  if (leads(now)) return std::min(now + options_.retry_period, deadline());
  const double late = static_cast<double>(options_.retry_period.count()) * kJitter * jitter;
  const auto look = now + options_.retry_period + io::Duration(static_cast<int64_t>(late));
  // Not later than the Lease ends: so a dead leader costs its lease and no more.
  return std::min(look, std::max(now, changed_at_ + options_.lease_duration));
}

}  // namespace kabuki::leader_election

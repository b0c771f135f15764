#include "actors/quota/ledger.hpp"

#include <algorithm>
#include <charconv>

#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki::quota {
namespace {

// id,kind,name,uid,base revision,until[,resource=amount...], with ; between them: no name has a comma or semicolon.
constexpr size_t kFields = 6;

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(at), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <class Number>
bool read_number(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

std::string line_of(const Reservation& one) {
  std::string line = one.id + "," + std::to_string(one.key.kind) + "," + one.key.name + "," + one.uid + "," +
                     std::to_string(one.base_revision) + "," + std::to_string(one.until);
  for (const auto& [resource, amount] : one.amounts) line.append(",").append(resource + "=" + amount.text());
  return line;
}

}  // namespace

std::string write_reservations(const std::vector<Reservation>& reservations) {
  std::string text;
  for (const Reservation& one : reservations) text.append(text.empty() ? "" : ";").append(line_of(one));
  return text;
}

std::vector<Reservation> read_reservations(std::string_view text, std::string_view ns) {
  std::vector<Reservation> out;
  for (const std::string_view line : split(text, ';')) {
    const auto fields = split(line, ',');
    Reservation one;
    KindId kind = 0;
    if (fields.size() < kFields || !read_number(fields[1], &kind) || !read_number(fields[4], &one.base_revision) ||
        !read_number(fields[5], &one.until)) {
      continue;
    }
    one.id = fields[0];
    one.key = {kind, std::string(ns), std::string(fields[2])};
    one.uid = fields[3];
    for (size_t i = kFields; i < fields.size(); ++i) {
      const size_t equals = fields[i].find('=');
      if (equals == std::string_view::npos) continue;
      if (auto amount = Quantity::parse(fields[i].substr(equals + 1)); amount) {
        one.amounts.emplace(fields[i].substr(0, equals), *amount);
      }
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<Reservation> reservations_of(const ResourceQuota& quota) {
  const auto& annotations = quota.metadata().annotations();
  const auto it = annotations.find(kReservedAnnotation);
  if (it == annotations.end()) return {};
  return read_reservations(it->second, quota.metadata().namespace_());
}

void keep_reservations(const std::vector<Reservation>& reservations, ResourceQuota* quota) {
  auto& annotations = *quota->mutable_metadata()->mutable_annotations();
  annotations.erase(kReservedAnnotation);
  if (!reservations.empty()) annotations[kReservedAnnotation] = write_reservations(reservations);
}

void copy_reservations(const ResourceQuota& from, ResourceQuota* to) {
  auto& annotations = *to->mutable_metadata()->mutable_annotations();
  annotations.erase(kReservedAnnotation);
  const auto it = from.metadata().annotations().find(kReservedAnnotation);
  if (it != from.metadata().annotations().end()) annotations[kReservedAnnotation] = it->second;
}

Ledger::Ledger(const ObjectPtr& quota)
    : base_(quota), name_(quota->name()), quota_(std::make_shared<ResourceQuota>(quota->as<ResourceQuota>())) {
  hard_ = read_amounts(quota_->status().hard());
  used_ = read_amounts(quota_->status().used());
  reserved_ = reservations_of(*quota_);
}

bool Ledger::is_about(const Kind& kind, const google::protobuf::Message& object) const {
  return in_scopes(quota_->spec(), kind, object);
}

Result<Amounts> Ledger::check(const Kind& kind, const google::protobuf::Message& object, const Amounts& delta) const {
  const Amounts bounds = bounds_for(kind, hard_);
  if (bounds.empty() || !in_scopes(quota_->spec(), kind, object)) return Amounts();
  const std::string& name = meta_of(object).name();
  if (const std::string missing = unspecified(bounds, kind, object); !missing.empty()) {
    return forbidden(kind, name, "failed quota: " + name_ + ": must specify " + missing);
  }
  std::string unknown;
  for (const auto& [resource, bound] : bounds) {
    if (!used_.contains(resource)) unknown.append(unknown.empty() ? "" : ",").append(resource);
  }
  if (!unknown.empty()) {
    return forbidden(kind, name, "status unknown for quota: " + name_ + ", resources: " + unknown);
  }
  Amounts wanted, exceeded;
  for (const auto& [resource, amount] : masked(delta, bounds)) {
    if (amount.is_zero()) continue;
    wanted.emplace(resource, amount);
    Quantity total = used_.at(resource);
    total.add(amount);
    if (total > bounds.at(resource)) exceeded.emplace(resource, amount);
  }
  if (exceeded.empty()) return wanted;
  return forbidden(kind, name,
                   "exceeded quota: " + name_ + ", requested: " + text_of(exceeded) + ", used: " +
                       text_of(masked(used_, exceeded)) + ", limited: " + text_of(masked(hard_, exceeded)));
}

void Ledger::reserve(Reservation reservation) {
  add_to(&used_, reservation.amounts);
  reserved_.push_back(std::move(reservation));
  changed_ = true;
}

bool Ledger::release(std::string_view id) {
  auto it = std::find_if(reserved_.begin(), reserved_.end(), [&](const Reservation& one) { return one.id == id; });
  if (it == reserved_.end()) return false;
  take_from(&used_, it->amounts);
  reserved_.erase(it);
  changed_ = true;
  return true;
}

void Ledger::forget_expired(int64_t now_seconds) {
  // Not a change worth a write of its own.
  std::erase_if(reserved_, [&](const Reservation& one) { return one.until < now_seconds; });
}

ObjectPtr Ledger::encode() const {
  ResourceQuota quota = *quota_;
  quota.mutable_metadata()->clear_resourceversion();
  write_amounts(used_, quota.mutable_status()->mutable_used());
  keep_reservations(reserved_, &quota);
  return Object::encode(base_->kind(), quota);
}

}  // namespace kabuki::quota

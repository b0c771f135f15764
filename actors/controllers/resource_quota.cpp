#include "actors/controllers/resource_quota.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "actors/controllers/owners.hpp"
#include "actors/quota/ledger.hpp"
#include "messages/api/core/v1/resource_quota.pb.h"

namespace kabuki::controllers {
namespace {

using actors::Write;
using quota::Amounts;
using quota::Reservation;
using quota::ResourceQuota;

/// How long a pod that should have ended by now is given before it counts no more.
constexpr std::chrono::seconds kLookAgain{10};

/// Adds up what all objects of one kind take; whether any of them may take less by the mere passing of time.
bool count(const View& view, const Kind& kind, const ResourceQuota& quota, const Amounts& bounds, const Instant& now,
           Amounts* used) {
  bool ends = false;
  const std::unique_ptr<google::protobuf::Message> message(kind.make());
  for (const ObjectPtr& object : view.in_namespace(kind.id, quota.metadata().namespace_())) {
    if (!object->parse(message.get())) continue;
    if (!quota::in_scopes(quota.spec(), kind, *message)) continue;
    quota::add_to(used, quota::masked(quota::usage_of(kind, *message, now.wall), bounds));
    ends |= kind.id == kinds::kPod && is_being_deleted(*object);
  }
  return ends;
}

/// The views that were counted, and for which bounds: those that come later are counted on views that are as new.
Confirm confirm_of(const ResourceQuota& quota, const Amounts& used, std::set<KindId> kinds) {
  Confirm confirm{.kinds = std::move(kinds), .what = quota.metadata().uid()};
  for (const auto& [resource, amount] : used) confirm.what.append(",").append(resource);
  return confirm;
}

/// Bounds are in force before what they bound is counted: until then an API server refuses what they bound, rather
/// than to let it pass uncounted.
Plan close(const Object& object, ResourceQuota quota, const Amounts& hard) {
  const Amounts known = quota::read_amounts(quota.status().hard());
  const Amounts used = quota::masked(quota::masked(quota::read_amounts(quota.status().used()), known), hard);
  quota::write_amounts(hard, quota.mutable_status()->mutable_hard());
  quota::write_amounts(used, quota.mutable_status()->mutable_used());
  Plan plan;
  plan.add(Write::update_status(object, quota));
  return plan;
}

bool same(const Amounts& a, const Amounts& b) { return a == b && quota::text_of(a) == quota::text_of(b); }

}  // namespace

Plan reconcile_resource_quota(const View& view, const Key& key, const Instant& now) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object || is_being_deleted(*object)) return plan;
  auto quota = object->as<ResourceQuota>();
  const Amounts hard = quota::read_amounts(quota.spec().hard());

  Amounts used;
  std::set<KindId> counted;
  for (const Kind& kind : all_kinds()) {
    if (!quota::is_counted(kind)) continue;
    const Amounts bounds = quota::bounds_for(kind, hard);
    if (bounds.empty()) continue;
    counted.insert(kind.id);
    for (const auto& [resource, bound] : bounds) used.emplace(resource, Quantity::of_value(0, bound.format()));
    if (count(view, kind, quota, bounds, now, &used)) plan.again(kLookAgain);
  }
  const Amounts enforced = quota::read_amounts(quota.status().hard());
  const bool closed =
      std::all_of(used.begin(), used.end(), [&](const auto& entry) { return enforced.contains(entry.first); });
  if (!closed) return close(*object, std::move(quota), hard);

  plan.confirm = confirm_of(quota, used, std::move(counted));
  const auto reserved = quota::reservations_of(quota);
  std::vector<Reservation> under_way;
  for (const Reservation& one : reserved) {
    if (one.is_done(view.find(one.key).get()) || one.until < now.wall.seconds()) continue;
    quota::add_to(&used, quota::masked(one.amounts, hard));
    plan.again(std::chrono::seconds(one.until - now.wall.seconds() + 1));
    under_way.push_back(one);
  }

  const auto& status = quota.status();
  if (under_way == reserved && same(enforced, hard) && same(quota::read_amounts(status.used()), used)) {
    return plan;
  }
  quota::write_amounts(hard, quota.mutable_status()->mutable_hard());
  quota::write_amounts(used, quota.mutable_status()->mutable_used());
  quota::keep_reservations(under_way, &quota);
  plan.add(Write::update_status(*object, quota));
  return plan;
}

Controller resource_quota_controller() {
  Controller controller;
  controller.name = "resourcequota-controller";
  controller.watches = {kinds::kResourceQuota};
  controller.sleeps_without = 1;
  for (const Kind& kind : all_kinds()) {
    if (quota::is_counted(kind) && kind.id != kinds::kResourceQuota) controller.watches.push_back(kind.id);
  }
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    const Object& object = change.object();
    if (object.kind() == kinds::kResourceQuota) keys->push_back(object.key());
    // Only of these can one object come to take more or less than before.
    const bool varies = object.kind() == kinds::kPod || quota::can_grow(object.kind());
    if (!varies && change.before && change.after) return;
    for (const ObjectPtr& quota : view.in_namespace(kinds::kResourceQuota, object.ns()))
      keys->push_back(quota->key());
  };
  controller.reconcile = reconcile_resource_quota;
  return controller;
}

}  // namespace kabuki::controllers

#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Counts what the objects of a quota's namespace take, and records it with the bounds that are in force from then
/// on. A write under way counts too, from before it is done until the view shows its object (quota/ledger.hpp).
Plan reconcile_resource_quota(const View& view, const Key& quota, const Instant& now);

Controller resource_quota_controller();

}  // namespace kabuki::controllers

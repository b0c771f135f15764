#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "actors/controllers/controller.hpp"
#include "messages/selectors.hpp"

namespace kabuki::controllers {

/// Which dependents an owner has, and the writes that make it so.
struct Claim {
  std::vector<ObjectPtr> kept;  // controlled or being adopted, in the order of names
  std::vector<actors::Write> writes;
};

/// What Kubernetes' ControllerRefManager does: an object of `kind` that `owner` controls but its selector does not
/// match is released; one that nobody controls and that matches is adopted, unless it or the owner is being deleted
/// or it is a pod that is over. Without `may_change` only those controlled are returned, matching or not. `belongs`,
/// where given, must hold besides the selector.
Claim claim_dependents(const View& view, const Object& owner, KindId kind, const LabelSelector& selector,
                       bool may_change, const std::function<bool(const Object&)>& belongs = {});

/// spec.selector of a workload of any kind; none where it is unsound or empty.
std::optional<LabelSelector> selector_of(const Object& owner);

/// The owners of `owner_kind` that a changed dependent concerns: who controls it or did before, and, while nobody
/// controls it, everyone of its namespace whose selector matches it.
void concerned_by_dependent(const View& view, const Change& change, KindId owner_kind, std::vector<Key>* keys);

}  // namespace kabuki::controllers

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/controllers/plan.hpp"
#include "actors/controllers/view.hpp"
#include "messages/object.hpp"

namespace kabuki::controllers {

/// A change of one object as a view saw it: `before` is null when it came, `after` when it went.
struct Change {
  ObjectPtr before;
  ObjectPtr after;
  const Object& object() const { return after ? *after : *before; }
};

/// Everything that makes a controller; the rest is the same for all (controller_actor.hpp).
struct Controller {
  std::string name;
  std::vector<KindId> watches;
  unsigned indexes = 0;  // of View
  /// Which keys are to be reconciled because of a change, which the view shows already. Duplicates are fine.
  std::function<void(const View& view, const Change& change, std::vector<Key>* keys)> concerns;
  /// Returns what moves `key` one step towards where it should be. Pure: the same view and time give the same plan.
  std::function<Plan(const View& view, const Key& key, const Instant& now)> reconcile;
  /// Whether reconciling begins only once the views have reached what the store held at the start. Between views of
  /// several kinds one may lag behind another, and behind what the controller did before it was restarted.
  bool confirms_views = false;
  /// The first so many of `watches` tell whether there is anything to do: while none of their objects `occupies` the
  /// controller, it watches nothing else and reconciles nothing. 0: it never sleeps. Only for controllers to which
  /// nothing is left to do when those objects are gone.
  size_t sleeps_without = 0;
  /// Null: every object does.
  std::function<bool(const Object& object)> occupies;
  /// Reconciled once when the views are complete.
  std::vector<Key> at_start;
};

}  // namespace kabuki::controllers

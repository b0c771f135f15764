#include "actors/controllers/garbage_collector.hpp"

#include <algorithm>
#include <memory>

#include "actors/controllers/owners.hpp"
#include "messages/field_scan.hpp"
#include "messages/meta.hpp"

namespace kabuki::controllers {
namespace {

using actors::Write;

constexpr const char* kForeground = "foregroundDeletion";
constexpr const char* kOrphan = "orphan";
constexpr size_t kWritesPerPlan = 500;

std::unique_ptr<google::protobuf::Message> parse(const Object& object) {
  std::unique_ptr<google::protobuf::Message> message(kind_of(object.kind()).make());
  auto parsed = object.parse(message.get());
  assert(parsed.ok());
  return message;
}

Write without_finalizer(const Object& object, const char* finalizer) {
  auto message = parse(object);
  auto* all = mutable_meta(message.get())->mutable_finalizers();
  all->erase(std::remove(all->begin(), all->end(), finalizer), all->end());
  return Write::update(object, *message);
}

Write without_owners(const Object& object, const std::vector<std::string>& uids) {
  auto message = parse(object);
  for (const std::string& uid : uids) remove_owner(uid, mutable_meta(message.get()));
  return Write::update(object, *message);
}

bool blocks(const Object& dependent, std::string_view owner_uid) {
  const auto owners = owners_of(dependent);
  return std::any_of(owners.begin(), owners.end(),
                     [&](const Owner& owner) { return owner.uid == owner_uid && owner.blocks_deletion; });
}

/// Its dependents are freed; when the view shows none any more, so is the object itself.
Plan orphan_dependents(const View& view, const Object& object) {
  Plan plan;
  for (const ObjectPtr& dependent : view.owned_by(object.uid())) {
    if (plan.steps.size() == kWritesPerPlan) return plan;
    plan.add(without_owners(*dependent, {std::string(object.uid())}));
  }
  if (plan.empty()) plan.add(without_finalizer(object, kOrphan));
  return plan;
}

/// Waits for what blocks its deletion. Those dependents are deleted by their own keys.
Plan finish_foreground(const View& view, const Object& object) {
  Plan plan;
  for (const ObjectPtr& dependent : view.owned_by(object.uid())) {
    if (blocks(*dependent, object.uid())) return plan;
  }
  plan.add(without_finalizer(object, kForeground));
  return plan;
}

struct Owners {
  bool living = false;
  std::vector<std::string> waiting;  // uids: being deleted, for their dependents to go first
  std::vector<std::string> absent;   // uids: not in the view
  std::vector<Gone> to_confirm;
};

Owners classify(const View& view, const Object& object) {
  Owners owners;
  for (const Owner& owner : owners_of(object)) {
    const Key key = key_of(owner, object.ns());
    const ObjectPtr found = key.kind == 0 ? nullptr : view.find(key);
    if (key.kind == 0) {
      owners.living = true;
    } else if (!found || found->uid() != owner.uid) {
      owners.absent.emplace_back(owner.uid);
      owners.to_confirm.push_back({key, std::string(owner.uid)});
    } else if (is_being_deleted(*found) && has_finalizer(*found, kForeground)) {
      owners.waiting.emplace_back(owner.uid);
    } else {
      owners.living = true;
    }
  }
  return owners;
}

std::string propagation_of(const Object& object) {
  if (has_finalizer(object, kOrphan)) return "Orphan";
  return has_finalizer(object, kForeground) ? "Foreground" : "Background";
}

constexpr int kOwnersOf[] = {1, 13};

bool matters_to_itself(const Object& object) {
  return !scan_bytes(object.body(), kOwnersOf).empty() || is_being_deleted(object);
}

void add_owners(const Object& object, std::vector<Key>* keys) {
  for (const Owner& owner : owners_of(object)) {
    if (Key key = key_of(owner, object.ns()); key.kind != 0) keys->push_back(std::move(key));
  }
}

bool same_owners(const Object& a, const Object& b) {
  const auto x = owners_of(a), y = owners_of(b);
  return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](const Owner& one, const Owner& other) { return one.uid == other.uid; });
}

}  // namespace

Plan reconcile_garbage(const View& view, const Key& key) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object) return plan;
  if (is_being_deleted(*object)) {
    if (has_finalizer(*object, kOrphan)) return orphan_dependents(view, *object);
    if (has_finalizer(*object, kForeground)) return finish_foreground(view, *object);
    return plan;
  }
  Owners owners = classify(view, *object);
  if (owners.absent.empty() && owners.waiting.empty()) return plan;
  plan.only_if_gone = std::move(owners.to_confirm);
  if (owners.living) {
    std::vector<std::string> dead = std::move(owners.absent);
    dead.insert(dead.end(), owners.waiting.begin(), owners.waiting.end());
    plan.add(without_owners(*object, dead));
    return plan;
  }
  // An owner that waits in the foreground is to see all below gone too.
  const bool has_dependents = !owners.waiting.empty() && !view.owned_by(object->uid()).empty();
  plan.add(Write::remove(*object, has_dependents ? "Foreground" : propagation_of(*object)));
  return plan;
}

Controller garbage_collector() {
  Controller controller;
  controller.name = "generic-garbage-collector";
  for (const Kind& kind : all_kinds()) {
    if (kind.id != kinds::kEvent) controller.watches.push_back(kind.id);
  }
  controller.indexes = View::kOwners;
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    const Object& object = change.object();
    if (change.after && matters_to_itself(object)) {
      const bool news = !change.before || is_being_deleted(*change.before) != is_being_deleted(object) ||
                        !same_owners(*change.before, object) ||
                        (is_being_deleted(object) && change.before->revision() != object.revision());
      if (news) keys->push_back(object.key());
    }
    // Who loses a dependent may be waiting for just that.
    if (change.before && (!change.after || !same_owners(*change.before, *change.after))) {
      add_owners(*change.before, keys);
    }
    const bool ending = !change.after || (change.before && change.before->uid() != change.after->uid()) ||
                        (is_being_deleted(object) && (!change.before || !is_being_deleted(*change.before)));
    if (!ending) return;
    const std::string uid(change.before ? change.before->uid() : object.uid());
    for (const ObjectPtr& dependent : view.owned_by(uid)) keys->push_back(dependent->key());
  };
  controller.reconcile = [](const View& view, const Key& key, const Instant&) {
    return reconcile_garbage(view, key);
  };
  return controller;
}

}  // namespace kabuki::controllers

#include "actors/controllers/view.hpp"

#include "actors/controllers/owners.hpp"

namespace kabuki::controllers {
namespace {

const ObjectSet kNone;

std::string index_key(char what, KindId kind, std::string_view text) {
  std::string key(1, what);
  key += std::to_string(kind);
  key += ' ';
  return key.append(text);
}

}  // namespace

std::vector<std::string> View::index_keys(const Object& object) const {
  std::vector<std::string> keys;
  if (indexes_ & (kControllers | kOwners)) {
    const auto owners = owners_of(object);
    if (indexes_ & kControllers) {
      const Owner* controller = controller_in(owners);
      keys.push_back(controller ? index_key('c', object.kind(), controller->uid)
                                : index_key('u', object.kind(), object.ns()));
    }
    if (indexes_ & kOwners) {
      for (const Owner& owner : owners) keys.push_back(index_key('o', object.kind(), owner.uid));
    }
  }
  if ((indexes_ & kNodes) && object.kind() == kinds::kPod) {
    if (auto node = node_of_pod(object); !node.empty()) keys.push_back(index_key('n', object.kind(), node));
  }
  return keys;
}

void View::put(const ObjectPtr& object, io::MonoTime seen) {
  if (by_kind_.size() <= object->kind()) by_kind_.resize(object->kind() + 1u);
  const ObjectPtr old = replace_in(&by_kind_[object->kind()], object);
  auto keys = index_keys(*object);
  if (old) {
    for (const std::string& key : index_keys(*old)) {
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      auto it = index_.find(key);
      runtime::take_from(&it->second, runtime::ByName::of(old));
      if (it->second.empty()) index_.erase(it);
    }
    facts_.erase(old.get());
  }
  for (std::string& key : keys) replace_in(&index_[std::move(key)], object);
  if ((indexes_ & kPods) && object->kind() == kinds::kPod) facts_[object.get()] = facts_of_pod(*object);
  if (object->kind() == kinds::kLease) leases_[std::string(object->name())] = seen;
  if (object->kind() == kinds::kNode) nodes_.try_emplace(std::string(object->name()), seen);
}

void View::remove(const Key& key) {
  if (by_kind_.size() <= key.kind) return;
  const ObjectPtr old = runtime::take_from(&by_kind_[key.kind], {key.ns, key.name});
  if (!old) return;
  for (const std::string& name : index_keys(*old)) {
    auto it = index_.find(name);
    runtime::take_from(&it->second, runtime::ByName::of(old));
    if (it->second.empty()) index_.erase(it);
  }
  facts_.erase(old.get());
  refusals_.erase(key);
  // A lease that is deleted was renewed no less recently for that.
  if (key.kind != kinds::kNode) return;
  leases_.erase(key.name);
  nodes_.erase(key.name);
}

ObjectPtr View::find(const Key& key) const {
  const ObjectSet& set = all(key.kind);
  auto it = set.find(runtime::ByName::Name(key.ns, key.name));
  return it == set.end() ? nullptr : *it;
}

const ObjectSet& View::all(KindId kind) const { return kind < by_kind_.size() ? by_kind_[kind] : kNone; }

std::vector<ObjectPtr> View::in_namespace(KindId kind, std::string_view ns) const {
  const ObjectSet& set = all(kind);
  std::vector<ObjectPtr> found;
  for (auto it = set.lower_bound(runtime::ByName::Name(ns, "")); it != set.end() && (*it)->ns() == ns; ++it) {
    found.push_back(*it);
  }
  return found;
}

const ObjectSet& View::find_in(const Index_& index, const std::string& key) {
  auto it = index.find(key);
  return it == index.end() ? kNone : it->second;
}

const ObjectSet& View::controlled_by(std::string_view uid, KindId kind) const {
  return find_in(index_, index_key('c', kind, uid));
}

const ObjectSet& View::uncontrolled(std::string_view ns, KindId kind) const {
  return find_in(index_, index_key('u', kind, ns));
}

std::vector<ObjectPtr> View::owned_by(std::string_view uid) const {
  std::vector<ObjectPtr> found;
  for (const Kind& kind : all_kinds()) {
    const ObjectSet& set = find_in(index_, index_key('o', kind.id, uid));
    found.insert(found.end(), set.begin(), set.end());
  }
  return found;
}

const ObjectSet& View::pods_on(std::string_view node) const {
  return find_in(index_, index_key('n', kinds::kPod, node));
}

PodFacts View::facts(const ObjectPtr& pod) const {
  auto it = facts_.find(pod.get());
  return it == facts_.end() ? facts_of_pod(*pod) : it->second;
}

io::MonoTime View::lease_seen(const std::string& name) const {
  auto it = leases_.find(name);
  return it == leases_.end() ? io::MonoTime{INT64_MIN / 2} : it->second;
}

io::MonoTime View::node_seen(const std::string& name) const {
  auto it = nodes_.find(name);
  return it == nodes_.end() ? io::MonoTime{INT64_MIN / 2} : it->second;
}

const View::Refusal* View::refusal(const Key& key) const {
  auto it = refusals_.find(key);
  return it == refusals_.end() ? nullptr : &it->second;
}

void View::tell_refusal(const Key& key, const Refusal* refusal) {
  if (refusal && find(key)) {
    refusals_.insert_or_assign(key, *refusal);
  } else {
    refusals_.erase(key);
  }
}

}  // namespace kabuki::controllers

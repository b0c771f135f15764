#include "actors/api_server/write/admission/surroundings.hpp"

#include <algorithm>

#include "messages/kinds.hpp"

namespace kabuki::api_server {
namespace {

constexpr KindId kHeld[] = {kinds::kNamespace,     kinds::kServiceAccount, kinds::kLimitRange,  kinds::kResourceQuota,
                            kinds::kPriorityClass, kinds::kRuntimeClass,   kinds::kStorageClass};
const runtime::ObjectSet kNone;

}  // namespace

std::span<const KindId> Surroundings::kinds() { return kHeld; }

bool Surroundings::holds(KindId kind) {
  return std::find(std::begin(kHeld), std::end(kHeld), kind) != std::end(kHeld);
}

void Surroundings::put(const ObjectPtr& object, bool listed) {
  if (!removed_.empty()) {
    auto gone = removed_.find(object->key());
    if (gone != removed_.end()) {
      if (!listed && object->revision() <= gone->second) return;
      removed_.erase(gone);
    }
  }
  runtime::ObjectSet& set = objects_[object->kind()];
  auto known = set.find(runtime::ByName::of(object));
  if (!listed && known != set.end() && (*known)->revision() > object->revision()) return;
  runtime::replace_in(&set, object);
}

void Surroundings::remove(const Key& key, uint64_t revision, bool listed) {
  auto gone = removed_.find(key);
  if (gone != removed_.end() && (listed || gone->second <= revision)) removed_.erase(gone);
  runtime::ObjectSet& set = objects_[key.kind];
  auto known = set.find(runtime::ByName::Name(key.ns, key.name));
  if (known != set.end() && (listed || (*known)->revision() <= revision)) set.erase(known);
}

void Surroundings::remove_own(const Key& key, uint64_t revision) {
  runtime::ObjectSet& set = objects_[key.kind];
  auto known = set.find(runtime::ByName::Name(key.ns, key.name));
  if (known == set.end() || (*known)->revision() > revision) return;  // the watch was faster
  set.erase(known);
  removed_[key] = revision;
}

ObjectPtr Surroundings::find(const Key& key) const {
  const runtime::ObjectSet& set = all(key.kind);
  auto it = set.find(runtime::ByName::Name(key.ns, key.name));
  return it == set.end() ? nullptr : *it;
}

const runtime::ObjectSet& Surroundings::all(KindId kind) const {
  auto it = objects_.find(kind);
  return it == objects_.end() ? kNone : it->second;
}

std::vector<ObjectPtr> Surroundings::in_namespace(KindId kind, std::string_view ns) const {
  const runtime::ObjectSet& set = all(kind);
  std::vector<ObjectPtr> found;
  for (auto it = set.lower_bound(runtime::ByName::Name(ns, "")); it != set.end() && (*it)->ns() == ns; ++it) {
    found.push_back(*it);
  }
  return found;
}

bool Surroundings::any_in_namespace(KindId kind, std::string_view ns) const {
  const runtime::ObjectSet& set = all(kind);
  auto it = set.lower_bound(runtime::ByName::Name(ns, ""));
  return it != set.end() && (*it)->ns() == ns;
}

}  // namespace kabuki::api_server

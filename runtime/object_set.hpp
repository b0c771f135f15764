#pragma once

#include <absl/container/btree_set.h>
#include <string_view>
#include <utility>

#include "messages/object.hpp"

namespace kabuki::runtime {

/// Orders objects of one kind as lists do, by namespace and name; compares with a bare (namespace, name) too.
struct ByName {
  using is_transparent = void;
  using Name = std::pair<std::string_view, std::string_view>;
  static Name of(const ObjectPtr& object) { return {object->ns(), object->name()}; }
  static Name of(const Name& name) { return name; }
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return of(a) < of(b);
  }
};

/// Objects of one kind, one version of each, in the order of lists: 8 bytes and a little more an object.
using ObjectSet = absl::btree_set<ObjectPtr, ByName>;

/// Puts `object` in the place of the version that is there; returns that one, or null.
inline ObjectPtr replace_in(ObjectSet* set, ObjectPtr object) {
  auto [it, inserted] = set->insert(object);
  if (inserted) return nullptr;
  // Equal by name, so the order stays as it is.
  return std::exchange(const_cast<ObjectPtr&>(*it), std::move(object));
}

/// Takes the object of that name out and returns it, or null.
inline ObjectPtr take_from(ObjectSet* set, ByName::Name name) {
  auto it = set->find(name);
  if (it == set->end()) return nullptr;
  ObjectPtr object = *it;
  set->erase(it);
  return object;
}

}  // namespace kabuki::runtime

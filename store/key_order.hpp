#pragma once

#include <absl/container/btree_set.h>
#include <compare>
#include <functional>
#include <string_view>

#include "messages/object.hpp"

namespace kabuki::store {

/// A Key that owns nothing: what sets of objects are searched by.
struct KeyView {
  KindId kind = 0;
  std::string_view ns;
  std::string_view name;

  KeyView() = default;
  KeyView(KindId k, std::string_view s, std::string_view n) : kind(k), ns(s), name(n) {}
  KeyView(const Key& key) : kind(key.kind), ns(key.ns), name(key.name) {}                       // NOLINT: a view
  KeyView(const Object& object) : kind(object.kind()), ns(object.ns()), name(object.name()) {}  // NOLINT
  KeyView(const ObjectPtr& object) : KeyView(*object) {}                                        // NOLINT
  auto operator<=>(const KeyView&) const = default;
};

/// Orders objects as lists do. The key is read from the object itself, so an entry costs a pointer.
struct ByKey {
  using is_transparent = void;
  bool operator()(const KeyView& a, const KeyView& b) const { return a < b; }
};

/// Objects in list order, at most one per key.
using ObjectSet = absl::btree_set<ObjectPtr, ByKey>;

/// For hash sets of objects that are only looked up in, never iterated.
struct KeyHash {
  using is_transparent = void;
  size_t operator()(const KeyView& key) const {
    const std::hash<std::string_view> hash;
    return (hash(key.name) * 0x9E3779B97F4A7C15u + hash(key.ns)) * 0x9E3779B97F4A7C15u + key.kind;
  }
};
struct KeyEqual {
  using is_transparent = void;
  bool operator()(const KeyView& a, const KeyView& b) const { return a == b; }
};

}  // namespace kabuki::store

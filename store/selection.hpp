#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/object.hpp"
#include "messages/result.hpp"
#include "messages/selectors.hpp"

namespace kabuki::bus {
class Selection;
}

namespace kabuki::store {

inline constexpr std::string_view kOwnerField = "metadata.ownerReferences.uid";

/// The uids of the owners of `object`: views into it.
std::vector<std::string_view> owner_uids(const Object& object);

/// Which objects of a kind a list or a watch is about; "" is every namespace, every name.
struct Selection {
  KindId kind = 0;
  std::string ns;
  std::string name;
  LabelSelector labels;
  FieldSelector fields;
  /// Objects that have an owner with one of these uids; empty: whatever owners they have. Sorted, unique. On the bus
  /// it is a requirement on `kOwnerField`; over HTTP nobody asks for it.
  std::vector<std::string> owners;

  /// Reads the form of the bus. Error: BadRequest for an unknown kind, a bad selector, a field that cannot be
  /// selected on.
  static Result<Selection> from_bus(const bus::Selection& selection);

  bool matches(const Object& object) const;
  /// Whether only kind and namespace select, so that counts per namespace tell how many match.
  bool plain() const { return name.empty() && labels.empty() && fields.empty() && owners.empty(); }
  /// The same text for two selections exactly when they are written alike.
  std::string text() const;
};

}  // namespace kabuki::store

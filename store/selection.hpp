#pragma once

#include <string>
#include <vector>

#include "messages/object.hpp"
#include "messages/result.hpp"
#include "messages/selectors.hpp"

namespace kabuki::bus {
class Selection;
}

namespace kabuki::store {

/// Which objects of a kind a list or a watch is about; "" is every namespace, every name.
struct Selection {
  KindId kind = 0;
  std::string ns;
  std::string name;
  LabelSelector labels;
  FieldSelector fields;

  /// Reads the form of the bus. Error: BadRequest for an unknown kind, a bad selector, a field that cannot be
  /// selected on.
  static Result<Selection> from_bus(const bus::Selection& selection);

  bool matches(const Object& object) const;
  /// Whether only kind and namespace select, so that counts per namespace tell how many match.
  bool plain() const { return name.empty() && labels.empty() && fields.empty(); }
  /// The same text for two selections exactly when they are written alike.
  std::string text() const;
};

}  // namespace kabuki::store

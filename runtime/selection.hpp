#pragma once

#include <string>
#include <vector>

#include "messages/bus/types.pb.h"
#include "messages/object.hpp"
#include "messages/result.hpp"
#include "messages/selectors.hpp"

namespace kabuki::runtime {

/// Which objects of a kind a watch or a list speaks of: bus::Selection, parsed.
class Selection {
 public:
  /// Matches nothing; for members that are assigned later.
  Selection() = default;
  /// Error: BadRequest when the kind, a selector or a field is unknown.
  static Result<Selection> parse(const bus::Selection& selection);

  KindId kind() const { return kind_; }
  const std::string& ns() const { return ns_; }
  const std::string& name() const { return name_; }
  const FieldSelector& fields() const { return fields_; }
  bool matches(const Object& object) const;
  /// Whether everything that `other` matches is surely matched by this one. False when in doubt.
  bool contains(const Selection& other) const;
  /// Whether it matches every object of its kind.
  bool everything() const;
  /// The values that `field` may have, when it is selected on; null when it may have any.
  const std::vector<std::string>* values_of(const std::string& field) const;

 private:
  KindId kind_ = 0;
  std::string ns_;
  std::string name_;
  LabelSelector labels_;
  FieldSelector fields_;
};

}  // namespace kabuki::runtime

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "messages/result.hpp"
#include "store/selection.hpp"

namespace kabuki::store {

/// What a kind's objects are found by without looking at the others: the value of a field, the uids of their owners
/// (metadata.ownerReferences), the value of a label.
struct Index {
  enum class By { field, owner, label };
  KindId kind = 0;
  By by = By::field;
  std::string name;          // path of the field, key of the label
  std::vector<int> numbers;  // where the field stands in the body

  /// What `object` is found by: one value of a field (that is absent: ""), none or one of a label, any number of
  /// owners. Views into the object.
  std::vector<std::string_view> values(const Object& object) const;
  /// The values of which everything that `selection` matches has one; null where it does not select by this.
  const std::vector<std::string>* wanted(const Selection& selection) const;
  /// "pods by spec.nodeName", "pods by owner", "pods by label app"
  std::string text() const;
  bool operator==(const Index&) const = default;
};

/// By a text field that the kind offers to selectors; asserts that it does.
Index field_index(KindId kind, std::string_view field);
Index owner_index(KindId kind);
Index label_index(KindId kind, std::string key);
/// `RESOURCE=LABEL`, as `pods=app`. Error: BadRequest.
Result<Index> parse_label_index(std::string_view text);

/// Pods by spec.nodeName and by owner. In the order in which watches prefer them.
std::vector<Index> standard_indexes();

}  // namespace kabuki::store

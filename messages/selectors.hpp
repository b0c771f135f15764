#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "messages/result.hpp"

namespace k8s::io::apimachinery::pkg::apis::meta::v1 {
class LabelSelector;
}

namespace kabuki {

using LabelSelectorMessage = k8s::io::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// A conjunction of requirements on labels: what `?labelSelector=` and a LabelSelector message say.
class LabelSelector {
 public:
  enum class Operator { in, not_in, exists, does_not_exist, greater, less };
  struct Requirement {
    std::string key;
    Operator op = Operator::in;
    std::vector<std::string> values;  // sorted, unique
    bool operator==(const Requirement&) const = default;
  };

  /// Matches everything.
  LabelSelector() = default;
  /// Reads `a=b,c!=d,e in (f,g),!h,i`. Error: BadRequest that says where.
  static Result<LabelSelector> parse(std::string_view text);
  /// Reads the message form. An empty message matches everything; a null one is the caller's matter (nothing).
  static Result<LabelSelector> from_message(const LabelSelectorMessage& message);

  /// Looks labels up through `get`, which returns null for an absent one.
  bool matches(const std::function<const std::string*(std::string_view)>& get) const;
  /// Takes any map of strings: std::map or a Protobuf map.
  template <class Map>
  bool matches_map(const Map& labels) const {
    return matches([&](std::string_view key) -> const std::string* {
      auto it = labels.find(std::string(key));
      return it == labels.end() ? nullptr : &it->second;
    });
  }
  /// Reads the object's labels from its bytes.
  bool matches_object(const Object& object) const;

  bool empty() const { return requirements_.empty(); }
  const std::vector<Requirement>& requirements() const { return requirements_; }
  /// In the form that parse reads; requirements sorted by key.
  std::string text() const;

 private:
  std::vector<Requirement> requirements_;
};

/// A conjunction of `field=value` and `field!=value` over a kind's selectable fields, plus
/// (bus only) `field in (a b c)`, which is how one host watches the pods of its nodes.
class FieldSelector {
 public:
  enum class Type { text, boolean, integer };
  struct Requirement {
    std::string field;
    bool negated = false;
    std::vector<std::string> values;  // any of them; sorted, unique
    std::vector<int> numbers;         // where the field stands in the body
    Type type = Type::text;
    bool operator==(const Requirement&) const = default;
  };

  FieldSelector() = default;
  /// Reads `a=b,c!=d` (== too; values escape , = and \ by a backslash). A field the kind does not offer is BadRequest
  /// `field label not supported: X`.
  static Result<FieldSelector> parse(const Kind& kind, std::string_view text);
  /// `field` must be selectable in `kind`; matches objects whose field is one of `values`.
  static Result<FieldSelector> any_of(const Kind& kind, std::string_view field, std::vector<std::string> values);
  /// Both this and `other`.
  void add(const FieldSelector& other);

  bool matches_object(const Object& object) const;
  bool empty() const { return requirements_.empty(); }
  const std::vector<Requirement>& requirements() const { return requirements_; }

 private:
  std::vector<Requirement> requirements_;
};

}  // namespace kabuki

#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::apply {

/// A path element as people read it: `.spec`, `[name="c"]`, `[="x"]`.
std::string path_text(std::string_view element);

/// A set of field paths, as managedFields hold them: a tree whose edges are path elements in their written form
/// (`f:spec`, `k:{"name":"c"}`, `v:"x"`) and whose marked nodes are in the set. Source: structured-merge-diff.
struct FieldSet {
  bool member = false;
  std::map<std::string, FieldSet, std::less<>> children;

  bool operator==(const FieldSet&) const = default;
  bool empty() const { return !member && children.empty(); }
  /// Whether anything at or below that node is in the set.
  const FieldSet* find(std::string_view element) const;

  void add(const FieldSet& other);
  void remove(const FieldSet& other);
  FieldSet both(const FieldSet& other) const;
  /// Calls `visit` with the path of each member, in order, as conflicts name it: `.spec.ports[port=80].name`.
  void each(const std::function<void(const std::string& path)>& visit) const;

  /// FieldsV1's JSON, of which `{}` is the empty set.
  std::string text() const;
  /// Error: BadRequest.
  static Result<FieldSet> parse(std::string_view json);
};

}  // namespace kabuki::apply

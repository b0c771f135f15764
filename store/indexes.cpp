#include "store/indexes.hpp"

#include "messages/field_scan.hpp"
#include "messages/status.hpp"
#include "store/shards.hpp"

namespace kabuki::store {

std::vector<std::string_view> Index::values(const Object& object) const {
  switch (by) {
    case By::field:
      return {scan_bytes(object.body(), numbers)};
    case By::owner:
      return owner_uids(object);
    case By::label: {
      std::vector<std::string_view> found;
      scan_string_map(object.body(), paths::kLabels, [&](std::string_view key, std::string_view value) {
        if (key == name) found.push_back(value);
        return true;
      });
      return found;
    }
  }
  return {};
}

const std::vector<std::string>* Index::wanted(const Selection& selection) const {
  if (selection.kind != kind) return nullptr;
  switch (by) {
    case By::field:
      for (const auto& requirement : selection.fields.requirements()) {
        if (!requirement.negated && requirement.field == name) return &requirement.values;
      }
      return nullptr;
    case By::owner:
      return selection.owners.empty() ? nullptr : &selection.owners;
    case By::label:
      for (const auto& requirement : selection.labels.requirements()) {
        if (requirement.op == LabelSelector::Operator::in && requirement.key == name) return &requirement.values;
      }
      return nullptr;
  }
  return nullptr;
}

std::string Index::text() const {
  const std::string what = kind_of(kind).resource() + " by ";
  if (by == By::owner) return what + "owner";
  return what + (by == By::label ? "label " : "") + name;
}

Index field_index(KindId kind, std::string_view field) {
  for (const auto& selectable : kind_of(kind).selectable) {
    if (selectable.path == field) return {kind, Index::By::field, selectable.path, selectable.numbers};
  }
  assert(false && "the kind offers the field");
  return {};
}

Index owner_index(KindId kind) { return {kind, Index::By::owner, {}, {}}; }

Index label_index(KindId kind, std::string key) { return {kind, Index::By::label, std::move(key), {}}; }

Result<Index> parse_label_index(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size()) {
    return bad_request("\"" + std::string(text) + "\" names no label of a resource; write it as pods=app");
  }
  const Kind* kind = kind_called(text.substr(0, equals));
  if (!kind) return bad_request("there is no resource \"" + std::string(text.substr(0, equals)) + "\" to index");
  return label_index(kind->id, std::string(text.substr(equals + 1)));
}

std::vector<Index> standard_indexes() {
  return {field_index(kinds::kPod, "spec.nodeName"), owner_index(kinds::kPod)};
}

}  // namespace kabuki::store

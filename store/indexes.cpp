#include "store/indexes.hpp"

#include "messages/field_scan.hpp"

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

Index field_index(KindId kind, std::string_view field) {
  for (const auto& selectable : kind_of(kind).selectable) {
    if (selectable.path == field) return {kind, Index::By::field, selectable.path, selectable.numbers};
  }
  assert(false && "the kind offers the field");
  return {};
}

Index owner_index(KindId kind) { return {kind, Index::By::owner, {}, {}}; }

Index label_index(KindId kind, std::string key) { return {kind, Index::By::label, std::move(key), {}}; }

std::vector<Index> standard_indexes() {
  return {field_index(kinds::kPod, "spec.nodeName"), owner_index(kinds::kPod)};
}

}  // namespace kabuki::store

#include "runtime/selection.hpp"

#include <algorithm>

#include "messages/status.hpp"

namespace kabuki::runtime {
namespace {

void append_escaped(const std::string& value, std::string* out) {
  for (char c : value) {
    if (c == ',' || c == '=' || c == '\\') out->push_back('\\');
    out->push_back(c);
  }
}

Result<FieldSelector> none_of(const Kind& kind, const bus::FieldRequirement& requirement) {
  std::string text;
  for (const auto& value : requirement.values()) {
    if (!text.empty()) text += ',';
    text += requirement.field() + "!=";
    append_escaped(value, &text);
  }
  return FieldSelector::parse(kind, text);
}

bool subset(const std::vector<std::string>& inner, const std::vector<std::string>& outer) {
  return std::includes(outer.begin(), outer.end(), inner.begin(), inner.end());
}

bool implied(const FieldSelector::Requirement& wanted, const FieldSelector& given) {
  return std::ranges::any_of(given.requirements(), [&](const auto& has) {
    if (has.field != wanted.field || has.negated != wanted.negated) return false;
    return wanted.negated ? subset(wanted.values, has.values) : subset(has.values, wanted.values);
  });
}

}  // namespace

Result<Selection> Selection::parse(const bus::Selection& selection) {
  const auto* kind = find_kind(static_cast<KindId>(selection.kind()));
  if (!kind) return bad_request("selection of an unknown kind " + std::to_string(selection.kind()));
  Selection parsed;
  parsed.kind_ = kind->id;
  parsed.ns_ = selection.namespace_();
  parsed.name_ = selection.name();
  if (!selection.label_selector().empty()) {
    auto labels = LabelSelector::parse(selection.label_selector());
    if (!labels) return labels.error();
    parsed.labels_ = std::move(*labels);
  }
  for (const auto& requirement : selection.fields()) {
    auto fields = requirement.negated()
                      ? none_of(*kind, requirement)
                      : FieldSelector::any_of(*kind, requirement.field(),
                                              {requirement.values().begin(), requirement.values().end()});
    if (!fields) return fields.error();
    parsed.fields_.add(*fields);
  }
  return parsed;
}

bool Selection::matches(const Object& object) const {
  return object.kind() == kind_ && (ns_.empty() || object.ns() == ns_) && (name_.empty() || object.name() == name_) &&
         (labels_.empty() || labels_.matches_object(object)) && (fields_.empty() || fields_.matches_object(object));
}

bool Selection::contains(const Selection& other) const {
  if (kind_ != other.kind_ || (!ns_.empty() && ns_ != other.ns_) || (!name_.empty() && name_ != other.name_)) {
    return false;
  }
  if (!labels_.empty() && labels_.requirements() != other.labels_.requirements()) return false;
  return std::ranges::all_of(fields_.requirements(),
                             [&](const auto& wanted) { return implied(wanted, other.fields_); });
}

bool Selection::everything() const {
  return kind_ != 0 && ns_.empty() && name_.empty() && labels_.empty() && fields_.empty();
}

const std::vector<std::string>* Selection::values_of(const std::string& field) const {
  for (const auto& requirement : fields_.requirements()) {
    if (requirement.field == field && !requirement.negated) return &requirement.values;
  }
  return nullptr;
}

}  // namespace kabuki::runtime

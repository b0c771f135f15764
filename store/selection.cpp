#include "store/selection.hpp"

#include <algorithm>

#include "messages/bus/types.pb.h"
#include "messages/field_scan.hpp"
#include "messages/kinds.hpp"
#include "messages/status.hpp"
#include "messages/wire.hpp"

namespace kabuki::store {

namespace {

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == ',' || c == '=' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

bool owned(const Object& object, const std::vector<std::string>& owners) {
  const auto uids = owner_uids(object);
  return std::any_of(uids.begin(), uids.end(),
                     [&](std::string_view uid) { return std::binary_search(owners.begin(), owners.end(), uid); });
}

}  // namespace

std::vector<std::string_view> owner_uids(const Object& object) {
  constexpr int kMetadata[] = {1};
  constexpr int kOwnerReferences = 13;
  constexpr int kUid[] = {4};
  std::vector<std::string_view> uids;
  wire::Reader reader(scan_bytes(object.body(), kMetadata));
  while (reader.next()) {
    if (reader.number() != kOwnerReferences || reader.type() != wire::Type::bytes) continue;
    uids.push_back(scan_bytes(reader.bytes(), kUid));
  }
  return uids;
}

Result<Selection> Selection::from_bus(const bus::Selection& selection) {
  const Kind* kind = find_kind(static_cast<KindId>(selection.kind()));
  if (!kind) return bad_request("no kind has the id " + std::to_string(selection.kind()));
  Selection out;
  out.kind = kind->id;
  out.ns = selection.namespace_();
  out.name = selection.name();
  auto labels = LabelSelector::parse(selection.label_selector());
  if (!labels) return labels.error();
  out.labels = std::move(*labels);
  for (const auto& requirement : selection.fields()) {
    if (requirement.field() == kOwnerField) {
      if (requirement.negated() || !out.owners.empty() || requirement.values().empty()) {
        return bad_request("objects are selected by owner with one list of uids");
      }
      out.owners.assign(requirement.values().begin(), requirement.values().end());
      std::sort(out.owners.begin(), out.owners.end());
      out.owners.erase(std::unique(out.owners.begin(), out.owners.end()), out.owners.end());
      continue;
    }
    if (!requirement.negated()) {
      auto any = FieldSelector::any_of(*kind, requirement.field(),
                                       {requirement.values().begin(), requirement.values().end()});
      if (!any) return any.error();
      out.fields.add(*any);
      continue;
    }
    for (const auto& value : requirement.values()) {
      auto none = FieldSelector::parse(*kind, requirement.field() + "!=" + escaped(value));
      if (!none) return none.error();
      out.fields.add(*none);
    }
  }
  // So that `metadata.name=x` costs as little as asking for the name.
  for (const auto& requirement : out.fields.requirements()) {
    if (requirement.negated || requirement.values.size() != 1) continue;
    if (requirement.field == "metadata.name" && out.name.empty()) out.name = requirement.values[0];
    if (requirement.field == "metadata.namespace" && out.ns.empty()) out.ns = requirement.values[0];
  }
  return out;
}

bool Selection::matches(const Object& object) const {
  return object.kind() == kind && (ns.empty() || object.ns() == ns) && (name.empty() || object.name() == name) &&
         (fields.empty() || fields.matches_object(object)) && (labels.empty() || labels.matches_object(object)) &&
         (owners.empty() || owned(object, owners));
}

std::string Selection::text() const {
  std::string out = std::to_string(kind) + '\n' + ns + '\n' + name + '\n' + labels.text();
  for (const auto& requirement : fields.requirements()) {
    out += '\n' + requirement.field + (requirement.negated ? "!" : "=");
    for (const auto& value : requirement.values) out += std::to_string(value.size()) + ':' + value;
  }
  if (!owners.empty()) out += "\nowner=";
  for (const auto& uid : owners) out += std::to_string(uid.size()) + ':' + uid;
  return out;
}

}  // namespace kabuki::store

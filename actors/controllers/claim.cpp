#include "actors/controllers/claim.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "actors/controllers/owners.hpp"
#include "messages/api/meta/v1/selector.pb.h"
#include "messages/field_scan.hpp"
#include "messages/meta.hpp"

namespace kabuki::controllers {
namespace {

using actors::Write;

/// Where spec.selector stands.
std::array<int, 2> selector_path(KindId kind) {
  if (kind == kinds::kDaemonSet) return {2, 1};
  if (kind == kinds::kJob) return {2, 4};
  return {2, 2};
}

std::unique_ptr<google::protobuf::Message> parse(const Object& object) {
  std::unique_ptr<google::protobuf::Message> message(kind_of(object.kind()).make());
  auto parsed = object.parse(message.get());
  assert(parsed.ok());
  return message;
}

Write adopt(const Object& owner, const Object& orphan) {
  auto message = parse(orphan);
  *mutable_meta(message.get())->add_ownerreferences() = controller_reference(owner);
  return Write::update(orphan, *message);
}

Write release(const Object& owner, const Object& dependent) {
  auto message = parse(dependent);
  remove_owner(owner.uid(), mutable_meta(message.get()));
  return Write::update(dependent, *message);
}

bool selects(const Object& owner, const Object& dependent) {
  const auto selector = selector_of(owner);
  return selector && selector->matches_object(dependent);
}

void add_controller(const ObjectPtr& dependent, KindId owner_kind, std::vector<Key>* keys) {
  if (!dependent) return;
  const auto owners = owners_of(*dependent);
  const Owner* controller = controller_in(owners);
  if (!controller) return;
  Key key = key_of(*controller, dependent->ns());
  if (key.kind == owner_kind) keys->push_back(std::move(key));
}

}  // namespace

std::optional<LabelSelector> selector_of(const Object& owner) {
  LabelSelectorMessage message;
  const auto path = selector_path(owner.kind());
  if (owner.kind() == kinds::kReplicationController) {
    scan_string_map(owner.body(), path, [&](std::string_view key, std::string_view value) {
      (*message.mutable_matchlabels())[std::string(key)] = value;
      return true;
    });
  } else {
    const auto bytes = scan_bytes(owner.body(), path);
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  }
  auto selector = LabelSelector::from_message(message);
  if (!selector.ok() || selector->empty()) return std::nullopt;
  return std::move(*selector);
}

Claim claim_dependents(const View& view, const Object& owner, KindId kind, const LabelSelector& selector,
                       bool may_change, const std::function<bool(const Object&)>& belongs) {
  Claim claim;
  std::map<uint64_t, bool> known;  // by labels: pods of one template are judged once
  auto matches = [&](const ObjectPtr& object) {
    if (belongs && !belongs(*object)) return false;
    if (kind != kinds::kPod) return selector.matches_object(*object);
    auto [it, fresh] = known.emplace(view.facts(object).labels_hash, false);
    if (fresh) it->second = selector.matches_object(*object);
    return it->second;
  };
  for (const ObjectPtr& dependent : view.controlled_by(owner.uid(), kind)) {
    if (!may_change || matches(dependent)) {
      claim.kept.push_back(dependent);
    } else if (!is_being_deleted(*dependent)) {
      claim.writes.push_back(release(owner, *dependent));
    }
  }
  if (!may_change) return claim;
  for (const ObjectPtr& orphan : view.uncontrolled(owner.ns(), kind)) {
    if (!matches(orphan) || is_being_deleted(*orphan)) continue;
    if (kind == kinds::kPod && view.facts(orphan).over()) continue;
    claim.kept.push_back(orphan);
    claim.writes.push_back(adopt(owner, *orphan));
  }
  std::sort(claim.kept.begin(), claim.kept.end(), runtime::ByName());
  return claim;
}

void concerned_by_dependent(const View& view, const Change& change, KindId owner_kind, std::vector<Key>* keys) {
  add_controller(change.before, owner_kind, keys);
  add_controller(change.after, owner_kind, keys);
  if (!change.after || controller_in(owners_of(*change.after))) return;
  for (const ObjectPtr& owner : view.in_namespace(owner_kind, change.after->ns())) {
    if (selects(*owner, *change.after)) keys->push_back(owner->key());
  }
}

}  // namespace kabuki::controllers

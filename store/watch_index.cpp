#include "store/watch_index.hpp"

#include "store/planted_fault.hpp"

namespace kabuki::store {

std::optional<Event> event_for(const Change& change, const Selection& selection) {
  const uint64_t revision = change.object->revision();
  const bool before = change.previous && selection.matches(*change.previous);
  if (change.type == Change::Type::deleted) {
    if (!before) return std::nullopt;
    return Event{Event::Type::deleted, revision, change.object};
  }
  if (selection.matches(*change.object)) {
    return Event{before ? Event::Type::modified : Event::Type::added, revision, change.object};
  }
  if (!before) return std::nullopt;
  return Event{Event::Type::deleted, revision, Object::at_revision(*change.previous, revision)};
}

namespace {

std::string slot(char what, KindId kind, std::string_view value, size_t index = 0) {
  return what + std::to_string(kind) + '/' + std::to_string(index) + '/' + std::string(value);
}

}  // namespace

WatchGroup* WatchIndex::group(const Selection& selection) {
  auto& group = groups_[selection.text()];
  if (!group) {
    group = std::make_unique<WatchGroup>();
    group->selection = selection;
    for (const auto& slot : slots(selection)) by_slot_[slot].push_back(group.get());
  }
  return group.get();
}

void WatchIndex::remove(WatchGroup* group) {
  assert(group->members == 0);
  for (const auto& slot : slots(group->selection)) {
    const auto it = by_slot_.find(slot);
    std::erase(it->second, group);
    if (it->second.empty()) by_slot_.erase(it);
  }
  groups_.erase(group->selection.text());
}

std::vector<std::string> WatchIndex::slots(const Selection& selection) const {
  if (!selection.name.empty()) return {slot('n', selection.kind, selection.name)};
  for (size_t i = 0; i < indexes_->size(); ++i) {
    const auto* values = (*indexes_)[i].wanted(selection);
    if (!values) continue;
    std::vector<std::string> out;
    for (const auto& value : *values) out.push_back(slot('i', selection.kind, value, i));
    return out;
  }
  if (!selection.ns.empty()) return {slot('s', selection.kind, selection.ns)};
  return {slot('k', selection.kind, {})};
}

void WatchIndex::visit(const Change& change, const std::function<void(WatchGroup&)>& call) {
  ++changes_;
  const Object& object = *change.object;
  const KindId kind = object.kind();
  visit_slot(slot('k', kind, {}), call);
  visit_slot(slot('s', kind, object.ns()), call);
  visit_slot(slot('n', kind, object.name()), call);
  for (size_t i = 0; i < indexes_->size(); ++i) {
    const auto& index = (*indexes_)[i];
    if (index.kind != kind) continue;
    if (planted(PlantedFault::forgotten_index) && change.previous) continue;
    const auto values = index.values(object);
    for (const auto value : values) visit_slot(slot('i', kind, value, i), call);
    if (!change.previous) continue;
    const auto before = index.values(*change.previous);
    if (before == values) continue;
    for (const auto value : before) visit_slot(slot('i', kind, value, i), call);
  }
}

void WatchIndex::visit_slot(const std::string& slot, const std::function<void(WatchGroup&)>& call) {
  const auto it = by_slot_.find(slot);
  if (it == by_slot_.end()) return;
  for (WatchGroup* group : it->second) {
    if (group->seen == changes_) continue;
    group->seen = changes_;
    ++judged_;
    call(*group);
  }
}

}  // namespace kabuki::store

#include "actors/store_shard/shard_inspection.hpp"

#include <algorithm>
#include <utility>

#include "messages/kinds.hpp"
#include "store/limits.hpp"

namespace kabuki::store {

ShardInspection::ShardInspection(std::string shard, ShardMap mapping)
    : shard_(std::move(shard)), mapping_(std::move(mapping)) {}

void ShardInspection::measure(runtime::Metrics& metrics) {
  const runtime::Metrics::Labels labels{{"shard", shard_}};
  metrics.describe("kabuki_store_bytes", "Encoded bytes of the objects that a shard holds.");
  metrics.describe("kabuki_store_revision", "The newest revision of a shard.");
  metrics.describe("kabuki_store_window_changes", "Changes that a shard remembers for watches that resume.");
  metrics.describe("kabuki_store_window_bytes", "Bytes that only the remembered changes keep.");
  bytes_gauge_ = &metrics.gauge("kabuki_store_bytes", labels);
  revision_gauge_ = &metrics.gauge("kabuki_store_revision", labels);
  window_gauge_ = &metrics.gauge("kabuki_store_window_changes", labels);
  window_bytes_gauge_ = &metrics.gauge("kabuki_store_window_bytes", labels);
}

void ShardInspection::count(const Object& object, int64_t sign) {
  const auto bytes = sign * static_cast<int64_t>(object.body().size());
  Count& count = counts_[object.kind()];
  count.objects += static_cast<uint64_t>(sign);
  count.bytes += static_cast<uint64_t>(bytes);
  bytes_ += bytes;
}

void ShardInspection::loaded(const Object& object) { count(object, 1); }

void ShardInspection::changed(const std::vector<Change>& changes, const ShardState& state, io::MonoTime now) {
  for (const Change& change : changes) {
    if (change.previous) count(*change.previous, -1);
    if (change.type == Change::Type::put) count(*change.object, 1);
  }
  while (!held_.empty() && held_.front().until <= now) held_.pop_front();
  show(state);
}

void ShardInspection::show(const ShardState& state) {
  if (!bytes_gauge_) return;
  bytes_gauge_->set(bytes_);
  revision_gauge_->set(static_cast<int64_t>(state.revision()));
  window_gauge_->set(static_cast<int64_t>(state.history().size()));
  window_bytes_gauge_->set(static_cast<int64_t>(state.history().bytes()));
}

bus::ShardInfo ShardInspection::info(const ShardState& state) const {
  bus::ShardInfo info;
  info.set_shard(shard_);
  info.set_mapping(mapping_.text());
  info.set_revision(state.revision());
  for (const auto& [kind, count] : counts_) {
    if (count.objects == 0) continue;
    auto* out = info.add_kinds();
    out->set_kind(kind);
    out->set_objects(count.objects);
    out->set_bytes(count.bytes);
  }
  info.set_window_from(state.history().compacted());
  info.set_window_changes(state.history().size());
  info.set_window_bytes(state.history().bytes());
  for (const Index& index : state.indexes()) {
    if (mapping_.shard_of(index.kind) != shard_) continue;
    auto* out = info.add_indexes();
    out->set_kind(index.kind);
    if (index.by == Index::By::field) out->set_field(index.name);
    if (index.by == Index::By::label) out->set_label(index.name);
  }
  const StateOptions& bounds = state.options();
  info.set_window_changes_max(bounds.history_changes);
  info.set_window_bytes_max(bounds.history_bytes);
  info.set_window_age_max_ms(std::chrono::duration_cast<std::chrono::milliseconds>(bounds.history_age).count());
  return info;
}

void ShardInspection::let_go(uint64_t revision) {
  std::erase_if(held_, [&](const Held& held) { return held.at->revision() == revision; });
}

void ShardInspection::hold(const SnapshotPtr& at, io::MonoTime now) {
  let_go(at->revision());
  held_.push_back({at, now + limits::kReadHold});
  if (held_.size() > limits::kReadsHeld) held_.pop_front();
}

Result<runtime::MessagePtr> ShardInspection::read(const bus::ReadShard& request, ShardState& state,
                                                  io::MonoTime now) {
  auto at = request.revision() == 0 ? Result<SnapshotPtr>(state.snapshot()) : state.snapshot_at(request.revision());
  if (!at) return at.error();
  hold(*at, now);
  std::optional<Key> after;
  if (request.has_start_after()) {
    const auto& key = request.start_after();
    after = Key{static_cast<KindId>(key.kind()), key.namespace_(), key.name()};
  }
  bus::ReadShardReply reply;
  reply.set_revision((*at)->revision());
  reply.set_more(true);
  std::vector<ObjectPtr> objects;
  if (request.bytes() == 0) return runtime::make_message(std::move(reply));

  size_t bytes = 0;
  for (const Kind& kind : all_kinds()) {
    if (mapping_.shard_of(kind) != shard_ || (after && kind.id < after->kind)) continue;
    Selection selection;
    selection.kind = kind.id;
    std::optional<Key> next;
    if (after && after->kind == kind.id) next = after;
    do {
      Page page = state.page(**at, selection, next, limits::kReadStep);
      for (auto& object : page.objects) {
        bytes += object->size();
        objects.push_back(std::move(object));
      }
      next = std::move(page.next);
      if (bytes >= request.bytes() || objects.size() >= limits::kScanPerStep) {
        return runtime::make_message(std::move(reply), std::move(objects));
      }
    } while (next);
  }
  let_go((*at)->revision());
  reply.set_more(false);
  return runtime::make_message(std::move(reply), std::move(objects));
}

runtime::MessagePtr ShardInspection::history(const bus::ReadHistory& request, const ShardState& state) const {
  const History& history = state.history();
  bus::ReadHistoryReply reply;
  reply.set_revision(state.revision());
  reply.set_window_from(history.compacted());
  std::vector<ObjectPtr> objects;
  const auto& key = request.key();
  const KeyView wanted(static_cast<KindId>(key.kind()), key.namespace_(), key.name());
  for (size_t i = history.first_after(request.after_revision()); i < history.size(); ++i) {
    const Change& change = history[i];
    if (request.has_key() && KeyView(change.object) != wanted) continue;
    // A change that shares its revision with the one before goes with it, or it would be skipped by who reads on.
    if (request.limit() != 0 && objects.size() >= request.limit() &&
        change.object->revision() != objects.back()->revision()) {
      reply.set_more(true);
      break;
    }
    auto* item = reply.add_items();
    item->set_deleted(change.type == Change::Type::deleted);
    item->set_revision(change.object->revision());
    item->set_previous_revision(change.previous ? change.previous->revision() : 0);
    objects.push_back(change.object);
  }
  return runtime::make_message(std::move(reply), std::move(objects));
}

}  // namespace kabuki::store

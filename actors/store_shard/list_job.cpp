#include "actors/store_shard/list_job.hpp"

#include <algorithm>

#include "messages/status.hpp"

namespace kabuki::store {

namespace {

constexpr size_t kLookedAt = 4096;

/// Of this kind, or a later one: a watch of it hears of no other before the next bookmark, a minute away.
uint64_t last_change(const History& history, KindId kind) {
  const size_t end = history.size() > kLookedAt ? history.size() - kLookedAt : 0;
  for (size_t at = history.size(); at > end; --at) {
    if (history[at - 1].object->kind() == kind) return history[at - 1].object->revision();
  }
  return end > 0 ? history[end - 1].object->revision() : history.compacted();
}

constexpr std::string_view kContinueExpired =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list.";

Result<SnapshotPtr> snapshot_for(const bus::ListObjects& request, ShardState& state) {
  const uint64_t revision = request.revision();
  if (revision > state.revision()) return too_large_resource_version(revision, state.revision());
  const bool exact = request.continued() || request.match() == bus::ListObjects::EXACT;
  if (revision == 0 || !exact) return state.snapshot();
  auto snapshot = state.snapshot_at(revision);
  if (!snapshot && request.continued()) return expired(kContinueExpired);
  return snapshot;
}

}  // namespace

Result<ListJob> ListJob::make(const bus::ListObjects& request, ShardState& state) {
  auto selection = Selection::from_bus(request.selection());
  if (!selection) return selection.error();
  auto snapshot = snapshot_for(request, state);
  if (!snapshot) return snapshot.error();
  ListJob job;
  job.at_ = std::move(*snapshot);
  job.selection_ = std::move(*selection);
  job.limit_ = request.limit();
  if (request.has_start_after()) {
    const auto& key = request.start_after();
    job.start_after_ = Key{static_cast<KindId>(key.kind()), key.namespace_(), key.name()};
  }
  job.next_ = job.start_after_;
  return job;
}

bool ListJob::step(const ShardState& state, size_t scan_max) {
  // One more than asked for tells whether there is more.
  const size_t wanted = limit_ == 0 ? 0 : limit_ + 1 - objects_.size();
  Page page = state.page(*at_, selection_, next_, wanted, scan_max);
  std::move(page.objects.begin(), page.objects.end(), std::back_inserter(objects_));
  scanned_ += page.scanned;
  next_ = std::move(page.next);
  return !next_ || (limit_ != 0 && objects_.size() > limit_);
}

runtime::MessagePtr ListJob::answer(ShardState& state) {
  bus::ListObjectsReply reply;
  reply.set_revision(at_->revision());
  reply.set_changed(last_change(state.history(), selection_.kind));
  if (limit_ != 0 && objects_.size() > limit_) {
    objects_.resize(limit_);
    reply.set_more(true);
    if (selection_.plain()) {
      const auto after = state.remaining(at_.get(), selection_, start_after_, objects_.back()->key(), limit_);
      reply.set_remaining_known(after.has_value());
      reply.set_remaining(after.value_or(0));
    }
    state.keep(at_);
  }
  return runtime::make_message(std::move(reply), std::move(objects_));
}

}  // namespace kabuki::store

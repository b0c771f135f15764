#include "actors/store_shard/store_shard_actor.hpp"
#include "messages/kinds.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "store/planted_fault.hpp"

namespace kabuki::store {

using runtime::Inbound;
using runtime::make_message;

namespace {

/// What a read asks to have been seen.
struct Freshness {
  bool latest = false;    // all that was acknowledged before it
  uint64_t revision = 0;  // at least this
};

Freshness freshness(const Inbound& in) {
  if (const auto* list = in.as<bus::ListObjects>()) {
    const bool any = list->match() == bus::ListObjects::NOT_OLDER_THAN || list->continued();
    return {list->revision() == 0 && !any, list->revision()};
  }
  if (const auto* watch = in.as<bus::OpenWatch>()) {
    return {watch->initial_events() && watch->from_revision() == 0, watch->from_revision()};
  }
  return {true, 0};
}

}  // namespace

void StoreShardActor::read(Inbound& in) {
  const Freshness asked = freshness(in);
  const bool ahead = asked.revision > state_.revision();
  if (is_cut_off_ && (asked.latest || ahead || in.as<bus::OpenWatch>())) return in.reply.fail(cut_off());
  if (!asked.latest && !ahead) return serve(in);
  std::optional<uint64_t> needs;
  if (ahead) needs = asked.revision;
  bool asked_for = false;
  if (!reads_.under_way()) {
    const auto at_once = ask_barrier();
    asked_for = !at_once || at_once->ok();
    if (at_once && at_once->ok() && !ahead) {
      if (**at_once <= state_.revision()) return serve(in);
      needs = **at_once;
    }
  }
  if (reads_.size() >= options_.bounds.reads) {
    return in.reply.fail(too_many_requests("the store has too many reads waiting, please try again later", 1));
  }
  const io::Duration limit = ahead ? options_.revision_timeout : options_.read_timeout;
  reads_.add(std::move(in), mono() + limit, needs, ahead, asked_for);
  metrics_->reads_waiting.set(static_cast<int64_t>(reads_.size()));
  watch_reads(mono() + limit);
  ask_again_later();
}

std::optional<Result<uint64_t>> StoreShardActor::ask_barrier() {
  reads_.asked();
  at_once_.reset();
  asking_.store(std::this_thread::get_id());
  engine_->barrier([this](Result<uint64_t> revision) {
    if (asking_.load() == std::this_thread::get_id()) {
      at_once_ = std::move(revision);
      return;
    }
    box_.post([this, revision = std::move(revision)] { barrier_answered(revision); });
  });
  asking_.store({});
  if (at_once_) {
    reads_.answered(*at_once_);
  } else {
    barrier_asked_ = mono();
  }
  return std::move(at_once_);
}

void StoreShardActor::barrier_answered(const Result<uint64_t>& revision) {
  metrics_->barrier_answered(revision.ok(), mono() - barrier_asked_);
  reads_.answered(revision);
  reach_.answered(revision.ok(), barrier_asked_);
  follow_reach();
  if (revision.ok() && reads_.ask()) ask_barrier();
  serve_reads();
  ask_again_later();
}

void StoreShardActor::probe_store_later() {
  after(limits::kStoreProbe, [this] {
    if (!reads_.under_way()) ask_barrier();
    probe_store_later();
  });
}

void StoreShardActor::follow_reach() {
  if (reach_.is_cut_off(mono()) == is_cut_off_) return;
  is_cut_off_ = !is_cut_off_;
  if (!is_cut_off_) return log(runtime::Level::info, name(), "reaches the store again");
  log(runtime::Level::warning, name(), "does not reach the store and stops serving");
  for (auto& late : reads_.take_late({INT64_MAX}, state_.revision())) late.read.reply.fail(std::move(late.why));
  hub_.end_all(cut_off());
  deliver();
}

Error StoreShardActor::cut_off() const {
  return unavailable("shard " + options_.name + " of host " + host_name() + " does not reach the store");
}

void StoreShardActor::ask_again_later() {
  if (reads_.under_way() || !reads_.unasked() || asking_again_) return;
  asking_again_ = true;
  after(limits::kBarrierRetry, [this] {
    asking_again_ = false;
    if (reads_.ask()) ask_barrier();
    serve_reads();
    ask_again_later();
  });
}

void StoreShardActor::serve(Inbound& in) {
  if (const auto* get_request = in.as<bus::GetObjects>()) return get(*get_request, in);
  if (const auto* list_request = in.as<bus::ListObjects>()) return list(*list_request, in);
  open_watch(*in.as<bus::OpenWatch>(), in);
}

void StoreShardActor::serve_reads() {
  for (auto& in : reads_.take(state_.revision())) serve(in);
  metrics_->reads_waiting.set(static_cast<int64_t>(reads_.size()));
}

void StoreShardActor::watch_reads(io::MonoTime deadline) {
  if (next_late_ && *next_late_ <= deadline) return;
  next_late_ = deadline;
  after(deadline - mono(), [this, deadline] {
    if (next_late_ == deadline) next_late_.reset();
    for (auto& late : reads_.take_late(mono(), state_.revision())) {
      metrics_->reads_late.add();
      late.read.reply.fail(std::move(late.why));
    }
    metrics_->reads_waiting.set(static_cast<int64_t>(reads_.size()));
    if (const auto next = reads_.next_deadline()) watch_reads(*next);
  });
}

void StoreShardActor::get(const bus::GetObjects& request, Inbound& in) {
  bus::GetObjectsReply reply;
  std::vector<ObjectPtr> objects;
  for (const auto& key : request.keys()) {
    if (const auto error = misplaced(key.kind())) return in.reply.fail(*error);
    auto* item = reply.add_items();
    const KeyView wanted(static_cast<KindId>(key.kind()), key.namespace_(), key.name());
    auto object = state_.get(wanted);
    if (planted(PlantedFault::stale_read) && state_.history().size() > 0) {
      const Change& last = state_.history()[state_.history().size() - 1];
      if (KeyView(*last.object) == wanted) object = last.previous;
    }
    if (!object) continue;
    item->set_found(true);
    item->set_object(static_cast<uint32_t>(objects.size()));
    objects.push_back(std::move(object));
  }
  reply.set_revision(state_.revision());
  in.reply.send(make_message(std::move(reply), std::move(objects)));
}

void StoreShardActor::list(const bus::ListObjects& request, Inbound& in) {
  if (const auto error = misplaced(request.selection().kind())) return in.reply.fail(*error);
  auto job = ListJob::make(request, state_);
  if (!job) return in.reply.fail(job.error());
  if (job->step(state_, limits::kScanPerStep)) {
    metrics_->list_scanned.add(job->scanned());
    return in.reply.send(job->answer(state_));
  }
  if (lists_.size() >= options_.bounds.lists) {
    return in.reply.fail(too_many_requests("the store has too many lists under way, please try again later", 1));
  }
  job->reply = std::move(in.reply);
  lists_.push_back(std::move(*job));
  work();
}

}  // namespace kabuki::store

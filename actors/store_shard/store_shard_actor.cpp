#include "actors/store_shard/store_shard_actor.hpp"

#include <algorithm>
#include <utility>

#include "messages/bus_failure.hpp"
#include "messages/kinds.hpp"
#include "messages/status.hpp"
#include "runtime/host.hpp"
#include "runtime/log.hpp"
#include "store/planted_fault.hpp"

namespace kabuki::store {

using runtime::Address;
using runtime::Inbound;
using runtime::make_message;

std::function<std::unique_ptr<runtime::Actor>()> store_shard(ShardOptions options, EngineFactory engine) {
  const auto was_open = std::make_shared<std::atomic<bool>>(options.may_be_closed);
  return [options = std::move(options), engine = std::move(engine), was_open] {
    return std::make_unique<StoreShardActor>(options, engine, was_open);
  };
}

StoreShardActor::StoreShardActor(ShardOptions options, EngineFactory make_engine,
                                 std::shared_ptr<std::atomic<bool>> was_open)
    : options_(std::move(options)),
      make_engine_(std::move(make_engine)),
      was_open_(std::move(was_open)),
      state_(options_.state),
      hub_(&state_),
      inspection_(options_.name, options_.mapping),
      commits_(options_.bounds.mutations, options_.bounds.mutation_bytes) {}

StoreShardActor::~StoreShardActor() = default;

void StoreShardActor::started() {
  metrics_.emplace(host().metrics(), options_.name);
  engine_ = make_engine_();
  const auto revision = engine_->load([this](ObjectPtr object) {
    state_.load(object);
    inspection_.loaded(*object);
  });
  if (!revision) return cannot_open(revision.error());
  *was_open_ = true;
  state_.loaded(*revision);
  box_ = mailbox();
  // Both on a thread of the engine's.
  engine_->start(
      [this](uint64_t reached, std::vector<Change> changes) {
        box_.post([this, reached, changes = std::move(changes)]() mutable { fed(reached, std::move(changes)); });
      },
      [this](Error error) { box_.post([this, error = std::move(error)] { engine_failed(error); }); });
  metrics_->objects.set(static_cast<int64_t>(state_.size()));
  inspection_.measure(host().metrics());
  inspection_.changed({}, state_, mono());
  host().set_role(std::string(runtime::roles::kShardPrefix) + options_.name, address());
  say_whether_open(true);
  log(runtime::Level::info, name(), "loaded", {{"objects", state_.size()}, {"revision", *revision}});
  bookmark_later();
  age_later();
  // An engine that answers at once writes alone, and cannot be cut off.
  if (!ask_barrier()) probe_store_later();
}

void StoreShardActor::say_whether_open(bool open) {
  host().metrics().describe("kabuki_store_open", "Whether the shard could be opened, 1, or not, 0");
  host().metrics().gauge("kabuki_store_open", {{"shard", options_.name}}).set(open);
}

// Failing again and again would end the supervisor of all shards.
void StoreShardActor::cannot_open(Error why) {
  engine_.reset();
  const bool soon = why.code == 503;
  why.message = "shard " + options_.name + ": " + why.message +
                (soon || options_.when_closed.empty() ? "" : "; " + options_.when_closed);
  say_whether_open(false);
  if (!*was_open_) return fail(why.message);
  log(runtime::Level::error, name(), "cannot be opened and serves nothing", {{"why", why.message}});
  closed_ = unavailable(why.message);
  host().set_role(std::string(runtime::roles::kShardPrefix) + options_.name, address());
  after(soon ? limits::kOpenAgainSoon : limits::kOpenAgain, [this] { try_again_later(); });
}

// Tried with an engine of its own: this actor's state holds what was read before the error.
void StoreShardActor::try_again_later() {
  auto engine = make_engine_();
  const auto revision = engine->load([](const ObjectPtr&) {});
  engine->stop();
  engine.reset();
  if (revision) return fail("the store can be opened again");
  const bool soon = revision.error().code == 503;
  after(soon ? limits::kOpenAgainSoon : limits::kOpenAgain, [this] { try_again_later(); });
}

void StoreShardActor::stopping() {
  if (engine_) engine_->stop();
}

std::string StoreShardActor::health() const {
  if (closed_) return "cannot be opened: " + closed_->message;
  const auto& history = state_.history();
  return std::to_string(state_.size()) + " objects at revision " + std::to_string(state_.revision()) + ", " +
         std::to_string(history.size()) + " changes since " + std::to_string(history.compacted()) + ", " +
         std::to_string(hub_.size()) + " watches (" + std::to_string(hub_.parked()) + " parked), " +
         std::to_string(commits_.waiting()) + " writes and " + std::to_string(reads_.size()) + " reads waiting" +
         (full_ ? ", full" : "") + (stalled_ ? ", its disk does not answer" : "") +
         (is_cut_off_ ? ", cut off from the store" : "");
}

runtime::MailboxBounds StoreShardActor::mailbox_bounds() const {
  return {options_.bounds.asks, options_.bounds.ask_bytes, [](const runtime::Message& message) {
            return message.as<bus::Commit>() || message.as<bus::GetObjects>() || message.as<bus::ListObjects>() ||
                   message.as<bus::OpenWatch>();
          }};
}

void StoreShardActor::received(Inbound& in) {
  if (closed_) return in.reply.fail(*closed_);
  if (const auto* commit_request = in.as<bus::Commit>()) return commit(*commit_request, in);
  if (in.as<bus::GetObjects>() || in.as<bus::ListObjects>() || in.as<bus::OpenWatch>()) return read(in);
  if (const auto* credit_request = in.as<bus::WatchCredit>()) return credit(*credit_request, in);
  if (const auto* close_request = in.as<bus::CloseWatch>()) return close_watch(*close_request, in);
  if (inspect(in)) return;
  in.reply.fail(bad_request("a store shard does not understand this message"));
}

bool StoreShardActor::inspect(Inbound& in) {
  if (in.as<bus::InspectShard>()) {
    auto info = inspection_.info(state_);
    info.set_watches(hub_.size());
    info.set_parked_watches(hub_.parked());
    info.set_writes_waiting(commits_.waiting());
    in.reply.send(make_message(std::move(info)));
    return true;
  }
  if (const auto* read = in.as<bus::ReadShard>()) {
    in.reply.complete(inspection_.read(*read, state_, mono()));
    return true;
  }
  if (const auto* read = in.as<bus::ReadHistory>()) {
    in.reply.send(inspection_.history(*read, state_));
    return true;
  }
  return false;
}

std::optional<Error> StoreShardActor::misplaced(uint32_t kind) const {
  const Kind* known = find_kind(static_cast<KindId>(kind));
  if (!known) return bad_request("no kind has the id " + std::to_string(kind));
  const auto& shard = options_.mapping.shard_of(*known);
  if (shard == options_.name) return std::nullopt;
  return bad_request(known->resource() + " are kept by the shard \"" + shard + "\", not \"" + options_.name + "\"");
}

void StoreShardActor::commit(const bus::Commit& request, Inbound& in) {
  if (options_.local_writers && !in.from_host.empty() && in.from_host != host_name()) {
    return in.reply.fail(Error{.code = 403,
                               .reason = "Forbidden",
                               .message = "host " + in.from_host + " may not commit to a shard; ask an API server"});
  }
  for (const auto& mutation : request.mutations()) {
    if (const auto error = misplaced(mutation.key().kind())) return in.reply.fail(*error);
    if (!mutation.has_provided()) continue;
    if (const auto error = misplaced(mutation.provided().kind())) return in.reply.fail(*error);
  }
  if (is_cut_off_) return in.reply.fail(cut_off());
  auto mutations = mutations_of(request, in.message->objects);
  if (!mutations) return in.reply.fail(mutations.error());
  if (auto added = commits_.add(std::move(*mutations), in.reply); !added.ok()) {
    metrics_->writes_turned_away.add();
    return in.reply.fail(added.error());
  }
  submit();
}

void StoreShardActor::submit() {
  while (auto batch = commits_.next()) {
    metrics_->submitted(*batch);
    const uint64_t number = submitted_++;
    with_engine_.emplace(number, mono());
    look_for_stall_later();
    engine_->submit(std::move(*batch), [this, number, at = mono()](std::vector<MutationResult> results) {
      box_.post([this, number, at, results = std::move(results)]() mutable {
        with_engine_.erase(number);
        metrics_->answered(results, mono() - at);
        alarm_if_refused(results);
        answers_.answered(number, std::move(results));
        answer_commits();
      });
    });
  }
  metrics_->writes_waiting.set(static_cast<int64_t>(commits_.waiting()));
}

// Nothing can end a write that the disk does not answer. Callers get timeouts, what waits is bounded; somebody is to
// know.
void StoreShardActor::look_for_stall_later() {
  if (std::exchange(looking_for_stall_, true)) return;
  after(limits::kStallAlarm, [this] {
    looking_for_stall_ = false;
    const bool stalled = !with_engine_.empty() && mono() - with_engine_.begin()->second >= limits::kStallAlarm;
    if (stalled && !stalled_) {
      log(runtime::Level::error, name(), "the store does not answer writes: is its disk there?");
    }
    stalled_ = stalled;
    metrics_->stalled.set(stalled);
    if (!with_engine_.empty()) look_for_stall_later();
  });
}

void StoreShardActor::alarm_if_refused(const std::vector<MutationResult>& results) {
  const auto is = [](const MutationResult& result) { return result.outcome == Outcome::refused; };
  if (std::none_of(results.begin(), results.end(), is)) return;
  refused_at_ = mono();
  if (!std::exchange(full_, true)) {
    metrics_->full.set(1);
    end_alarm_later();
  }
  if (said_full_at_ && mono() - *said_full_at_ < limits::kFullAlarmInterval) return;
  said_full_at_ = mono();
  log(runtime::Level::error, name(), "the store is full: " + (engine_ ? engine_->how_to_make_room() : ""));
}

void StoreShardActor::end_alarm_later() {
  after(limits::kFullAlarmInterval, [this] {
    if (mono() - refused_at_ < limits::kFullAlarmInterval) return end_alarm_later();
    full_ = false;
    metrics_->full.set(0);
  });
}

void StoreShardActor::fed(uint64_t revision, std::vector<Change> changes) {
  if (!changes.empty()) {
    state_.apply(&changes);
    const uint64_t judged = hub_.judged();
    hub_.apply(changes);
    metrics_->watch_judged.add(hub_.judged() - judged);
  }
  state_.advance(revision);
  inspection_.changed(changes, state_, mono());
  metrics_->objects.set(static_cast<int64_t>(state_.size()));
  deliver();
  if (answers_.held()) answer_commits();
  if (reads_.size() > 0) serve_reads();
}

void StoreShardActor::answer_commits() {
  bool any = false;
  while (const auto results = answers_.next(state_.revision())) {
    commits_.done(*results, state_);
    any = true;
  }
  if (any) submit();
  if (!answers_.held() || answers_late_) return;
  // The feed lags behind what the engine knows. Should it never come, writers must not wait for it.
  answers_late_ = after(options_.read_timeout, [this] {
    answers_late_.reset();
    if (const auto results = answers_.next(UINT64_MAX)) commits_.done(*results, state_);
    answer_commits();
    submit();
  });
}

void StoreShardActor::engine_failed(const Error& error) {
  log(runtime::Level::error, name(), "the engine failed", {{"why", error.message}});
  // Releases what it holds before the next start asks for it.
  engine_.reset();
  while (const auto results = answers_.next(UINT64_MAX)) commits_.done(*results, state_);
  fail("engine: " + error.message);
}

void StoreShardActor::bookmark_later() {
  after(options_.bookmark_interval, [this] {
    hub_.bookmark();
    deliver();
    metrics_->watches_parked.set(static_cast<int64_t>(hub_.parked()));
    // Where others write too, this shard learns where it is though nothing of its own has changed, for the next time.
    if (!reads_.under_way()) ask_barrier();
    bookmark_later();
  });
}

void StoreShardActor::age_later() {
  const io::Duration age = options_.state.history_age;
  if (age == io::Duration::zero()) return;
  metrics_->compacted.add(state_.age(mono()));
  after(age / limits::kHistoryAgeSteps, [this] { age_later(); });
}

}  // namespace kabuki::store

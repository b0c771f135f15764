#include "actors/controllers/reconciler.hpp"

#include <algorithm>
#include <cassert>

namespace kabuki::controllers {
namespace {

using actors::Write;
using actors::WriteOutcome;

constexpr int kNotFound = 404;
constexpr int kConflict = 409;
constexpr size_t kMaxKnownGone = 4096;

std::string filled(std::string text, const std::string& what, const std::string& value) {
  if (auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), value);
  return text;
}

/// Whether the controller is told that the API server would not have it.
bool may_be_refused(const Write& write) {
  return write.verb == bus::WriteObjects::CREATE || write.verb == bus::WriteObjects::DELETE;
}

/// Of a namespace that is being deleted nobody is told that nothing can be made in it.
bool ends_with_its_namespace(const Error& error) {
  return std::any_of(error.causes.begin(), error.causes.end(),
                     [](const Cause& cause) { return cause.reason == "NamespaceTerminating"; });
}

}  // namespace

bool Reconciler::watches(KindId kind) const {
  return std::find(controller_.watches.begin(), controller_.watches.end(), kind) != controller_.watches.end();
}

void Reconciler::concern(const Change& change) {
  keys_.clear();
  controller_.concerns(view_, change, &keys_);
  for (const Key& key : keys_) queue_.add(key);
}

void Reconciler::changed(const ObjectPtr& object, io::MonoTime seen) {
  const runtime::ObjectSet& known = view_.all(object->kind());
  const auto found = known.find(runtime::ByName::of(object));
  const ObjectPtr before = found == known.end() ? nullptr : *found;
  // A new list tells of what is known, too.
  if (before && before->uid() == object->uid() && before->revision() == object->revision() && object->revision() != 0)
    return;
  view_.put(object, seen);
  concern({before, object});
}

void Reconciler::removed(const ObjectPtr& last) {
  const ObjectPtr before = view_.find(last->key());
  if (!before) return;
  view_.remove(last->key());
  concern({before, nullptr});
}

void Reconciler::start() {
  started_ = true;
  for (const Key& key : controller_.at_start) queue_.add(key);
  if (!controller_.confirms_views) return;
  for (const KindId kind : controller_.watches) {
    unconfirmed_[kind] = std::nullopt;
    revision_questions_.try_emplace(kind, next_id_++);
  }
}

void Reconciler::reached(KindId kind, uint64_t revision, bool listed, io::MonoTime now) {
  reached_[kind] = revision;
  auto waited = unconfirmed_.find(kind);
  if (waited != unconfirmed_.end() && waited->second && (listed || *waited->second <= revision)) {
    unconfirmed_.erase(waited);
  }
  for (const JobPtr& job : behind_) {
    auto it = job->barrier.find(kind);
    if (it != job->barrier.end() && (listed || it->second <= revision)) job->barrier.erase(it);
  }
  release(now);
}

void Reconciler::release(io::MonoTime now) {
  auto waiting = std::exchange(behind_, {});
  for (const JobPtr& job : waiting) settle(job, now);
}

std::vector<Reconciler::Batch> Reconciler::work(const Instant& now) {
  std::vector<Batch> out;
  if (!begun()) return out;
  while (!full()) {
    auto key = queue_.take(now.mono);
    if (!key) break;
    reconcile(*key, now);
  }
  while (!outgoing_.empty() && batches_.size() < kMaxBatches) {
    Batch batch{next_id_++, {}};
    auto& items = batches_[batch.id];
    while (!outgoing_.empty() && items.size() < kWritesPerBatch) {
      items.push_back(std::move(outgoing_.front()));
      outgoing_.pop_front();
      batch.writes.push_back(items.back().step.write);
    }
    writes_ += batch.writes.size();
    out.push_back(std::move(batch));
  }
  return out;
}

bool Reconciler::is_confirmed(const Job& job) const {
  if (job.plan.confirm.kinds.empty()) return true;
  auto it = confirmed_.find(job.key);
  return it != confirmed_.end() && it->second == job.plan.confirm.what;
}

// What was refused concerns no one any more once nothing of the kind is tried: a later attempt is another matter.
Plan Reconciler::make_plan(const Key& key, const Instant& now) {
  Plan plan = controller_.reconcile(view_, key, now);
  if (!view_.refusal(key)) return plan;
  const auto tries = [](const Step& step) { return may_be_refused(step.write); };
  if (std::any_of(plan.steps.begin(), plan.steps.end(), tries)) return plan;
  view_.tell_refusal(key, nullptr);
  return controller_.reconcile(view_, key, now);
}

void Reconciler::reconcile(const Key& key, const Instant& now) {
  if (!confirmed_.empty() && !view_.find(key)) confirmed_.erase(key);
  auto job = std::make_shared<Job>();
  job->key = key;
  job->plan = make_plan(key, now);
  // The views were not what they seemed to be: what is to be confirmed again is asked anew.
  if (job->plan.confirm.kinds.empty()) confirmed_.erase(key);
  notes_.insert(notes_.end(), job->plan.events.begin(), job->plan.events.end());
  if (job->plan.steps.empty()) {
    const auto& again = job->plan.again_after;
    queue_.finished(key, again ? std::optional(now.mono + *again) : std::nullopt);
    return;
  }
  if (!is_confirmed(*job)) {
    job->confirms = true;
    for (const KindId kind : job->plan.confirm.kinds) job->unclear[kind] = 0;
    ask_revisions(job.get());
    behind_.push_back(std::move(job));
    return;
  }
  auto& gone = job->plan.only_if_gone;
  std::erase_if(gone, [this](const Gone& one) { return !one.uid.empty() && known_gone_.contains(one.uid); });
  if (gone.empty()) return submit(job);
  questions_.push_back({next_id_, gone});
  asked_.emplace(next_id_++, std::move(job));
}

void Reconciler::verified(uint64_t question, bool all_gone, const Instant& now) {
  auto it = asked_.find(question);
  if (it == asked_.end()) return;
  const JobPtr job = it->second;
  asked_.erase(it);
  if (!all_gone) return queue_.failed(job->key, now.mono);
  if (known_gone_.size() > kMaxKnownGone) known_gone_.clear();
  for (const Gone& one : job->plan.only_if_gone) {
    if (!one.uid.empty()) known_gone_.insert(one.uid);
  }
  submit(job);
}

void Reconciler::submit(const JobPtr& job) {
  // After a failure one create goes ahead alone: a quota that is exhausted is not run into five hundred times.
  if (queue_.failures(job->key) > 0) {
    bool first = true;
    std::erase_if(job->plan.steps, [&](const Step& step) {
      return step.write.verb == bus::WriteObjects::CREATE && !std::exchange(first, false);
    });
  }
  job->open = job->plan.steps.size();
  for (Step& step : job->plan.steps) {
    const ObjectPtr current = view_.find(step.write.key);
    outgoing_.push_back({job, std::move(step), current ? current->revision() : 0});
  }
  job->plan.steps.clear();
}

void Reconciler::answered(uint64_t batch, const std::vector<WriteOutcome>& outcomes, const Instant& now) {
  auto it = batches_.find(batch);
  if (it == batches_.end()) return;
  const auto items = std::move(it->second);
  batches_.erase(it);
  assert(items.size() == outcomes.size());
  for (size_t i = 0; i < items.size(); ++i) {
    take_outcome(items[i], outcomes[i]);
    Job& job = *items[i].job;
    if (--job.open > 0) continue;
    if (job.tried) view_.tell_refusal(job.key, job.refusal ? &*job.refusal : nullptr);
    ask_revisions(&job);
    settle(items[i].job, now.mono);
  }
}

void Reconciler::take_outcome(const Item& item, const WriteOutcome& outcome) {
  Job& job = *item.job;
  const KindId kind = item.step.write.key.kind;
  // What is gone already needs no deleting, but the view does not show that yet.
  const bool already =
      outcome.error && outcome.error->code == kNotFound && item.step.write.verb == bus::WriteObjects::DELETE;
  if (outcome.error && !already) {
    job.failed = true;
    if (outcome.unknown && watches(kind)) job.unclear[kind] = 0;
  }
  if (already) {
    job.moved = true;
    if (watches(kind)) job.unclear[kind] = 0;
  }
  if (!outcome.error) job.moved |= outcome.revision == 0 || outcome.revision > item.before;
  if (!outcome.error && outcome.revision > 0 && watches(kind)) {
    auto& barrier = job.barrier[kind];
    barrier = std::max(barrier, outcome.revision);
  }
  if (already) return;
  note_refusal(item.step.write, outcome, &job);
  announce(item, outcome);
}

void Reconciler::note_refusal(const Write& write, const WriteOutcome& outcome, Job* job) {
  if (!may_be_refused(write)) return;
  const bool creating = write.verb == bus::WriteObjects::CREATE;
  job->tried = true;
  // Who has read something old reads it anew, and then may succeed.
  if (!outcome.error || outcome.unknown || outcome.error->code == kConflict || job->refusal) return;
  if (!ends_with_its_namespace(*outcome.error)) job->refusal = View::Refusal{creating, outcome.error->message};
}

void Reconciler::announce(const Item& item, const WriteOutcome& outcome) {
  if (!item.step.say || outcome.unknown) return;
  if (outcome.error && ends_with_its_namespace(*outcome.error)) return;
  const Announcement& say = *item.step.say;
  const std::string name = outcome.object ? std::string(outcome.object->name()) : item.step.write.key.name;
  const std::string& text = outcome.error ? say.failed : say.done;
  if (text.empty()) return;
  std::string message = filled(text, "{name}", name);
  if (outcome.error) message = filled(std::move(message), "{error}", outcome.error->message);
  notes_.push_back({say.about, say.uid, outcome.error ? "Warning" : "Normal",
                    outcome.error ? say.failed_reason : say.done_reason, std::move(message)});
}

void Reconciler::ask_revisions(Job* job) {
  for (auto& [kind, number] : job->unclear) {
    const auto [it, fresh] = revision_questions_.try_emplace(kind, next_id_);
    if (fresh) ++next_id_;
    number = it->second;
  }
}

std::vector<Reconciler::RevisionQuestion> Reconciler::take_revision_questions() {
  std::vector<RevisionQuestion> out;
  for (const auto& [kind, number] : std::exchange(revision_questions_, {})) out.push_back({kind, number});
  return out;
}

void Reconciler::settle(const JobPtr& job, io::MonoTime now) {
  std::erase_if(job->barrier, [this](const auto& entry) {
    auto it = reached_.find(entry.first);
    return it != reached_.end() && it->second >= entry.second;
  });
  if (!job->barrier.empty() || !job->unclear.empty()) {
    behind_.push_back(job);
    return;
  }
  if (job->confirms) {
    confirmed_[job->key] = job->plan.confirm.what;
    queue_.finished(job->key);
    queue_.add(job->key);
    return;
  }
  // Writes that changed nothing would be planned again at once, and without end.
  if (job->failed || !job->moved) {
    queue_.failed(job->key, now);
  } else {
    // Once more on the view that shows what was written: the next step, or nothing.
    queue_.finished(job->key);
    queue_.add(job->key);
  }
}

void Reconciler::revision_is(const RevisionQuestion& question, uint64_t revision, io::MonoTime now) {
  const KindId kind = question.kind;
  auto waited = unconfirmed_.find(kind);
  if (waited != unconfirmed_.end()) {
    waited->second = revision;
    if (reached_[kind] >= revision) unconfirmed_.erase(waited);
  }
  for (const JobPtr& job : behind_) {
    const auto waiting = job->unclear.find(kind);
    if (waiting == job->unclear.end() || waiting->second > question.number) continue;
    job->unclear.erase(waiting);
    auto& barrier = job->barrier[kind];
    barrier = std::max(barrier, revision);
  }
  release(now);
}

}  // namespace kabuki::controllers

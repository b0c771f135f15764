#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/controllers/owners.hpp"
#include "actors/controllers/reconciler.hpp"
#include "actors/quota/ledger.hpp"
#include "actors/write.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/hash.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"
#include "runtime/io/random.hpp"

namespace kabuki::controllers::testing {

/// An API server and its store in memory: enough of their semantics for controllers, and a log from which views
/// follow at their own pace.
class FakeApi {
 public:
  struct Event {
    uint64_t revision = 0;
    bool deleted = false;
    ObjectPtr object;
  };

  const std::map<Key, ObjectPtr>& objects() const { return objects_; }
  const std::vector<Event>& log() const { return log_; }
  uint64_t revision() const { return revision_; }
  void set_time(int64_t seconds) { seconds_ = seconds; }

  ObjectPtr find(const Key& key) const {
    auto it = objects_.find(key);
    return it == objects_.end() ? nullptr : it->second;
  }
  std::vector<ObjectPtr> all(KindId kind) const {
    std::vector<ObjectPtr> out;
    for (const auto& [key, object] : objects_) {
      if (key.kind == kind) out.push_back(object);
    }
    return out;
  }

  /// Why a write is not to be done, if it is not.
  std::function<std::optional<Error>(const actors::Write&)> refuses;

  actors::WriteOutcome apply(const actors::Write& write) {
    using W = bus::WriteObjects;
    if (auto error = refuses ? refuses(write) : std::nullopt) return refuse(*error);
    if (write.verb == W::CREATE) return create(write);
    const ObjectPtr current = find(write.key);
    const Kind& kind = kind_of(write.key.kind);
    if (!current) return refuse(not_found(kind, write.key.name));
    if (write.expected_revision != 0 && write.expected_revision != current->revision()) {
      return refuse(stale_write(kind, write.key.name));
    }
    if (!write.expected_uid.empty() && write.expected_uid != current->uid()) {
      return refuse(conflict(kind, write.key.name, "uid"));
    }
    if (write.verb == W::DELETE) return remove(current, write);
    auto next = parse(*current);
    auto given = parse(*write.object);
    if (write.verb == W::UPDATE_STATUS) {
      copy_part(*given, "status", next.get());
      if (write.key.kind == kinds::kResourceQuota) {
        quota::copy_reservations(static_cast<quota::ResourceQuota&>(*given),
                                 static_cast<quota::ResourceQuota*>(next.get()));
      }
    } else {
      copy_part(*next, "status", given.get());
      if (write.key.kind == kinds::kNamespace && write.subresource != "finalize")
        copy_part(*next, "spec", given.get());
      if (!same_desired_state(*next, *given)) {
        mutable_meta(given.get())->set_generation(meta_of(*next).generation() + 1);
      }
      next = std::move(given);
    }
    // A bound pod stays until its kubelet lets it go.
    const bool bound = write.key.kind == kinds::kPod && !node_of_pod(*current).empty();
    if (meta_of(*next).has_deletiontimestamp() && meta_of(*next).finalizers_size() == 0 && !bound) {
      return erase(current);
    }
    return put(write.key.kind, next.get(), current.get());
  }

  /// Puts what no controller wrote: users, kubelets.
  void set(KindId kind, google::protobuf::Message* message) {
    const ObjectMeta& meta = meta_of(*message);
    put(kind, message, find({kind, meta.namespace_(), meta.name()}).get());
  }
  void vanish(const Key& key) {
    if (auto object = find(key)) erase(object);
  }
  actors::WriteOutcome create(const actors::Write& write) {
    auto message = parse(*write.object);
    ObjectMeta* meta = mutable_meta(message.get());
    if (meta->name().empty()) meta->set_name(meta->generatename() + safe_encode(std::to_string(++names_)));
    const Key key{write.key.kind, meta->namespace_(), meta->name()};
    if (find(key)) return refuse(already_exists(kind_of(key.kind), key.name));
    meta->set_uid("uid-" + std::to_string(++uids_));
    meta->set_generation(1);
    meta->mutable_creationtimestamp()->set_seconds(seconds_);
    return put(key.kind, message.get(), nullptr);
  }

  static std::unique_ptr<google::protobuf::Message> parse(const Object& object) {
    std::unique_ptr<google::protobuf::Message> message(kind_of(object.kind()).make());
    auto parsed = object.parse(message.get());
    assert(parsed.ok());
    mutable_meta(message.get())->clear_resourceversion();
    return message;
  }

 private:
  static actors::WriteOutcome refuse(Error error) {
    actors::WriteOutcome outcome;
    outcome.error = std::move(error);
    return outcome;
  }
  actors::WriteOutcome put(KindId kind, google::protobuf::Message* message, const Object* before) {
    mutable_meta(message)->clear_resourceversion();
    if (before && Object::encode(kind, *message)->body() == before->body()) {
      actors::WriteOutcome same;
      same.revision = before->revision();
      return same;
    }
    actors::WriteOutcome outcome;
    outcome.revision = ++revision_;
    outcome.object = Object::encode(kind, *message, revision_);
    objects_[outcome.object->key()] = outcome.object;
    log_.push_back({revision_, false, outcome.object});
    return outcome;
  }
  actors::WriteOutcome erase(const ObjectPtr& object) {
    actors::WriteOutcome outcome;
    outcome.revision = ++revision_;
    objects_.erase(object->key());
    log_.push_back({revision_, true, Object::at_revision(*object, revision_)});
    return outcome;
  }
  actors::WriteOutcome remove(const ObjectPtr& current, const actors::Write& write) {
    auto message = parse(*current);
    ObjectMeta* meta = mutable_meta(message.get());
    if (write.propagation == "Foreground") meta->add_finalizers("foregroundDeletion");
    if (write.propagation == "Orphan") meta->add_finalizers("orphan");
    const bool bound = write.key.kind == kinds::kPod && !node_of_pod(*current).empty();
    if (meta->finalizers_size() == 0 && !bound) return erase(current);
    if (!meta->has_deletiontimestamp()) meta->mutable_deletiontimestamp()->set_seconds(seconds_);
    return put(write.key.kind, message.get(), current.get());
  }

  std::map<Key, ObjectPtr> objects_;
  std::vector<Event> log_;
  uint64_t revision_ = 0;
  uint64_t uids_ = 0;
  uint64_t names_ = 0;
  int64_t seconds_ = 1'000'000;
};

/// A controller before the fake API: its views lag, its writes are refused and its answers lost, as chance has it.
class FakeHost {
 public:
  struct Chances {
    double deliver = 0.5;  // of each view to move, per step
    double refuse = 0;     // of a write not to be done
    double lose = 0;       // of its answer not to come
    double answer = 0.5;   // of a batch to be answered, per step
  };

  FakeHost(FakeApi& api, Controller controller) : api_(api), reconciler_(std::move(controller)) {}

  void step(io::Random& random, const Chances& chances, int64_t seconds) {
    const Instant now{{seconds * 1'000'000'000}, {seconds * 1'000'000'000}};
    for (const KindId kind : reconciler_.controller().watches) {
      if (random.chance(chances.deliver)) deliver(kind, 1 + random.below(20), now.mono);
    }
    if (!started_) {
      started_ = true;
      reconciler_.start();
    }
    for (auto& batch : reconciler_.work(now)) batches_.push_back(std::move(batch));
    while (!batches_.empty() && random.chance(chances.answer)) {
      Reconciler::Batch batch = std::move(batches_.front());
      batches_.erase(batches_.begin());
      answer(batch, random, chances, now);
    }
    for (auto& question : reconciler_.take_questions()) {
      bool gone = true;
      for (const Gone& one : question.gone) {
        const ObjectPtr found = api_.find(one.key);
        gone = gone && (!found || (!one.uid.empty() && found->uid() != one.uid));
      }
      reconciler_.verified(question.id, gone, now);
    }
    for (const auto& question : reconciler_.take_revision_questions()) {
      reconciler_.revision_is(question, api_.revision(), now.mono);
    }
    for (auto& note : reconciler_.take_notes()) notes.push_back(std::move(note));
  }

  /// Lists everything, as a controller does before it begins; from views that lag, each by up to `lag` changes.
  void list(io::Random& random, uint64_t lag, io::MonoTime now) {
    for (const KindId kind : reconciler_.controller().watches) {
      const auto behind = random.below(lag + 1);
      deliver(kind, UINT64_MAX, now, behind < api_.log().size() ? api_.log().size() - behind : 0);
    }
  }

  bool quiet() const {
    if (!reconciler_.idle() || !batches_.empty()) return false;
    for (const KindId kind : reconciler_.controller().watches) {
      auto it = cursors_.find(kind);
      if ((it == cursors_.end() ? 0 : it->second) < api_.log().size()) return false;
    }
    return reconciler_.queue().failing() == 0;
  }
  uint64_t writes() const { return reconciler_.writes(); }
  const Reconciler& reconciler() const { return reconciler_; }
  std::vector<actors::EventNote> notes;

 private:
  void deliver(KindId kind, uint64_t count, io::MonoTime now, size_t end = SIZE_MAX) {
    end = std::min(end, api_.log().size());
    size_t& cursor = cursors_[kind];
    uint64_t reached = 0;
    // Revisions of other kinds pass too: a bookmark says that nothing of this kind was among them.
    for (; count > 0 && cursor < end; ++cursor) {
      const auto& event = api_.log()[cursor];
      reached = event.revision;
      if (event.object->kind() != kind) continue;
      --count;
      if (event.deleted) {
        reconciler_.removed(event.object);
      } else {
        reconciler_.changed(event.object, now);
      }
    }
    if (reached > 0) reconciler_.reached(kind, reached, false, now);
  }
  void answer(const Reconciler::Batch& batch, io::Random& random, const Chances& chances, const Instant& now) {
    std::vector<actors::WriteOutcome> outcomes;
    for (const auto& write : batch.writes) {
      actors::WriteOutcome outcome;
      if (random.chance(chances.refuse)) {
        outcome.error = conflict(kind_of(write.key.kind), write.key.name, "by chance");
      } else {
        outcome = api_.apply(write);
        if (random.chance(chances.lose)) {
          outcome = {};
          outcome.error = timed_out("by chance");
          outcome.unknown = true;
        }
      }
      outcomes.push_back(std::move(outcome));
    }
    reconciler_.answered(batch.id, outcomes, now);
  }

  FakeApi& api_;
  Reconciler reconciler_;
  bool started_ = false;
  std::map<KindId, size_t> cursors_;
  std::vector<Reconciler::Batch> batches_;
};

}  // namespace kabuki::controllers::testing

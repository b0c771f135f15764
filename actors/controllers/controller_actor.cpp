#include "actors/controllers/controller_actor.hpp"

#include <optional>

#include "actors/controllers/reconciler.hpp"
#include "actors/event_recorder.hpp"
#include "messages/status.hpp"
#include "runtime/watch_client.hpp"

namespace kabuki::controllers {
namespace {

using actors::Write;
using runtime::WatchClient;

constexpr size_t kEventsPerWrite = 256;
constexpr io::Duration kAskAgain = std::chrono::seconds(1);
constexpr int kNotFound = 404;

/// Whether none of `gone` is among the objects of the answer under its uid.
bool all_gone(const std::vector<Gone>& gone, const runtime::Message& message, const bus::GetObjectsReply& reply) {
  if (static_cast<size_t>(reply.items_size()) != gone.size()) return false;
  for (size_t i = 0; i < gone.size(); ++i) {
    const auto& item = reply.items(static_cast<int>(i));
    if (!item.found()) continue;
    if (gone[i].uid.empty() || item.object() >= message.objects.size()) return false;
    if (message.objects[item.object()]->uid() == gone[i].uid) return false;
  }
  return true;
}

class ControllerActor : public runtime::Actor {
 public:
  ControllerActor(Controller controller, ControllerOptions options)
      : options_(std::move(options)), recorder_(controller.name), reconciler_(std::move(controller)) {}

 private:
  Instant instant() const { return {now(), mono()}; }
  const Controller& controller() const { return reconciler_.controller(); }

  void started() override {
    unlisted_.resize(controller().watches.size());
    for (const KindId kind : controller().watches) {
      runtime::WatchOptions options;
      options.source = options_.source;
      options.selection.set_kind(kind);
      const size_t index = watches_.size();
      WatchClient::Handlers handlers;
      handlers.on_event = [this, index](WatchClient::Type type, const ObjectPtr& object, uint64_t) {
        if (!unlisted_[index].empty()) runtime::take_from(&unlisted_[index], runtime::ByName::of(object));
        if (type == bus::WatchEvents::DELETED) {
          reconciler_.removed(object);
        } else {
          reconciler_.changed(object, mono());
          if (!awake_ && (!controller().occupies || controller().occupies(*object))) awaken();
        }
      };
      handlers.on_reset = [this, index, kind] { unlisted_[index] = reconciler_.view().all(kind); };
      handlers.on_synced = [this, index] {
        for (const ObjectPtr& object : std::exchange(unlisted_[index], {})) reconciler_.removed(object);
        caught_up(index, true);
      };
      handlers.on_batch = [this, index] { caught_up(index, false); };
      watches_.push_back(std::make_unique<WatchClient>(*this, std::move(options), std::move(handlers)));
    }
    if (controller().sleeps_without == 0) return awaken();
    for (size_t i = 0; i < controller().sleeps_without; ++i) watches_[i]->open();
  }

  void awaken() {
    awake_ = true;
    for (auto& watch : watches_) watch->open();
  }

  void caught_up(size_t index, bool listed) {
    const WatchClient& watch = *watches_[index];
    if (!watch.synced()) return;
    reconciler_.reached(controller().watches[index], watch.revision(), listed, mono());
    if (!started_ && all_synced()) {
      started_ = true;
      reconciler_.start();
    }
    wake();
  }

  bool all_synced() const {
    return std::all_of(watches_.begin(), watches_.end(), [](const auto& watch) { return watch->synced(); });
  }

  void received(runtime::Inbound& in) override {
    for (auto& watch : watches_) {
      if (watch->received(in)) return;
    }
    if (!WatchClient::is_stream_message(in)) in.reply.fail(bad_request("a controller takes no such message"));
  }

  /// Work soon, after the messages that wait already: their changes are decided upon together.
  void wake() {
    if (std::exchange(work_is_due_, true)) return;
    mailbox().post([this] {
      work_is_due_ = false;
      work();
    });
  }

  void work() {
    // While a view lists anew it shows a mixture of times.
    if (!all_synced()) return;
    for (auto& batch : reconciler_.work(instant())) send(std::move(batch));
    for (auto& question : reconciler_.take_questions()) verify(std::move(question));
    for (const auto& question : reconciler_.take_revision_questions()) ask_revision(question);
    for (const auto& note : reconciler_.take_notes()) recorder_.record(note, now());
    send_events();
    arm();
  }

  void arm() {
    if (timer_) cancel(*std::exchange(timer_, std::nullopt));
    if (reconciler_.due(mono())) return wake();
    const auto due = reconciler_.next_due();
    if (!due) return;
    timer_ = after(std::max(io::Duration(0), *due - mono()), [this] {
      timer_.reset();
      wake();
    });
  }

  void send(Reconciler::Batch batch) {
    ask(options_.api, actors::write_message(batch.writes, controller().name, options_.fence), options_.write_timeout,
        [this, id = batch.id, count = batch.writes.size()](const Result<runtime::MessagePtr>& answer) {
          reconciler_.answered(id, actors::read_outcomes(answer, count), instant());
          wake();
        });
  }

  void verify(Reconciler::Question question) {
    bus::GetObjects get;
    for (const Gone& one : question.gone) {
      auto* key = get.add_keys();
      key->set_kind(one.key.kind);
      key->set_namespace_(one.key.ns);
      key->set_name(one.key.name);
    }
    ask(options_.api, runtime::make_message(std::move(get)), options_.write_timeout,
        [this, question = std::move(question)](const Result<runtime::MessagePtr>& answer) {
          const auto* reply = answer.ok() ? (*answer)->as<bus::GetObjectsReply>() : nullptr;
          reconciler_.verified(question.id, reply && all_gone(question.gone, **answer, *reply), instant());
          wake();
        });
  }

  /// Asks until there is an answer: the keys that wait for it must not be touched before.
  /// What a former life has sent is let end first: it might yet add to what the view is to show.
  void ask_revision(const Reconciler::RevisionQuestion& question) {
    ask(options_.api, actors::write_message({}, controller().name), options_.write_timeout,
        [this, question](const Result<runtime::MessagePtr>& ended) {
          if (ended.ok()) return read_revision(question);
          after(kAskAgain, [this, question] { ask_revision(question); });
        });
  }

  void read_revision(const Reconciler::RevisionQuestion& question) {
    bus::ListObjects list;
    list.mutable_selection()->set_kind(question.kind);
    list.set_limit(1);
    ask(options_.api, runtime::make_message(std::move(list)), options_.write_timeout,
        [this, question](const Result<runtime::MessagePtr>& answer) {
          const auto* reply = answer.ok() ? (*answer)->as<bus::ListObjectsReply>() : nullptr;
          if (!reply) {
            after(kAskAgain, [this, question] { ask_revision(question); });
            return;
          }
          reconciler_.revision_is(question, reply->changed(), mono());
          wake();
        });
  }

  void send_events() {
    if (events_in_flight_ || recorder_.waiting() == 0) return;
    auto writes = recorder_.take(kEventsPerWrite);
    events_in_flight_ = true;
    auto message = actors::write_message(writes, controller().name, options_.fence);
    ask(options_.api, std::move(message), options_.write_timeout,
        [this, writes = std::move(writes)](const Result<runtime::MessagePtr>& answer) {
          events_in_flight_ = false;
          const auto outcomes = actors::read_outcomes(answer, writes.size());
          for (size_t i = 0; i < writes.size(); ++i) {
            if (outcomes[i].error && outcomes[i].error->code == kNotFound) recorder_.forget(writes[i].key);
          }
          send_events();
        });
  }

  std::string health() const override {
    if (!awake_) return "sleeps: there is nothing to control";
    for (const auto& watch : watches_) {
      if (auto trouble = watch->health(); !trouble.empty()) return trouble;
    }
    const WorkQueue& queue = reconciler_.queue();
    return std::to_string(reconciler_.writes()) + " writes; " + std::to_string(queue.queued()) + " queued, " +
           std::to_string(queue.held()) + " under way, " + std::to_string(queue.waiting()) + " waiting, " +
           std::to_string(queue.failing()) + " failing";
  }

  const ControllerOptions options_;
  actors::EventRecorder recorder_;
  Reconciler reconciler_;
  std::vector<std::unique_ptr<WatchClient>> watches_;
  /// Of each watch that lists anew, what the view has and the list has not shown yet. So the view alone remembers.
  std::vector<runtime::ObjectSet> unlisted_;
  std::optional<TimerId> timer_;
  bool awake_ = false;
  bool started_ = false;
  bool work_is_due_ = false;
  bool events_in_flight_ = false;
};

}  // namespace

std::unique_ptr<runtime::Actor> make_controller(Controller controller, ControllerOptions options) {
  return std::make_unique<ControllerActor>(std::move(controller), std::move(options));
}

}  // namespace kabuki::controllers

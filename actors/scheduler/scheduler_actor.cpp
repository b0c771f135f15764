#include "actors/scheduler/scheduler_actor.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "actors/event_recorder.hpp"
#include "actors/scheduler/report.hpp"
#include "actors/scheduler/scheduler_state.hpp"
#include "actors/write.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "runtime/watch_client.hpp"

namespace kabuki::scheduler {
namespace {

using actors::Write;
using actors::WriteOutcome;
using runtime::WatchClient;

constexpr KindId kOtherKinds[] = {kinds::kNamespace,    kinds::kPersistentVolume, kinds::kPersistentVolumeClaim,
                                  kinds::kStorageClass, kinds::kCSINode,          kinds::kPodDisruptionBudget};
constexpr size_t kPodsPerRound = 256;
constexpr size_t kMaxBindsInFlight = 8;  // messages
constexpr size_t kEventsPerWrite = 256;
constexpr std::chrono::milliseconds kRetryPause{100};
constexpr int kConflict = 409;
constexpr int kNotFound = 404;

BindOutcome outcome_of(const WriteOutcome& outcome) {
  if (!outcome.error) return BindOutcome::done;
  if (outcome.unknown) return BindOutcome::unknown;
  return outcome.error->code == kConflict ? BindOutcome::conflict : BindOutcome::refused;
}

class SchedulerActor : public runtime::Actor {
 public:
  explicit SchedulerActor(SchedulerOptions options) : options_(std::move(options)), recorder_(options_.user_agent) {}

 private:
  void started() override {
    auto profiles = options_.profiles;
    if (profiles.empty()) profiles.push_back(Profile::standard());
    state_.emplace(std::move(profiles), random().split("placement"));
    watch(nodes_, kinds::kNode, [this](WatchClient::Type type, const ObjectPtr& node) {
      if (type == bus::WatchEvents::DELETED) {
        state_->node_deleted(std::string(node->name()));
      } else {
        state_->node_changed(*node);
      }
    });
    watch(pods_, kinds::kPod, [this](WatchClient::Type type, const ObjectPtr& pod) {
      if (type == bus::WatchEvents::DELETED) {
        state_->pod_deleted(pod->key());
      } else {
        state_->pod_changed(pod);
      }
    });
    for (size_t i = 0; i < std::size(kOtherKinds); ++i) {
      watch(others_[i], kOtherKinds[i], [this](WatchClient::Type type, const ObjectPtr& object) {
        if (type == bus::WatchEvents::DELETED) {
          state_->other_deleted(object->key());
        } else {
          state_->other_changed(*object);
        }
      });
    }
    wait_for_former_life();
  }

  /// Decides nothing before the view shows every bind of a former life of this scheduler: those it has sent are let
  /// end, then the view has to reach what the store has.
  void wait_for_former_life() {
    ask(options_.api, actors::write_message({}, options_.user_agent), options_.write_timeout,
        [this](const Result<runtime::MessagePtr>& ended) { ended ? read_revision() : try_again(); });
  }

  void read_revision() {
    bus::ListObjects one;
    one.mutable_selection()->set_kind(kinds::kPod);
    one.set_limit(1);
    ask(options_.api, runtime::make_message(std::move(one)), options_.write_timeout,
        [this](const Result<runtime::MessagePtr>& answer) {
          const auto* page = answer ? (*answer)->as<bus::ListObjectsReply>() : nullptr;
          if (!page) return try_again();
          pods_->when_reached(page->changed(), [this] {
            caught_up_ = true;
            wake();
          });
        });
  }

  void try_again() {
    after(kRetryPause, [this] { wait_for_former_life(); });
  }

  template <class Take>
  void watch(std::optional<WatchClient>& client, KindId kind, Take take) {
    runtime::WatchOptions options;
    options.source = options_.source;
    options.selection.set_kind(kind);
    options.remember = true;
    WatchClient::Handlers handlers;
    handlers.on_event = [take](WatchClient::Type type, const ObjectPtr& object, uint64_t) { take(type, object); };
    handlers.on_synced = [this] { wake(); };
    handlers.on_batch = [this] { wake(); };
    client.emplace(*this, std::move(options), std::move(handlers));
    client->open();
  }

  void received(runtime::Inbound& in) override {
    if (pods_->received(in) || nodes_->received(in)) return;
    for (auto& other : others_) {
      if (other->received(in)) return;
    }
    if (WatchClient::is_stream_message(in)) return;
    in.reply.fail(bad_request("the scheduler takes no such message"));
  }

  /// One round soon, after the messages that wait already: their changes are decided upon together.
  void wake() {
    if (std::exchange(round_is_due_, true)) return;
    mailbox().post([this] {
      round_is_due_ = false;
      round();
    });
  }

  void round() {
    if (!caught_up_ || !synced() || binds_in_flight_ >= kMaxBindsInFlight) return;
    auto round = state_->schedule(kPodsPerRound, mono());
    report(round.failures);
    if (!round.binds.empty()) send(std::move(round.binds));
    if (round.more) wake();
    arm(round.next);
  }

  bool synced() const {
    return pods_->synced() && nodes_->synced() &&
           std::all_of(others_.begin(), others_.end(), [](const auto& other) { return other->synced(); });
  }

  void arm(std::optional<io::MonoTime> next) {
    if (timer_) cancel(*std::exchange(timer_, std::nullopt));
    if (!next) return;
    timer_ = after(std::max(io::Duration(0), *next - mono()), [this] {
      timer_.reset();
      wake();
    });
  }

  void send(std::vector<SchedulerState::Bind> binds) {
    std::vector<Write> writes;
    writes.reserve(binds.size());
    for (const auto& bind : binds) {
      writes.push_back(Write::bind(bind.pod->key(), std::string(bind.pod->uid()), bind.node));
    }
    ++binds_in_flight_;
    ask(options_.api, actors::write_message(writes, options_.user_agent, options_.fence), options_.write_timeout,
        [this, decided = now(), binds = std::move(binds)](const Result<runtime::MessagePtr>& answer) {
          --binds_in_flight_;
          answered(binds, actors::read_outcomes(answer, binds.size()), decided);
        });
  }

  /// `decided`: when the binds were sent. Their events are of that moment, and so before all that kubelets tell.
  void answered(const std::vector<SchedulerState::Bind>& binds, const std::vector<WriteOutcome>& outcomes,
                io::WallTime decided) {
    for (size_t i = 0; i < binds.size(); ++i) {
      const BindOutcome outcome = outcome_of(outcomes[i]);
      state_->bind_answered(binds[i], outcome, mono());
      if (outcome == BindOutcome::done) {
        if (options_.record_scheduled) recorder_.record(scheduled_note(*binds[i].pod, binds[i].node), decided);
      } else {
        refused(binds[i], outcomes[i]);
      }
    }
    send_events();
    wake();
  }

  void refused(const SchedulerState::Bind& bind, const WriteOutcome& outcome) {
    ++refused_;
    runtime::log(runtime::Level::debug, name(), "a bind was not taken",
                 {{"pod", bind.pod->name()}, {"node", bind.node}, {"why", outcome.error->message}});
  }

  void report(const std::vector<SchedulerState::Failure>& failures) {
    if (failures.empty()) return;
    std::vector<Write> writes;
    std::vector<Key> victims;  // of the last writes
    for (const auto& failure : failures) {
      recorder_.record(failed_note(*failure.pod, failure.message), now());
      if (auto write = unschedulable_condition(*failure.pod, failure.message, failure.nominated, now())) {
        writes.push_back(std::move(*write));
      }
      for (const ObjectPtr& victim : failure.victims) {
        recorder_.record(preempted_note(*victim, *failure.pod, failure.nominated), now());
        writes.push_back(disruption_condition(*victim, *failure.pod, now()));
        victims.push_back(victim->key());
      }
    }
    for (const auto& failure : failures) {
      for (const ObjectPtr& victim : failure.victims) writes.push_back(Write::remove(*victim));
    }
    // A condition that is refused is stale, and the next failed attempt says it again.
    if (!writes.empty()) {
      const size_t count = writes.size();
      ask(options_.api, actors::write_message(writes, options_.user_agent, options_.fence), options_.write_timeout,
          [this, count, victims = std::move(victims)](const Result<runtime::MessagePtr>& answer) {
            const auto outcomes = actors::read_outcomes(answer, count);
            const size_t first = count - victims.size();
            for (size_t i = 0; i < victims.size(); ++i) {
              if (outcomes[first + i].error) state_->eviction_refused(victims[i]);
            }
          });
    }
    send_events();
  }

  void send_events() {
    if (events_in_flight_ || recorder_.waiting() == 0) return;
    auto writes = recorder_.take(kEventsPerWrite);
    events_in_flight_ = true;
    auto message = actors::write_message(writes, options_.user_agent, options_.fence);
    ask(options_.api, std::move(message), options_.write_timeout,
        [this, writes = std::move(writes)](const Result<runtime::MessagePtr>& answer) {
          events_in_flight_ = false;
          const auto outcomes = actors::read_outcomes(answer, writes.size());
          for (size_t i = 0; i < writes.size(); ++i) {
            const auto& error = outcomes[i].error;
            if (error && error->code == kNotFound) recorder_.forget(writes[i].key);
          }
          send_events();
        });
  }

  std::string health() const override {
    if (!state_ || !pods_ || !nodes_) return "starting";
    std::string trouble = pods_->health();
    if (trouble.empty()) trouble = nodes_->health();
    if (!trouble.empty()) return trouble;
    const auto& queue = state_->queue();
    return std::to_string(state_->placed()) + " placed on " + std::to_string(state_->nodes().size()) + " nodes; " +
           std::to_string(queue.active()) + " active, " + std::to_string(queue.backing_off()) + " backing off, " +
           std::to_string(queue.waiting()) + " unschedulable, " + std::to_string(state_->assumed()) + " assumed, " +
           std::to_string(refused_) + " refused";
  }

  const SchedulerOptions options_;
  actors::EventRecorder recorder_;
  std::optional<SchedulerState> state_;
  std::optional<WatchClient> pods_;
  std::optional<WatchClient> nodes_;
  std::array<std::optional<WatchClient>, std::size(kOtherKinds)> others_;
  std::optional<TimerId> timer_;
  bool caught_up_ = false;  // with the binds of a former life
  bool round_is_due_ = false;
  bool events_in_flight_ = false;
  size_t binds_in_flight_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace

std::unique_ptr<runtime::Actor> make_scheduler(SchedulerOptions options) {
  return std::make_unique<SchedulerActor>(std::move(options));
}

}  // namespace kabuki::scheduler

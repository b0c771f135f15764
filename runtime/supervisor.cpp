#include "runtime/supervisor.hpp"

#include <deque>

#include "messages/bus/control.pb.h"
#include "messages/status.hpp"
#include "runtime/actor_cell.hpp"
#include "runtime/caf_host.hpp"
#include "runtime/log.hpp"
#include "runtime/restart.hpp"
#include "runtime/standing_children.hpp"

namespace kabuki::runtime {

/// OTP's supervisor works off one thing after another and blocks meanwhile. This one does the same things in the same
/// order without blocking: `steps_` is the work at hand, one stop or start at a time; ends of children that come in
/// between wait in `ended_`. Only a shutdown overtakes it.
class Supervisor final : public SupervisorActor, public StandingChildren {
 public:
  explicit Supervisor(SupervisorSpec spec) : spec_(std::move(spec)) {
    for (auto& child : spec_.children) children_.push_back({std::move(child)});
  }

  std::vector<StandingChildren::Child> standing_children() const override {
    std::vector<StandingChildren::Child> all;
    for (const Supervisor::Child& child : children_) all.push_back({child.spec.name, child.spec.make()});
    return all;
  }

 private:
  enum class Phase { starting, running, stopping };
  struct Child {
    ChildSpec spec;
    uint64_t instance = 0;  // 0: not alive
    uint32_t restarts = 0;
    bool restarting = false;  // its last start failed, another is queued
    bool dropped = false;     // temporary and ended: not looked at any more
  };
  struct Step {
    bool start = false;
    size_t child = 0;
  };
  struct Ended {
    size_t child = 0;
    ExitReason reason;
  };

  void started() override {
    for (size_t i = 0; i < children_.size(); ++i) steps_.push_back({true, i});
    advance();
  }

  void received(Inbound& in) override {
    in.reply.fail(bad_request("supervisor " + name() + " does not understand this message"));
  }

  std::string health() const override { return why_; }

  void child_started(uint64_t instance) override {
    if (!waiting_for_start_ || instance != awaited_) return;
    awaited_ = 0;
    advance();
  }

  void child_exited(uint64_t instance, const ExitReason& reason) override {
    const auto position = find(instance);
    if (!position) return;
    Child& child = children_[*position];
    child.instance = 0;
    if (awaited_ == instance) {
      awaited_ = 0;
      if (kill_timer_) cancel(std::exchange(kill_timer_, 0));
      if (waiting_for_start_) return start_failed(*position, reason);
      return advance();
    }
    if (phase_ == Phase::stopping) return;
    ended_.push_back({*position, reason});
    advance();
  }

  void stop_requested() override { begin_shutdown({ExitReason::Kind::shutdown, {}}); }

  void describe(bus::ActorInfo* info) const override {
    if (phase_ == Phase::starting) info->set_state("starting");
    if (phase_ == Phase::stopping) info->set_state("stopping");
    for (const auto& child : children_) {
      if (child.instance != 0 || child.dropped) continue;
      auto* line = info->add_children();
      line->set_name(name() + "/" + child.spec.name);
      line->set_type(child.spec.supervisor ? "supervisor" : "worker");
      line->set_state(child.restarting || !steps_.empty() ? "restarting" : "stopped");
      line->set_restarts(child.restarts);
    }
  }

  /// Works until it must wait for a child, or nothing is left to do.
  void advance() {
    while (awaited_ == 0) {
      if (!steps_.empty()) {
        const Step step = steps_.front();
        steps_.pop_front();
        step.start ? start_child(step.child) : stop_child_at(step.child);
      } else if (phase_ == Phase::stopping) {
        return cell_->end(reason_);
      } else if (phase_ == Phase::starting) {
        phase_ = Phase::running;
        cell_->notify_started();
      } else if (!ended_.empty()) {
        const Ended ended = std::move(ended_.front());
        ended_.pop_front();
        child_is_gone(ended.child, ended.reason);
      } else {
        return;
      }
    }
  }

  void start_child(size_t position) {
    Child& child = children_[position];
    child.restarting = false;
    std::unique_ptr<Actor> actor = child.spec.make();
    auto spawned = cell_->spawn(child.spec.name, std::move(actor), true, child.restarts);
    if (!spawned.ok()) return start_failed(position, {ExitReason::Kind::failed, spawned.error().message});
    child.instance = awaited_ = *spawned;
    waiting_for_start_ = true;
  }

  void stop_child_at(size_t position) {
    Child& child = children_[position];
    if (child.instance == 0) return;
    awaited_ = child.instance;
    waiting_for_start_ = false;
    cell_->stop_child(child.spec.name, false);
    if (child.spec.supervisor) return;
    kill_timer_ = after(child.spec.shutdown, [this, position] {
      kill_timer_ = 0;
      const Child& late = children_[position];
      log(Level::warning, name(), "child did not stop in time, killed", {{"child", late.spec.name}});
      cell_->stop_child(late.spec.name, true);
    });
  }

  void start_failed(size_t position, const ExitReason& reason) {
    Child& child = children_[position];
    log(Level::error, name(), "child failed to start", {{"child", child.spec.name}, {"why", reason.what}});
    if (phase_ == Phase::stopping) return advance();
    if (phase_ == Phase::starting) {
      return begin_shutdown(
          {ExitReason::Kind::failed, "child " + child.spec.name + " failed to start: " + reason.what});
    }
    steps_.clear();
    child.restarting = true;
    // Through the mailbox, so that a shutdown can come between two attempts.
    mailbox().post([this, position] {
      if (phase_ == Phase::running && children_[position].restarting) restart(position);
    });
    advance();
  }

  void child_is_gone(size_t position, const ExitReason& reason) {
    Child& child = children_[position];
    // A restart of its siblings may have started it again meanwhile.
    if (child.instance != 0 || child.dropped) return;
    if (reason.abnormal())
      log(Level::warning, name(), "child ended", {{"child", child.spec.name}, {"why", reason.what}});
    if (is_restarted(child.spec.restart, reason.kind)) {
      restart(position);
    } else if (child.spec.restart == Restart::temporary) {
      child.dropped = true;
    }
  }

  void restart(size_t position) {
    auto count = count_restart(std::move(restarts_), mono(), spec_.period, spec_.intensity);
    restarts_ = std::move(count.restarts);
    if (count.give_up) {
      why_ = "gave up on " + children_[position].spec.name;
      log(Level::error, name(), "too many restarts", {{"child", children_[position].spec.name}});
      return begin_shutdown(
          {ExitReason::Kind::shutdown, "reached the limit of restarts at " + children_[position].spec.name});
    }
    host().metrics().counter("kabuki_actor_restarts_total").add();
    ++children_[position].restarts;
    std::vector<ChildView> views;
    for (const auto& child : children_)
      views.push_back({child.dropped ? Restart::temporary : child.spec.restart, child.instance != 0});
    const RestartPlan plan = plan_restart(spec_.strategy, views, position);
    for (const size_t i : plan.drop) children_[i].dropped = true;
    steps_.clear();
    for (const size_t i : plan.stop) steps_.push_back({false, i});
    for (const size_t i : plan.start) steps_.push_back({true, i});
    advance();
  }

  /// Ends every child, right to left, and then this supervisor.
  void begin_shutdown(ExitReason reason) {
    if (phase_ == Phase::stopping) return;
    phase_ = Phase::stopping;
    reason_ = std::move(reason);
    steps_.clear();
    ended_.clear();
    // One that is just starting or stopping is awaited like any other: in its turn.
    if (kill_timer_) cancel(std::exchange(kill_timer_, 0));
    awaited_ = 0;
    for (size_t i = children_.size(); i-- > 0;) steps_.push_back({false, i});
    advance();
  }

  std::optional<size_t> find(uint64_t instance) const {
    for (size_t i = 0; i < children_.size(); ++i)
      if (children_[i].instance == instance) return i;
    return std::nullopt;
  }

  SupervisorSpec spec_;
  std::vector<Child> children_;
  Phase phase_ = Phase::starting;
  std::deque<Step> steps_;
  std::deque<Ended> ended_;
  std::vector<io::MonoTime> restarts_;
  uint64_t awaited_ = 0;  // the child that the last step waits for
  bool waiting_for_start_ = false;
  TimerId kill_timer_ = 0;
  ExitReason reason_;
  std::string why_;
};

std::unique_ptr<Actor> make_supervisor(SupervisorSpec spec) { return std::make_unique<Supervisor>(std::move(spec)); }

ChildSpec supervisor_child(std::string name, SupervisorSpec spec, Restart restart) {
  ChildSpec child;
  child.name = std::move(name);
  child.make = [spec = std::move(spec)] { return make_supervisor(spec); };
  child.restart = restart;
  child.supervisor = true;
  return child;
}

}  // namespace kabuki::runtime

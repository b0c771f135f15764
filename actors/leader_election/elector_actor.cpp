#include "actors/leader_election/elector_actor.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "messages/api/core/v1/namespace.pb.h"
#include "messages/bus/control.pb.h"
#include "messages/meta.hpp"
#include "messages/status.hpp"
#include "runtime/host.hpp"
#include "runtime/log.hpp"
#include "runtime/metrics.hpp"
#include "runtime/restart.hpp"
#include "runtime/standing_children.hpp"

namespace kabuki::leader_election {
namespace {

using actors::Write;
using actors::WriteOutcome;
using runtime::ChildSpec;
using runtime::ExitReason;
using runtime::Level;
using runtime::MessagePtr;
using Lease = ::k8s::io::api::coordination::v1::Lease;
using Namespace = ::k8s::io::api::core::v1::Namespace;

constexpr const char* kUserAgent = "kabuki-elector";
constexpr io::Duration kPauseMin = std::chrono::milliseconds(20);
constexpr io::Duration kPauseMax = std::chrono::milliseconds(200);
constexpr int kMaxDoublings = 10;
constexpr int kNotFound = 404;

class Elector final : public runtime::Actor, public runtime::StandingChildren {
 public:
  explicit Elector(ElectorOptions options) : options_(std::move(options)) {}

  /// Those of a leader.
  std::vector<StandingChildren::Child> standing_children() const override {
    std::vector<StandingChildren::Child> all;
    for (const ChildSpec& spec : options_.led({})) all.push_back({spec.name, spec.make()});
    return all;
  }

 private:
  void started() override {
    election_.emplace(host_name(), options_.election);
    lease_.mutable_metadata()->set_namespace_(kLeaseNamespace);
    lease_.mutable_metadata()->set_name(options_.lease);
    look();
  }

  void received(runtime::Inbound& in) override {
    if (!in.as<bus::GetLeader>()) return in.reply.fail(bad_request("an elector does not understand this message"));
    bus::Leader leader;
    leader.set_leads(is_leading());
    leader.set_holder(leader.leads() ? host_name() : election_->holder());
    leader.set_term(leader.leads() ? election_->term() : 0);
    if (!leader.holder().empty() && !options_.role.empty()) leader.set_address(holder_of_role(leader.holder()).text);
    in.reply.send(runtime::make_message(std::move(leader)));
  }

  void stopping() override {
    if (auto write = election_->release(mono(), now())) {
      tell(options_.api, actors::write_message(std::vector{lease_write(*write, &lease_)}, kUserAgent));
    }
  }

  std::string health() const override {
    if (is_leading()) return "leads " + options_.lease + ", term " + std::to_string(election_->term());
    std::string line = election_->holder().empty() ? "asks who leads " + options_.lease
                                                   : "stands by, " + election_->holder() + " leads " + options_.lease;
    return trouble_.empty() ? line : line + ": " + trouble_;
  }

  bool is_leading() const { return election_->leads(mono()); }

  // --- the Lease; one request at a time

  void look() {
    bus::GetObjects get;
    auto* key = get.add_keys();
    key->set_kind(kinds::kLease);
    key->set_namespace_(kLeaseNamespace);
    key->set_name(options_.lease);
    ask(options_.api, runtime::make_message(std::move(get)), ask_timeout(),
        [this](const Result<MessagePtr>& answer) { looked(answer); });
  }

  void looked(const Result<MessagePtr>& answer) {
    const auto* reply = answer ? (*answer)->as<bus::GetObjectsReply>() : nullptr;
    if (!reply || reply->items_size() != 1) {
      return try_again(answer ? "no answer to a read" : answer.error().message);
    }
    std::optional<LeaseRecord> record;
    uint64_t revision = 0;
    if (reply->items(0).found()) {
      const ObjectPtr& object = (*answer)->objects.at(reply->items(0).object());
      Lease lease;
      if (auto parsed = object->parse(&lease); !parsed) return try_again(parsed.error().message);
      record = record_of(lease);
      revision = object->revision();
      lease_ = std::move(lease);
    } else {
      lease_.mutable_metadata()->clear_uid();
    }
    election_->seen(record, revision, mono());
    worked();
    follow();
    act();
  }

  /// Renews, takes over or waits.
  void act() {
    auto write = election_->due(mono(), now());
    if (!write) return act_later(election_->next(mono(), random().unit()) - mono());
    Lease wanted = lease_;
    auto message = actors::write_message(std::vector{lease_write(*write, &wanted)}, kUserAgent);
    ask(options_.api, std::move(message), ask_timeout(),
        [this, write = *write, wanted = std::move(wanted), sent = mono()](const Result<MessagePtr>& answer) {
          written(write, wanted, sent, actors::read_outcomes(answer, 1).front());
        });
  }

  static Write lease_write(const Election::Write& write, Lease* lease) {
    put_record(write.record, lease);
    lease->mutable_metadata()->clear_resourceversion();
    Write out = Write::create(kinds::kLease, *lease);
    if (write.expected_revision == 0) return out;
    out.verb = bus::WriteObjects::UPDATE;
    out.expected_revision = write.expected_revision;
    return out;
  }

  void written(const Election::Write& write, const Lease& lease, io::MonoTime sent, const WriteOutcome& outcome) {
    if (outcome.error) {
      election_->unclear();
      const bool no_namespace = outcome.error->code == kNotFound && write.expected_revision == 0;
      return no_namespace ? make_namespace() : try_again(outcome.error->message);
    }
    lease_ = lease;
    election_->written(write, outcome.revision, sent);
    worked();
    follow();
    act_later(election_->next(mono(), random().unit()) - mono());
  }

  /// A new cluster has no namespaces: who makes them is led by a Lease in one of them.
  void make_namespace() {
    Namespace space;
    space.mutable_metadata()->set_name(kLeaseNamespace);
    ask(options_.api, actors::write_message(std::vector{Write::create(kinds::kNamespace, space)}, kUserAgent),
        ask_timeout(), [this](const Result<MessagePtr>&) { look(); });
  }

  void act_later(io::Duration delay) {
    after(std::max(delay, io::Duration(0)), [this] { is_leading() && !election_->must_read() ? act() : look(); });
  }

  void try_again(std::string why) {
    trouble_ = std::move(why);
    const auto pause = std::min(kPauseMax, kPauseMin * (int64_t{1} << std::min(failures_++, kMaxDoublings)));
    const auto half = std::min(pause, options_.election.retry_period) / 2;
    after(half + io::Duration(random().between(0, half.count())), [this] { look(); });
  }

  void worked() {
    failures_ = 0;
    trouble_.clear();
  }

  /// Long enough for a slow store, short enough to try twice before the deadline.
  io::Duration ask_timeout() const { return options_.election.renew_deadline / 2; }

  // --- what is led

  /// Makes the children, the deadline and the role as the election has it.
  void follow() {
    if (deadline_) cancel(*std::exchange(deadline_, std::nullopt));
    if (!is_leading()) {
      if (std::exchange(led_, false)) {
        runtime::log(Level::warning, name(), "does not lead any more", {{"lease", options_.lease}});
        kill_children();
      }
    } else {
      deadline_ = after(election_->deadline() - mono(), [this] {
        deadline_.reset();
        trouble_ = "could not renew in time";
        follow();
      });
      if (!led_ || fence_.term != election_->term()) lead();
    }
    follow_role();
  }

  void lead() {
    runtime::log(Level::info, name(), "leads", {{"lease", options_.lease}, {"term", election_->term()}});
    led_ = true;
    fence_ = {.lease = options_.lease, .holder = host_name(), .term = election_->term(), .began = election_->began()};
    restarts_.clear();
    specs_ = options_.led(fence_);
    // Those of a former term come first to their end.
    children().empty() ? start_children() : kill_children();
  }

  void start_children() {
    for (const ChildSpec& spec : specs_) start(spec);
  }

  void start(const ChildSpec& spec) {
    if (auto spawned = spawn(spec.name, spec.make()); !spawned) fail(spawned.error().message);
  }

  void kill_children() {
    starting_over_ = !children().empty();
    for (const std::string& child : children()) stop_child(child, /*kill=*/true);
  }

  void child_ended(const std::string& child, const ExitReason& reason) override {
    if (starting_over_) {
      if (!children().empty()) return;
      starting_over_ = false;
      if (led_) start_children();
      return;
    }
    // This host stops.
    if (!led_ || reason.kind == ExitReason::Kind::shutdown) return;
    const auto spec = std::ranges::find(specs_, child, &ChildSpec::name);
    if (spec == specs_.end() || !runtime::is_restarted(spec->restart, reason.kind)) return;
    runtime::log(Level::warning, name(), "child ended", {{"child", child}, {"why", reason.what}});
    auto count = runtime::count_restart(std::move(restarts_), mono(), options_.period, options_.intensity);
    restarts_ = std::move(count.restarts);
    if (count.give_up) return fail("too many restarts of " + child);
    host().metrics().counter("kabuki_actor_restarts_total").add();
    start(*spec);
  }

  runtime::Address holder_of_role(const std::string& holder) const {
    return {holder + name().substr(host_name().size()) + "/" + options_.role_child};
  }

  void follow_role() {
    if (options_.role.empty()) return;
    const auto roles = host().roles();
    const auto now_held = roles.find(options_.role);
    const bool ours = now_held != roles.end() && now_held->second == holder_of_role(host_name());
    if (led_) {
      if (!ours) host().set_role(options_.role, holder_of_role(host_name()));
      return;
    }
    const std::string& holder = election_->holder();
    if (holder.empty() || holder == host_name()) {
      if (ours) host().remove_role(options_.role);
    } else if (now_held == roles.end() || now_held->second != holder_of_role(holder)) {
      host().set_role(options_.role, holder_of_role(holder));
    }
  }

  const ElectorOptions options_;
  std::optional<Election> election_;
  Lease lease_;  // as last read or written: what of it is not ours is kept
  std::string trouble_;
  int failures_ = 0;
  std::optional<TimerId> deadline_;

  bool led_ = false;  // children run, or will once those of a former term have ended
  bool starting_over_ = false;
  actors::Fence fence_;
  std::vector<ChildSpec> specs_;
  std::vector<io::MonoTime> restarts_;
};

}  // namespace

std::unique_ptr<runtime::Actor> make_elector(ElectorOptions options) {
  return std::make_unique<Elector>(std::move(options));
}

}  // namespace kabuki::leader_election

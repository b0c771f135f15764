#include "actors/membership/membership_actor.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/bus/control.pb.h"
#include "messages/bus/objects.pb.h"
#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "runtime/host.hpp"
#include "runtime/log.hpp"
#include "runtime/membership.hpp"

namespace kabuki::membership {
namespace {

using runtime::Address;
using runtime::Inbound;
using runtime::Level;
using runtime::make_message;
using runtime::MembershipTable;
using runtime::MessagePtr;
using ConfigMap = k8s::io::api::core::v1::ConfigMap;

constexpr const char* kNamespace = "kube-system";
constexpr const char* kObject = "kabuki-members";
constexpr io::Duration kAskTimeout = std::chrono::seconds(5);
constexpr io::Duration kRetryPause = std::chrono::milliseconds(50);
/// Two beats of a member and a bit.
constexpr io::Duration kPresumedUp = std::chrono::seconds(5);
constexpr io::Duration kRolesPause = std::chrono::milliseconds(500);

class MembershipActor final : public runtime::Actor {
 public:
  explicit MembershipActor(MembershipOptions options) : options_(options) {}

 protected:
  void started() override {
    host().on_peer_changed([mailbox = mailbox(), this](const std::string& peer, bool up) {
      mailbox.post([this, peer, up] { peer_changed(peer, up); });
    });
    load();
    watch_roles();
  }

  void received(Inbound& in) override {
    if (const auto* join_request = in.as<bus::Join>()) {
      join(*join_request, in);
    } else if (in.as<bus::GetMembers>()) {
      in.reply.send(make_message(members()));
    } else {
      in.reply.fail(bad_request("membership does not understand " + in.message->body->GetTypeName()));
    }
  }

  std::string health() const override {
    if (!loaded_) return "reading the table: " + (trouble_.empty() ? "no answer yet" : trouble_);
    size_t up = 0;
    for (const auto& [name, row] : table_.rows()) up += row.up;
    auto line = std::to_string(up) + " of " + std::to_string(table_.rows().size()) + " hosts up";
    return trouble_.empty() ? line : line + "; " + trouble_;
  }

 private:
  struct Waiting {
    MembershipTable::Joined joined;
    runtime::Reply reply;
  };

  /// A control-plane host's door has proven whom it speaks for; any other host speaks for itself alone.
  bool is_trusted(const std::string& host) const {
    const auto row = table_.rows().find(host);
    return host == host_name() || (row != table_.rows().end() && row->second.control_plane);
  }

  void join(bus::Join request, Inbound& in) {
    if (!is_trusted(in.from_host)) {
      if (in.from_host != request.host()) {
        return in.reply.fail(bad_request("host " + in.from_host + " cannot join as " + request.host()));
      }
      request.clear_control_plane();
    }
    if (!loaded_) return in.reply.fail(unavailable("membership is being read; try again"));
    // Names are given out above every one there is, so this host's own has to be there first.
    if (request.host() != host_name() && !table_.rows().contains(host_name())) {
      return in.reply.fail(unavailable("the cluster's first host is not a member yet; try again"));
    }
    auto version = table_.version();
    auto joined = table_.join(request);
    if (!joined) {
      runtime::log(Level::warning, name(), "refused a host",
                   {{"host", request.host()}, {"why", joined.error().message}});
      return in.reply.fail(joined.error());
    }
    heard_.insert(joined->host);
    if (joined->to_be_kept) {
      waiting_.push_back({*joined, std::move(in.reply)});
      save();
      return;
    }
    if (table_.version() != version) {
      runtime::log(Level::info, name(), "host is back", {{"host", joined->host}});
      broadcast();
    }
    answer({*joined, std::move(in.reply)});
  }

  /// What hosts are told; they refuse it once they have heard of a later term.
  bus::Members members() const {
    bus::Members members = table_.message();
    members.set_epoch(options_.fence.began);
    return members;
  }

  void answer(Waiting waiting) {
    bus::JoinReply reply;
    reply.set_host(waiting.joined.host);
    reply.set_incarnation(waiting.joined.incarnation);
    reply.set_lease_period_ms(std::chrono::duration_cast<std::chrono::milliseconds>(options_.lease_period).count());
    *reply.mutable_members() = members();
    waiting.reply.send(make_message(std::move(reply)));
  }

  void peer_changed(const std::string& peer, bool up) {
    if (up) heard_.insert(peer);
    if (!table_.set_up(peer, up)) return;
    runtime::log(up ? Level::info : Level::warning, name(), up ? "host is up" : "host is down", {{"host", peer}});
    broadcast();
  }

  void watch_roles() {
    if (table_.set_roles(host().roles()) && loaded_) broadcast();
    after(kRolesPause, [this] { watch_roles(); });
  }

  /// Makes every host reachable from here and tells all that are up.
  void broadcast() {
    for (const auto& [name, row] : table_.rows()) {
      if (name != host_name()) host().set_peer(name, row.incarnation, row.endpoint, row.public_key);
    }
    auto message = make_message(members());
    for (const auto& [name, row] : table_.rows()) {
      if (row.up) tell(Address{name + "/" + kMemberName}, message);
    }
  }

  void load() {
    bus::GetObjects request;
    fill_key(request.add_keys());
    ask(runtime::role(runtime::roles::kApiServer), make_message(std::move(request)), kAskTimeout,
        [this](const Result<MessagePtr>& result) { load_answered(result); });
  }

  void stop_presuming(uint64_t load) {
    if (load != loads_ || !loaded_) return;
    bool changed = false;
    for (const auto& [name, row] : std::map(table_.rows())) {
      if (!heard_.contains(name)) changed |= table_.set_up(name, false);
    }
    if (changed) broadcast();
  }

  void load_answered(const Result<MessagePtr>& result) {
    auto table = read_answer(result);
    if (!table) {
      trouble_ = table.error().message;
      after(kRetryPause, [this] { load(); });
      return;
    }
    table_ = std::move(*table);
    table_.set_roles(host().roles());
    // Hosts that another one has led until now say within a beat that they run. Calling them down until then would
    // send all of them to other API servers.
    table_.presume_up();
    heard_.clear();
    after(kPresumedUp, [this, load = ++loads_] { stop_presuming(load); });
    loaded_ = true;
    trouble_.clear();
    broadcast();
  }

  Result<MembershipTable> read_answer(const Result<MessagePtr>& result) {
    if (!result) return result.error();
    const auto* reply = (*result)->as<bus::GetObjectsReply>();
    if (!reply || reply->items_size() != 1) return internal_error("no answer to a read");
    stored_revision_ = 0;
    if (!reply->items(0).found()) return MembershipTable();
    const auto& object = (*result)->objects.at(reply->items(0).object());
    ConfigMap config;
    if (auto parsed = object->parse(&config); !parsed) return parsed.error();
    auto table = MembershipTable::from_data({config.data().begin(), config.data().end()});
    if (table) stored_revision_ = object->revision();
    return table;
  }

  /// One write at a time; what changes meanwhile goes with the next.
  void save() {
    if (saving_) return;
    saving_ = true;
    auto answered = waiting_.size();
    ConfigMap config;
    config.mutable_metadata()->set_name(kObject);
    config.mutable_metadata()->set_namespace_(kNamespace);
    for (const auto& [key, value] : table_.to_data()) (*config.mutable_data())[key] = value;
    actors::Write write = actors::Write::create(kinds::kConfigMap, config);
    if (stored_revision_ != 0) write.verb = bus::WriteObjects::UPDATE;
    write.expected_revision = stored_revision_;
    ask(runtime::role(runtime::roles::kApiServer),
        actors::write_message(std::span(&write, 1), "kabuki-membership", options_.fence), kAskTimeout,
        [this, answered](const Result<MessagePtr>& result) { save_answered(result, answered); });
  }

  void save_answered(const Result<MessagePtr>& result, size_t answered) {
    saving_ = false;
    auto revision = written_revision(result);
    if (!revision) {
      // Whether it was written is not known, or another has written: only what is stored counts.
      runtime::log(Level::warning, name(), "cannot keep the table; reading it again",
                   {{"why", revision.error().message}});
      trouble_ = revision.error().message;
      for (auto& waiting : std::exchange(waiting_, {})) {
        waiting.reply.fail(unavailable("membership could not be stored: " + revision.error().message));
      }
      loaded_ = false;
      after(kRetryPause, [this] { load(); });
      return;
    }
    stored_revision_ = *revision;
    trouble_.clear();
    broadcast();
    auto waiting = std::exchange(waiting_, {});
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (i >= answered) {
        waiting_.push_back(std::move(waiting[i]));
        continue;
      }
      runtime::log(Level::info, name(), "host has joined",
                   {{"host", waiting[i].joined.host}, {"incarnation", waiting[i].joined.incarnation}});
      answer(std::move(waiting[i]));
    }
    if (!waiting_.empty()) save();
  }

  static Result<uint64_t> written_revision(const Result<MessagePtr>& result) {
    if (!result) return result.error();
    const auto* reply = (*result)->as<bus::WriteObjectsReply>();
    if (!reply || reply->items_size() != 1) return internal_error("no answer to a write");
    if (!reply->items(0).ok()) return failure_to_error(reply->items(0).failure());
    return reply->items(0).revision();
  }

  static void fill_key(bus::Key* key) {
    key->set_kind(kinds::kConfigMap);
    key->set_namespace_(kNamespace);
    key->set_name(kObject);
  }

  const MembershipOptions options_;
  MembershipTable table_;
  bool loaded_ = false;
  uint64_t loads_ = 0;
  std::set<std::string> heard_;  // since the table was read
  bool saving_ = false;
  uint64_t stored_revision_ = 0;
  std::vector<Waiting> waiting_;  // for the table to be stored
  std::string trouble_;
};

}  // namespace

std::unique_ptr<runtime::Actor> make_membership(MembershipOptions options) {
  return std::make_unique<MembershipActor>(options);
}

}  // namespace kabuki::membership

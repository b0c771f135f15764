#include "actors/membership/member_actor.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "actors/membership/api_server_choice.hpp"
#include "actors/membership/membership_actor.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/kinds.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"

namespace kabuki::membership {
namespace {

using runtime::Inbound;
using runtime::Level;
using runtime::make_message;
using runtime::MessagePtr;

constexpr io::Duration kBeat = std::chrono::seconds(2);
constexpr io::Duration kFirstBeat = std::chrono::milliseconds(50);  // until this host has been heard
constexpr io::Duration kAskTimeout = std::chrono::seconds(2);
constexpr io::Duration kStoreIsNew = std::chrono::seconds(20);
constexpr int kConflict = 409;
constexpr int kUnavailable = 503;
constexpr int kTimeout = 504;
constexpr int kRefusals = 2;

class MemberActor final : public runtime::Actor {
 public:
  explicit MemberActor(MemberOptions options) : options_(std::move(options)) {}

 protected:
  void started() override {
    host().on_peer_changed([mailbox = mailbox(), this](const std::string& peer, bool up) {
      mailbox.post([this, peer, up] { peer_changed(peer, up); });
    });
    beat();
  }

  void received(Inbound& in) override {
    if (const auto* members = in.as<bus::Members>()) return told(*members, in.from_host);
    in.reply.fail(bad_request("a member does not understand " + in.message->body->GetTypeName()));
  }

  std::string health() const override { return trouble_.empty() ? "" : "no contact with membership: " + trouble_; }

 private:
  void beat() {
    probe_api_servers();
    bus::Join join;
    join.set_host(host_name());
    join.set_incarnation(host().options().incarnation);
    join.set_endpoint(options_.endpoint);
    join.set_public_key(options_.public_key);
    join.set_pid(options_.pid);
    join.set_nodes(options_.nodes);
    join.set_control_plane(options_.control_plane);
    ask(runtime::role(runtime::roles::kMembership), make_message(std::move(join)), kAskTimeout,
        [this](const Result<MessagePtr>& result) { beat_answered(result); });
  }

  void beat_answered(const Result<MessagePtr>& result) {
    heard_ |= result.ok();
    after(heard_ ? kBeat : kFirstBeat, [this] { beat(); });
    if (!result) {
      trouble_ = result.error().message;
      if (result.error().code == kConflict) return fail(trouble_);
      return find_leader();
    }
    trouble_.clear();
    const auto* reply = (*result)->as<bus::JoinReply>();
    if (!reply || apply(reply->members())) return;
    trouble_ = "who answers has been deposed";
    find_leader();
  }

  /// Only who may lead membership has a say in who there is.
  void told(const bus::Members& members, const std::string& from) {
    const auto roles = host().roles();
    const auto leader = roles.find(std::string(runtime::roles::kMembership));
    const bool may_lead = from.empty() || from == host_name() || is_control_plane(from) ||
                          (leader != roles.end() && leader->second.host() == from);
    if (may_lead) {
      apply(members);
    } else {
      runtime::log(Level::warning, name(), "a host that is none of the control plane's says who there is",
                   {{"host", from}});
    }
  }

  bool is_control_plane(const std::string& peer) const {
    return std::ranges::any_of(members_.hosts(),
                               [&](const auto& host) { return host.name() == peer && host.control_plane(); });
  }

  /// An API server that is heard and does not reach the store serves nothing: a worker goes to another, until the
  /// first does again.
  void probe_api_servers() {
    if (options_.control_plane) return;
    const auto roles = host().roles();
    const auto role = roles.find(std::string(runtime::roles::kApiServer));
    if (role != roles.end()) probe(std::string(role->second.host()));
    for (const std::string& peer : avoided_) {
      if (role == roles.end() || role->second.host() != peer) probe(peer);
    }
  }

  void probe(const std::string& peer) {
    bus::GetObjects read;
    auto* key = read.add_keys();
    key->set_kind(kinds::kNamespace);
    key->set_name("kube-system");
    ask({peer + "/" + kBusApiServer}, make_message(std::move(read)), kAskTimeout,
        [this, peer](const Result<MessagePtr>& answer) {
          const bool serves = answer || (answer.error().code != kUnavailable && answer.error().code != kTimeout);
          if (serves) {
            refusals_.erase(peer);
            if (avoided_.erase(peer) > 0) choose_anew();
          } else if (++refusals_[peer] >= kRefusals && avoided_.insert(peer).second) {
            runtime::log(Level::warning, name(), "the API server serves nothing, trying another",
                         {{"host", peer}, {"why", answer.error().message}});
            choose_anew();
          }
        });
  }

  std::set<std::string> out_of_reach() const {
    std::set<std::string> all = silent_;
    all.insert(avoided_.begin(), avoided_.end());
    return all;
  }
  void choose_anew() { apply_members(host(), members_, members_, out_of_reach()); }

  /// On a control-plane host the elector knows.
  void find_leader() {
    if (options_.control_plane) return;
    for (const auto& peer : members_.hosts()) {
      if (!peer.control_plane()) continue;
      const runtime::Address elector{peer.name() + "/" + kMembershipName};
      ask(elector, make_message(bus::GetLeader()), kAskTimeout, [this](const Result<MessagePtr>& answer) {
        const auto* leader = answer ? (*answer)->as<bus::Leader>() : nullptr;
        if (!leader || leader->address().empty()) return;
        // Who stands by may not have heard of the newest leader yet.
        if (leader->leads() || !silent_.contains(leader->holder())) {
          host().set_role(std::string(runtime::roles::kMembership), {leader->address()});
        }
      });
    }
  }

  void peer_changed(const std::string& peer, bool up) {
    if (up ? silent_.erase(peer) == 0 : !silent_.insert(peer).second) return;
    choose_anew();
  }

  /// False when it is from a term that was over when another was heard of. Where nothing else is heard for longer
  /// than a leader can go on, the store itself has begun anew.
  bool apply(const bus::Members& members) {
    if (members.epoch() >= members_.epoch()) {
      older_since_.reset();
    } else {
      if (!older_since_) older_since_ = mono();
      if (mono() - *older_since_ < kStoreIsNew) return false;
    }
    apply_members(host(), members_, members, out_of_reach());
    const bool news = hosts_of(members) != hosts_of(members_);
    members_ = members;
    if (news && options_.learned) options_.learned(members_);
    return true;
  }

  static std::string hosts_of(const bus::Members& members) {
    std::string text;
    for (const auto& peer : members.hosts()) {
      text += peer.name() + " " + peer.endpoint() + " " + peer.public_key() + (peer.control_plane() ? " c\n" : "\n");
    }
    return text;
  }

  const MemberOptions options_;
  bus::Members members_;
  std::set<std::string> silent_;             // hosts that this one hears nothing of
  std::set<std::string> avoided_;            // whose API server served nothing
  std::map<std::string, int> refusals_;      // of API servers, in a row
  std::optional<io::MonoTime> older_since_;  // told of by terms that are over, and by no other
  std::string trouble_;
  bool heard_ = false;
};

bool same(const bus::Members::Host& a, const bus::Members::Host& b) {
  return a.incarnation() == b.incarnation() && a.endpoint() == b.endpoint() && a.public_key() == b.public_key();
}

}  // namespace

void apply_members(runtime::Host& host, const bus::Members& before, const bus::Members& members,
                   const std::set<std::string>& silent) {
  const auto& own = host.options().name;
  std::map<std::string, const bus::Members::Host*> known;
  for (const auto& peer : before.hosts()) known[peer.name()] = &peer;
  for (const auto& peer : members.hosts()) {
    auto it = known.find(peer.name());
    bool is_new = it == known.end() || !same(*it->second, peer);
    if (it != known.end()) known.erase(it);
    if (peer.name() != own && is_new) {
      host.set_peer(peer.name(), peer.incarnation(), peer.endpoint(), peer.public_key());
    }
  }
  for (const auto& [name, peer] : known) {
    if (name != own) host.remove_peer(name);
  }

  auto roles = host.roles();
  std::set<std::string> gone;
  for (const auto& role : before.roles()) gone.insert(role.role());
  auto held_here = [&](const std::string& role) {
    auto it = roles.find(role);
    return it != roles.end() && it->second.host() == own;
  };
  const std::string api_role(runtime::roles::kApiServer);
  const std::string chosen = held_here(api_role) ? "" : choose_api_server(own, members, silent);
  if (!chosen.empty()) {
    gone.erase(api_role);
    const runtime::Address holder{chosen + "/" + kBusApiServer};
    auto it = roles.find(api_role);
    if (it == roles.end() || it->second != holder) host.set_role(api_role, holder);
  }
  for (const auto& role : members.roles()) {
    gone.erase(role.role());
    runtime::Address holder{role.holder()};
    if (held_here(role.role()) || holder.host() == own) continue;
    if (role.role() == runtime::roles::kApiServer && !chosen.empty()) continue;
    auto it = roles.find(role.role());
    if (it == roles.end() || it->second != holder) host.set_role(role.role(), holder);
  }
  for (const auto& role : gone) {
    if (!held_here(role)) host.remove_role(role);
  }
}

std::unique_ptr<runtime::Actor> make_member(MemberOptions options) {
  return std::make_unique<MemberActor>(std::move(options));
}

}  // namespace kabuki::membership

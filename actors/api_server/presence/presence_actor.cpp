#include "actors/api_server/presence/presence_actor.hpp"

#include <optional>
#include <utility>

#include "actors/write.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/encode.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using actors::Write;
using Endpoints = ::k8s::io::api::core::v1::Endpoints;
using Lease = ::k8s::io::api::coordination::v1::Lease;

constexpr io::Duration kTimeout = std::chrono::seconds(5);
/// After a refusal: namespaces may not be there yet, another may have been faster.
constexpr io::Duration kSoon = std::chrono::seconds(1);
constexpr const char* kAgent = "kabuki-api-server";

class PresenceActor : public runtime::Actor {
 public:
  explicit PresenceActor(PresenceOptions options) : options_(std::move(options)) {}

 protected:
  void started() override { read_endpoints(); }
  void received(runtime::Inbound& in) override { in.reply.fail(bad_request("a presence takes no messages")); }
  std::string health() const override { return health_; }

 private:
  // The Endpoints are read before the Leases: whoever is named there had its Lease by then.
  void read_endpoints() {
    bus::GetObjects get;
    auto* key = get.add_keys();
    key->set_kind(kinds::kEndpoints);
    key->set_namespace_("default");
    key->set_name("kubernetes");
    ask_api(runtime::make_message(std::move(get)), [this](const runtime::MessagePtr& reply) {
      const auto* got = reply->as<bus::GetObjectsReply>();
      const bool found = got && got->items_size() == 1 && got->items(0).found();
      endpoints_ = found ? reply->objects.at(got->items(0).object()) : ObjectPtr();
      read_leases();
    });
  }

  void read_leases() {
    bus::ListObjects list;
    list.mutable_selection()->set_kind(kinds::kLease);
    list.mutable_selection()->set_namespace_(kPresenceNamespace);
    list.mutable_selection()->set_label_selector(kPresenceSelector);
    ask_api(runtime::make_message(std::move(list)), [this](const runtime::MessagePtr& reply) {
      const auto& leases = reply->objects;
      renew(leases, presence_.look(leases, mono()));
    });
  }

  void renew(const std::vector<ObjectPtr>& leases, Presence::Seen seen) {
    const std::string own = presence_name(host_name());
    std::optional<Write> write;
    for (const ObjectPtr& lease : leases) {
      if (lease->name() != own) continue;
      write = Write::update(*lease,
                            presence_of(lease->as<Lease>(), host_name(), options_.server, now(), options_.duration));
    }
    if (!write) {
      write = Write::create(kinds::kLease, presence_of({}, host_name(), options_.server, now(), options_.duration));
    }
    std::erase_if(seen.expired, [&](const ObjectPtr& lease) { return lease->name() == own; });
    ask_writes({*write}, [this, seen = std::move(seen)] { put_endpoints(seen); });
  }

  void put_endpoints(const Presence::Seen& seen) {
    const Endpoints before = endpoints_ ? endpoints_->as<Endpoints>() : Endpoints();
    Servers servers = servers_of(before);
    std::erase_if(servers, [&](const Server& server) { return !seen.alive.contains(server); });
    servers.insert(options_.server);
    const Endpoints after = endpoints_of(before, servers);
    std::vector<Write> writes;
    if (!endpoints_) {
      writes.push_back(Write::create(kinds::kEndpoints, after));
    } else if (serialize(after) != serialize(before)) {
      writes.push_back(Write::update(*endpoints_, after));
    }
    for (const ObjectPtr& lease : seen.expired) {
      Write removal = Write::remove(*lease);
      removal.expected_revision = lease->revision();
      writes.push_back(std::move(removal));
    }
    health_ = "one of " + std::to_string(servers.size());
    if (writes.empty()) return again(options_.period);
    ask_writes(std::move(writes), [this] { again(options_.period); });
  }

  void ask_api(runtime::MessagePtr message, std::function<void(const runtime::MessagePtr&)> then) {
    ask(runtime::role(runtime::roles::kApiServer), std::move(message), kTimeout,
        [this, then = std::move(then)](const Result<runtime::MessagePtr>& reply) {
          if (reply) return then(*reply);
          health_ = reply.error().message;
          again(kSoon);
        });
  }

  void ask_writes(std::vector<Write> writes, std::function<void()> then) {
    ask(runtime::role(runtime::roles::kApiServer), actors::write_message(writes, kAgent), kTimeout,
        [this, count = writes.size(), then = std::move(then)](const Result<runtime::MessagePtr>& reply) {
          for (const auto& outcome : actors::read_outcomes(reply, count)) {
            if (!outcome.error) continue;
            health_ = outcome.error->message;
            return again(kSoon);
          }
          then();
        });
  }

  void again(io::Duration delay) {
    after(delay, [this] { read_endpoints(); });
  }

  const PresenceOptions options_;
  Presence presence_;
  ObjectPtr endpoints_;  // of this round; null: there are none
  std::string health_;
};

}  // namespace

std::unique_ptr<runtime::Actor> make_presence(PresenceOptions options) {
  return std::make_unique<PresenceActor>(std::move(options));
}

}  // namespace kabuki::api_server

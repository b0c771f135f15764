#include <optional>
#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/write/admission/admission.hpp"
#include "messages/api/core/v1/service.pb.h"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using Service = ::k8s::io::api::core::v1::Service;

/// Whether the object's namespace is there, as far as the store was asked.
bool has_namespace(const Write& write, const std::vector<Key>& unknown) {
  for (const Key& key : unknown) {
    if (key.kind != kinds::kNamespace) continue;
    for (const ObjectPtr& object : write.looked_up) {
      if (object->key() == key) return true;
    }
    return false;
  }
  return true;
}

/// Leases and events are written all the time, and before there is anything else: they wait for nobody.
bool needs_surroundings(const Write& write) {
  return write.kind->id != kinds::kLease && write.kind->id != kinds::kEvent && write.verb != Write::Verb::bind &&
         (write.subresource.empty() || write.subresource == "resize");
}

}  // namespace

void ApiServer::watch_surroundings() {
  for (const KindId kind : Surroundings::kinds()) {
    runtime::WatchOptions options;
    options.source = shards_.shard_of(kind);
    options.selection.set_kind(kind);
    options.remember = true;
    const size_t place = surroundings_watches_.size();
    auto synced = std::make_shared<bool>(false);
    runtime::WatchClient::Handlers handlers;
    handlers.on_event = [this, place](bus::WatchEvents::Type type, const ObjectPtr& object, uint64_t revision) {
      const bool listed = !surroundings_watches_[place]->synced();
      if (type == bus::WatchEvents::DELETED) {
        surroundings_.remove(object->key(), revision, listed);
      } else {
        surroundings_.put(object, listed);
      }
    };
    handlers.on_synced = [this, synced] {
      if (std::exchange(*synced, true) || --uninformed_ > 0) return;
      for (auto& then : std::exchange(waiting_to_be_informed_, {})) then({});
    };
    ++uninformed_;
    surroundings_watches_.push_back(
        std::make_unique<runtime::WatchClient>(*this, std::move(options), std::move(handlers)));
  }
  for (auto& watch : surroundings_watches_) watch->open();
}

bool ApiServer::surroundings_received(runtime::Inbound& in) {
  if (!runtime::WatchClient::is_stream_message(in)) return false;
  for (auto& watch : surroundings_watches_) {
    if (watch->received(in)) return true;
  }
  return false;
}

void ApiServer::when_informed(std::function<void(Result<>)> then) {
  if (uninformed_ == 0) return then({});
  if (waiting_to_be_informed_.size() >= kWaitingToBeInformed) {
    return then(
        too_many_requests("the server has just started and does not know enough yet, please try again later", 1));
  }
  if (waiting_to_be_informed_.empty()) {
    after(kShardTimeout, [this] {
      for (auto& waiting : std::exchange(waiting_to_be_informed_, {})) {
        waiting(unavailable("the store does not answer: nothing can be admitted"));
      }
    });
  }
  waiting_to_be_informed_.push_back(std::move(then));
}

/// What this API server has written itself it knows before the watch shows it.
void ApiServer::learn(const Key& key, const WriteOutcome& outcome) {
  if (outcome.effect == Decision::Effect::removed) {
    surroundings_.remove_own(key, outcome.revision);
  } else if (outcome.object) {
    surroundings_.put(outcome.object);
  }
}

void ApiServer::admit_and_run(Write write, WriteFlow::Done done) {
  const bool creates = write.verb == Write::Verb::create;
  const bool changes = write.verb == Write::Verb::update || write.verb == Write::Verb::patch;
  if (Surroundings::holds(write.kind->id) && !write.dry_run) {
    done = [this, key = write.key, done = std::move(done)](Result<WriteOutcome> outcome) mutable {
      if (outcome) learn(key, *outcome);
      done(std::move(outcome));
    };
  }
  if (write.kind->id == kinds::kService && write.subresource.empty() && (creates || changes)) {
    if (write.dry_run) done = with_ports_checked(std::move(done));
    // Before the list is complete nobody knows which addresses are free.
    return service_watch_->when_reached(0, [this, write = std::move(write), done = std::move(done)]() mutable {
      give_node_ports(std::move(write), std::move(done));
    });
  }
  inform(std::move(write), std::move(done));
}

void ApiServer::repair_addresses_later() {
  reservations_.repair();
  port_reservations_.repair(ports_.of_services());
  after(kAddressRepair, [this] { repair_addresses_later(); });
}

void ApiServer::list_services(std::function<void(Result<std::vector<ObjectPtr>>)> then) {
  bus::ListObjects verb;
  verb.mutable_selection()->set_kind(kinds::kService);
  ask(shards_.shard_of(kinds::kService), runtime::make_message(std::move(verb)), kShardTimeout,
      [then = std::move(then)](Result<runtime::MessagePtr> reply) {
        reply ? then((*reply)->objects) : then(reply.error());
      });
}

void ApiServer::give_address(Write write, WriteFlow::Done done, int attempts) {
  std::string address;
  std::function<void()> again;
  if (write.verb == Write::Verb::create) {
    auto service = std::make_shared<Service>();
    service->CopyFrom(*write.object);
    auto* spec = service->mutable_spec();
    if (spec->type() == "ExternalName" || spec->clusterip() == "None") {
      return inform(std::move(write), std::move(done));
    }
    if (spec->clusterip().empty()) {
      again = [this, write, done, attempts] { give_address(write, done, attempts + 1); };
      auto allocated = addresses_.allocate();
      if (!allocated) return done(allocated.error());
      spec->set_clusterip(*allocated);
    } else if (auto claimed = addresses_.claim(write.key, spec->clusterip()); !claimed) {
      return done(claimed.error());
    }
    address = spec->clusterip();
    if (spec->clusterips().empty()) spec->add_clusterips(address);
    write.object = std::move(service);
  } else {
    const auto* wanted = static_cast<const Service*>(write.object.get());
    if (wanted && (wanted->spec().type() == "ExternalName" || !wanted->spec().clusterip().empty())) {
      return inform(std::move(write), std::move(done));
    }
    again = [this, write, done, attempts] { give_address(write, done, attempts + 1); };
    auto allocated = addresses_.allocate();
    if (!allocated) return done(allocated.error());
    address = write.spare_address = *allocated;
  }
  inform(std::move(write), [this, address, again, attempts, done = std::move(done)](Result<WriteOutcome> outcome) {
    bool used =
        outcome && outcome->object && static_cast<const Service&>(*outcome->message).spec().clusterip() == address;
    if (used) {
      // Or the watch shows, by a new list, that the service is gone already.
      service_watch_->when_reached(outcome->revision, [this, address] { addresses_.give_back(address); });
    } else {
      addresses_.give_back(address);
    }
    // Another API server was faster with the address that seemed free.
    const bool lost = reservations_.take_lost(address);
    if (!outcome && lost && again && attempts < kAddressRetries) return again();
    done(std::move(outcome));
  });
}

void ApiServer::secure(const Write& write, const ObjectPtr& current, const Decision& decision,
                       std::function<void(Result<WriteFlow::Secured>)> then) {
  if (write.kind->id == kinds::kService && write.subresource.empty() && decision.next) {
    return secure_with_ports(write, current, decision, std::move(then));
  }
  secure_rest(write, current, decision, std::move(then));
}

void ApiServer::secure_rest(const Write& write, const ObjectPtr& current, const Decision& decision,
                            std::function<void(Result<WriteFlow::Secured>)> then) {
  if (!quotas_.concerns(write, decision)) return reserve(write, current, decision, std::move(then));
  auto secured = [this, write, current, decision, then = std::move(then)](Result<WriteFlow::Secured> reserved) {
    if (!reserved) return then(reserved.error());
    charge(write, current, decision, std::move(*reserved), then);
  };
  reserve(write, current, decision, std::move(secured));
}

void ApiServer::reserve(const Write& write, const ObjectPtr& current, const Decision& decision,
                        std::function<void(Result<WriteFlow::Secured>)> then) {
  if (write.key == PortTable::key() && decision.effect == Decision::Effect::removed && current &&
      !PortTable::read(current).holders().empty()) {
    // Whoever has just taken a port there is about to rely on it.
    return then(conflict(*write.kind, write.key.name,
                         "it records which service has which node port; delete these services first"));
  }
  if (write.kind->id != kinds::kService || !write.subresource.empty()) {
    return reservations_.secure(write, current, decision, std::move(then));
  }
  const bool removes = decision.effect == Decision::Effect::removed;
  const ObjectPtr next = removes ? ObjectPtr() : decision.next;
  reservations_.secure(write, current, decision,
                       [this, current, next, then = std::move(then)](Result<WriteFlow::Secured> secured) {
                         if (!secured) return then(secured.error());
                         port_reservations_.secure(current, next, std::move(*secured), then);
                       });
}

void ApiServer::charge(const Write& write, const ObjectPtr& current, const Decision& decision,
                       WriteFlow::Secured secured, std::function<void(Result<WriteFlow::Secured>)> then) {
  QuotaDesk::Charge charge{.kind = write.kind,
                           .key = decision.next->key(),
                           .uid = meta_of(*decision.object).uid(),
                           .base_revision = decision.expected_revision,
                           .object = decision.object};
  if (current) {
    auto old = parse_current(*write.kind, current);
    if (!old) return then(old.error());
    charge.old = *old;
  }
  quotas_.charge(std::move(charge), [this, secured = std::move(secured),
                                     then = std::move(then)](Result<QuotaDesk::Ticket> ticket) mutable {
    if (!ticket) {
      // What was secured before is let go before the refusal goes out.
      const auto refuse = [then, error = ticket.error()] { then(error); };
      return secured.ended ? secured.ended(std::nullopt, refuse) : refuse();
    }
    secured.ended = [this, ticket = std::move(*ticket), before = std::move(secured.ended)](
                        std::optional<uint64_t> revision, std::function<void()> go_on) {
      if (!revision) quotas_.give_back(ticket);
      before ? before(revision, std::move(go_on)) : go_on();
    };
    then(std::move(secured));
  });
}

void ApiServer::inform(Write write, WriteFlow::Done done) {
  if (uninformed_ == 0 || !needs_surroundings(write)) return look_up(std::move(write), std::move(done), 0);
  when_informed([this, write = std::move(write), done = std::move(done)](Result<> informed) mutable {
    if (!informed) return done(informed.error());
    look_up(std::move(write), std::move(done), 0);
  });
}

/// Asks the store for what the surroundings lack: a watch may not have shown it yet.
void ApiServer::look_up(Write write, WriteFlow::Done done, int attempts) {
  std::vector<Key> unknown;
  for (Key& key : referred_by(write)) {
    if (!surroundings_.find(key)) unknown.push_back(std::move(key));
  }
  if (unknown.empty()) return writes_.run(std::move(write), std::move(done));
  struct Lookup {
    Write write;
    WriteFlow::Done done;
    size_t left;
    bool wait = false;
    std::optional<Error> error = std::nullopt;
  };
  auto lookup = std::make_shared<Lookup>(Lookup{std::move(write), std::move(done), unknown.size()});
  lookup->write.looked_up.clear();
  for (const Key& key : unknown) {
    shards_.get(key, [this, lookup, key, unknown, attempts](Result<ObjectPtr> found) {
      if (!found) {
        lookup->error = found.error();
      } else if (*found) {
        lookup->write.looked_up.push_back(*found);
      } else {
        lookup->wait |= comes_soon(key) && attempts < kLookupRetries;
      }
      if (--lookup->left > 0) return;
      if (lookup->error) return lookup->done(*lookup->error);
      if (!lookup->wait || !has_namespace(lookup->write, unknown)) {
        return writes_.run(std::move(lookup->write), std::move(lookup->done));
      }
      after(kLookupPause,
            [this, lookup, attempts] { look_up(std::move(lookup->write), std::move(lookup->done), attempts + 1); });
    });
  }
}

}  // namespace kabuki::api_server

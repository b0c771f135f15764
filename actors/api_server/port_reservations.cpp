#include "actors/api_server/port_reservations.hpp"

#include <optional>
#include <utility>

#include "actors/api_server/limits.hpp"
#include "actors/api_server/service_addresses.hpp"
#include "actors/api_server/write/service_ports.hpp"
#include "messages/api/core/v1/service.pb.h"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using Service = ::k8s::io::api::core::v1::Service;
using Committed = Result<ShardClient::CommitResult>;

uint64_t revision_of(const ObjectPtr& object) { return object ? object->revision() : 0; }
Key address_key(const std::string& address) { return {kinds::kIPAddress, "", address}; }

/// Of what is not there: none.
std::set<int32_t> ports_of(const ObjectPtr& object) {
  Service service;
  return object && object->parse(&service) ? node_ports_of(service) : std::set<int32_t>();
}

/// As Kubernetes refuses it, naming the field.
Error taken_port(const Service& service, int32_t port) {
  constexpr const char* kTaken = "provided port is already allocated";
  const auto& ports = service.spec().ports();
  for (int i = 0; i < ports.size(); ++i) {
    if (ports[i].nodeport() != port) continue;
    return invalid(kind_of(kinds::kService), service.metadata().name(),
                   {invalid_value("spec.ports[" + std::to_string(i) + "].nodePort", std::to_string(port), kTaken)});
  }
  return internal_error("failed to allocate requested HealthCheck NodePort " + std::to_string(port) + ": " + kTaken);
}

}  // namespace

void PortReservations::secure(const ObjectPtr& current, const ObjectPtr& next, WriteFlow::Secured secured,
                              std::function<void(Result<WriteFlow::Secured>)> then) {
  const auto change = std::make_shared<Change>();
  change->service = next ? next->key() : current->key();
  change->next = next;
  change->creates = !current;
  const std::set<int32_t> had = ports_of(current), has = ports_of(next);
  for (const int32_t port : has) {
    if (!had.contains(port)) change->wanted.insert(port);
  }
  for (const int32_t port : had) {
    if (!has.contains(port)) change->gone.insert(port);
  }
  if (change->wanted.empty() && change->gone.empty()) return then(std::move(secured));
  change->claim = around_.make_id();
  if (next) change->address = service_address(*next);
  if (change->wanted.empty() || secured.guard.other) return take(change, std::move(secured), std::move(then));
  // Before the port is taken, so that who doubts the claim can renew it afterwards.
  shards_.get(address_key(change->address), [this, change, secured = std::move(secured),
                                             then = std::move(then)](const Result<ObjectPtr>& address) mutable {
    if (!address || !*address) {
      const Error error = address ? unavailable("it is being recorded whose address " + change->address +
                                                " is, please try again in a minute")
                                  : address.error();
      const auto refuse = [then, error] { then(error); };
      return secured.ended ? secured.ended(std::nullopt, refuse) : refuse();
    }
    secured.guard.other = address_key(change->address);
    secured.guard.other_revision = (*address)->revision();
    take(change, std::move(secured), std::move(then));
  });
}

void PortReservations::take(const std::shared_ptr<Change>& change, WriteFlow::Secured secured,
                            std::function<void(Result<WriteFlow::Secured>)> then) {
  const auto edit = [this, change](PortTable* table) -> Result<bool> {
    change->had.clear();
    change->own.clear();
    for (const int32_t port : change->gone) {
      if (const PortHolder* holder = table->holder(port)) change->had[port] = *holder;
    }
    std::optional<int32_t> taken;
    for (const int32_t port : change->wanted) {
      if (!table->is_taken(port)) {
        table->take(port, {change->service, change->address, change->claim});
        continue;
      }
      const PortHolder* holder = table->holder(port);
      if (holder && holder->service == change->service && !change->settled) {
        change->own[port] = *holder;
      } else {
        lost_.insert(port);
      }
      if (!taken) taken = port;
    }
    if (taken) return taken_port(change->next->as<Service>(), *taken);
    return !change->wanted.empty();
  };
  change_table(edit, {}, [this, change, secured = std::move(secured), then = std::move(then)](Result<> done) mutable {
    if (!done && !change->own.empty() && !std::exchange(change->settled, true)) {
      return settle_own(change, [this, change, secured = std::move(secured), then](const Result<>&) mutable {
        take(change, std::move(secured), std::move(then));
      });
    }
    if (!done) {
      const auto refuse = [then, error = done.error()] { then(error); };
      return secured.ended ? secured.ended(std::nullopt, refuse) : refuse();
    }
    secured.ended = [this, change, before = std::move(secured.ended)](std::optional<uint64_t> revision,
                                                                      std::function<void()> go_on) {
      auto rest = [before, revision, go_on = std::move(go_on)] { before ? before(revision, go_on) : go_on(); };
      revision ? release(change, std::move(rest)) : let_go(change, std::move(rest));
    };
    then(std::move(secured));
  });
}

void PortReservations::settle_own(const std::shared_ptr<Change>& change, std::function<void(Result<>)> then) {
  if (change->own.empty()) return then({});
  const auto [port, holder] = *change->own.begin();
  change->own.erase(change->own.begin());
  free_unused(port, holder, [this, change, port, then = std::move(then)](const Result<bool>& has) mutable {
    // That attempt was done: what is decided on an older version will not be committed. A create is refused.
    if (has && *has && !change->creates) change->wanted.erase(port);
    settle_own(change, std::move(then));
  });
}

/// Nothing was committed under the claim, and nothing will be.
void PortReservations::let_go(const std::shared_ptr<Change>& change, std::function<void()> then) {
  if (change->wanted.empty()) return then();
  const auto edit = [change](PortTable* table) -> Result<bool> {
    bool any = false;
    for (const int32_t port : change->wanted) {
      const PortHolder* holder = table->holder(port);
      if (!holder || holder->claim != change->claim) continue;
      table->free(port);
      any = true;
    }
    return any;
  };
  change_table(edit, {}, [then = std::move(then)](const Result<>&) { then(); });
}

/// The service does not have them any more; what it may have got again since then is another claim.
void PortReservations::release(const std::shared_ptr<Change>& change, std::function<void()> then) {
  if (change->had.empty()) return then();
  const auto edit = [change](PortTable* table) -> Result<bool> {
    bool any = false;
    for (const auto& [port, before] : change->had) {
      const PortHolder* holder = table->holder(port);
      if (!holder || *holder != before) continue;
      table->free(port);
      any = true;
    }
    return any;
  };
  change_table(edit, {}, [then = std::move(then)](const Result<>&) { then(); });
}

void PortReservations::change_table(Edit edit, Guard guard, std::function<void(Result<>)> then) {
  shards_.get(PortTable::key(), [this, edit = std::move(edit), guard = std::move(guard),
                                 then = std::move(then)](const Result<ObjectPtr>& found) mutable {
    if (!found) return then(found.error());
    if (*found) return try_change(*found, std::move(edit), std::move(guard), std::move(then), 0);
    make_table([this, edit = std::move(edit), guard = std::move(guard),
                then = std::move(then)](const Result<ObjectPtr>& made) mutable {
      if (!made) return then(made.error());
      try_change(*made, std::move(edit), std::move(guard), std::move(then), 0);
    });
  });
}

void PortReservations::try_change(const ObjectPtr& object, Edit edit, Guard guard, std::function<void(Result<>)> then,
                                  int attempts) {
  PortTable table = PortTable::read(object);
  const Result<bool> changes = edit(&table);
  if (!changes) return then(changes.error());
  if (!*changes) return then({});
  shards_.commit(
      PortTable::key(), object->revision(), table.write(object, "", 0),
      [this, edit = std::move(edit), guard, then = std::move(then), attempts](const Committed& result) mutable {
        if (!result) return then(result.error());
        if (result->committed || result->unmet) return then({});
        if (attempts == kPortRetries) return then(too_many_requests("too many services ask for node ports", 1));
        if (!result->current) return change_table(std::move(edit), std::move(guard), std::move(then));
        try_change(result->current, std::move(edit), std::move(guard), std::move(then), attempts + 1);
      },
      guard);
}

/// With what services have whose ports nobody recorded.
void PortReservations::make_table(std::function<void(Result<ObjectPtr>)> then) {
  around_.services([this, then = std::move(then)](const Result<std::vector<ObjectPtr>>& services) {
    if (!services) return then(services.error());
    PortTable table;
    for (const ObjectPtr& service : *services) {
      for (const int32_t port : ports_of(service)) {
        table.take(port, {service->key(), service_address(*service), around_.make_id()});
      }
    }
    const ObjectPtr made = table.write(nullptr, around_.make_id(), around_.now().ns);
    shards_.commit(PortTable::key(), 0, made, [made, then](const Committed& result) {
      if (!result) return then(result.error());
      if (result->committed) return then(Object::at_revision(*made, result->revision));
      if (result->current) return then(result->current);
      then(unavailable("the table of node ports changes all the time"));
    });
  });
}

std::set<int32_t> PortReservations::take_lost(const std::set<int32_t>& ports) {
  std::set<int32_t> out;
  for (const int32_t port : ports) {
    if (lost_.erase(port) > 0) out.insert(port);
  }
  return out;
}

void PortReservations::repair(const std::map<Key, std::set<int32_t>>& services) {
  shards_.get(PortTable::key(), [this, services](const Result<ObjectPtr>& found) {
    if (!found || (!*found && services.empty())) return;
    const PortTable table = PortTable::read(*found);
    for (const auto& [service, ports] : services) {
      std::set<int32_t> missing;
      for (const int32_t port : ports) {
        if (!table.is_taken(port)) missing.insert(port);
      }
      if (!missing.empty()) take_missing(service, missing);
    }
    std::map<int32_t, PortHolder> unused;
    for (const auto& [port, holder] : table.holders()) {
      if (!holder) continue;
      const auto has = services.find(holder->service);
      if (has == services.end() || !has->second.contains(port)) unused[port] = *holder;
    }
    for (const auto& [port, holder] : unused) {
      const auto before = unused_.find(port);
      if (before != unused_.end() && before->second == holder) free_unused(port, holder, [](const Result<bool>&) {});
    }
    unused_ = std::move(unused);
  });
}

void PortReservations::take_missing(const Key& service, const std::set<int32_t>& ports) {
  shards_.get(service, [this, service, ports](const Result<ObjectPtr>& found) {
    if (!found || !*found) return;
    const std::set<int32_t> has = ports_of(*found);
    Guard guard;
    guard.other = service;
    guard.other_revision = (*found)->revision();
    const auto edit = [this, service, ports, has, object = *found](PortTable* table) -> Result<bool> {
      bool any = false;
      for (const int32_t port : ports) {
        if (!has.contains(port) || table->is_taken(port)) continue;
        table->take(port, {service, service_address(*object), around_.make_id()});
        any = true;
      }
      return any;
    };
    change_table(edit, std::move(guard), [](const Result<>&) {});
  });
}

void PortReservations::free_unused(int32_t port, const PortHolder& holder, std::function<void(Result<bool>)> then) {
  shards_.get(holder.service, [this, port, holder, then = std::move(then)](const Result<ObjectPtr>& found) {
    if (!found) return then(found.error());
    if (ports_of(*found).contains(port)) return then(true);
    const uint64_t revision = revision_of(*found);
    const auto freed = [then](const Result<>& done) { done ? then(false) : then(done.error()); };
    shards_.get(address_key(holder.address), [this, port, holder, revision, freed](const Result<ObjectPtr>& address) {
      if (!address) return freed(address.error());
      // Whoever was about to commit under the claim had it as it was; gone, it comes back as another.
      if (!*address) return free_unless_changed(port, holder, revision, freed);
      shards_.commit(address_key(holder.address), (*address)->revision(), *address,
                     [this, port, holder, revision, freed](const Committed& renewed) {
                       if (!renewed) return freed(renewed.error());
                       if (!renewed->committed) return freed({});
                       free_unless_changed(port, holder, revision, freed);
                     });
    });
  });
}

void PortReservations::free_unless_changed(int32_t port, const PortHolder& holder, uint64_t service_revision,
                                           std::function<void(Result<>)> then) {
  Guard guard;
  guard.other = holder.service;
  guard.other_revision = service_revision;
  const auto edit = [port, holder](PortTable* table) -> Result<bool> {
    const PortHolder* now = table->holder(port);
    if (!now || *now != holder) return false;
    table->free(port);
    return true;
  };
  change_table(edit, std::move(guard), std::move(then));
}

}  // namespace kabuki::api_server

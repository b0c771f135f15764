#include "actors/api_server/address_reservations.hpp"

#include <memory>
#include <utility>

#include "messages/api/networking/v1/ip_address.pb.h"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using IPAddress = ::k8s::io::api::networking::v1::IPAddress;
using Committed = Result<ShardClient::CommitResult>;

// As Kubernetes' own allocator writes them.
constexpr const char* kManagedBy = "ipaddress.kubernetes.io/managed-by";
constexpr const char* kAllocator = "ipallocator.k8s.io";
constexpr const char* kFamily = "ipaddress.kubernetes.io/ip-family";

Key address_key(const std::string& address) { return {kinds::kIPAddress, "", address}; }

std::optional<Key> service_of(const IPAddress& address) {
  const auto& parent = address.spec().parentref();
  if (!parent.group().empty() || parent.resource() != "services") return std::nullopt;
  return Key{kinds::kService, parent.namespace_(), parent.name()};
}

/// The service that an IPAddress refers to; none of one that refers to none or cannot be read.
std::optional<Key> service_of(const Object& object) {
  IPAddress address;
  if (!object.parse(&address)) return std::nullopt;
  return service_of(address);
}

bool is_allocators(const IPAddress& address) {
  const auto label = address.metadata().labels().find(kManagedBy);
  return label != address.metadata().labels().end() && label->second == kAllocator;
}

bool is_allocators_for(const Object& object, const Key& service) {
  IPAddress address;
  return object.parse(&address) && is_allocators(address) && service_of(address) == service;
}

/// Of what is not there: "" and 0.
std::string address_of(const ObjectPtr& service) { return service ? service_address(*service) : std::string(); }
uint64_t revision_of(const ObjectPtr& object) { return object ? object->revision() : 0; }

Error in_use(const std::string& address, const Key& service) {
  return conflict(kind_of(kinds::kIPAddress), address,
                  "the address belongs to service " + service.ns + "/" + service.name + "; delete that first");
}

}  // namespace

void AddressReservations::secure(const Write& write, const ObjectPtr& current, const Decision& decision,
                                 std::function<void(Result<WriteFlow::Secured>)> then) {
  const bool removes = decision.effect == Decision::Effect::removed;
  if (write.kind->id == kinds::kIPAddress && removes && current) {
    const auto service = service_of(*current);
    if (!service) return then(WriteFlow::Secured{});
    return shards_.get(*service, [service = *service, address = std::string(current->name()),
                                  then = std::move(then)](Result<ObjectPtr> found) {
      if (!found) return then(found.error());
      if (address_of(*found) == address) return then(in_use(address, service));
      WriteFlow::Secured secured;
      secured.guard.other = service;
      secured.guard.other_revision = revision_of(*found);
      then(std::move(secured));
    });
  }
  if (write.kind->id != kinds::kService) return then(WriteFlow::Secured{});
  const Key service = decision.next ? decision.next->key() : write.key;
  const std::string had = address_of(current);
  const std::string has = removes ? std::string() : address_of(decision.next);
  if (had == has) return then(WriteFlow::Secured{});
  auto give_up_old = [this, had, service](uint64_t revision, std::function<void()> go_on) {
    had.empty() ? go_on() : release(had, service, revision, std::move(go_on));
  };
  if (has.empty()) {
    WriteFlow::Secured secured;
    secured.ended = [give_up_old](std::optional<uint64_t> revision, std::function<void()> go_on) {
      revision ? give_up_old(*revision, std::move(go_on)) : go_on();
    };
    return then(std::move(secured));
  }
  reserve(has, service, {}, [this, has, give_up_old, then = std::move(then)](Result<uint64_t> reserved) {
    if (!reserved) return then(reserved.error());
    WriteFlow::Secured secured;
    secured.guard.other = address_key(has);
    secured.guard.other_revision = *reserved;
    secured.ended = [this, has, give_up_old, reserved = *reserved](std::optional<uint64_t> revision,
                                                                   std::function<void()> go_on) {
      if (revision) return give_up_old(*revision, std::move(go_on));
      // Nothing was committed under it, and nothing will be: who else wants the address makes it anew.
      shards_.commit(address_key(has), reserved, nullptr, [go_on = std::move(go_on)](const Committed&) { go_on(); });
    };
    then(std::move(secured));
  });
}

void AddressReservations::reserve(const std::string& address, const Key& service, Guard guard,
                                  std::function<void(Result<uint64_t>)> then) {
  auto object = std::make_shared<IPAddress>();
  object->mutable_metadata()->set_name(address);
  (*object->mutable_metadata()->mutable_labels())[kManagedBy] = kAllocator;
  (*object->mutable_metadata()->mutable_labels())[kFamily] = "IPv4";
  auto* parent = object->mutable_spec()->mutable_parentref();
  parent->set_resource("services");
  parent->set_namespace_(service.ns);
  parent->set_name(service.name);
  Write write;
  write.kind = &kind_of(kinds::kIPAddress);
  write.key = address_key(address);
  write.object = std::move(object);
  auto decision = decide(write, nullptr, context_());
  if (!decision) return then(decision.error());
  const bool may_take_over = !guard.other;  // of a write; a repair has seen the service with the address
  shards_.commit(
      write.key, 0, decision->next,
      [this, address, service, may_take_over, then = std::move(then)](const Committed& result) {
        if (!result) return then(result.error());
        if (result->committed) return then(result->revision);
        if (may_take_over && result->current && is_allocators_for(*result->current, service)) {
          return take_over(result->current, service, then);
        }
        if (!result->unmet) {
          addresses_.reserved(address);
          lost_.insert(address);
        }
        then(taken_address(service, address));
      },
      std::move(guard));
}

void AddressReservations::take_over(const ObjectPtr& address, const Key& service,
                                    std::function<void(Result<uint64_t>)> then) {
  const std::string name(address->name());
  shards_.commit(address->key(), address->revision(), address,
                 [this, name, service, then = std::move(then)](const Committed& renewed) {
                   if (!renewed) return then(renewed.error());
                   if (!renewed->committed) return then(taken_address(service, name));
                   shards_.get(service,
                               [name, service, then, revision = renewed->revision](const Result<ObjectPtr>& found) {
                                 if (!found) return then(found.error());
                                 if (address_of(*found) == name) return then(taken_address(service, name));
                                 then(revision);
                               });
                 });
}

void AddressReservations::release(const std::string& address, const Key& service, uint64_t revision,
                                  std::function<void()> then) {
  shards_.get(address_key(address), [this, address, service, revision,
                                     then = std::move(then)](const Result<ObjectPtr>& found) {
    if (!found || !*found || service_of(**found) != service) return then();
    Guard guard;
    guard.other = service;
    guard.other_revision = revision;
    shards_.commit(
        address_key(address), (*found)->revision(), nullptr, [then](const Committed&) { then(); }, std::move(guard));
  });
}

void AddressReservations::put(const Object& object) {
  const std::string address(object.name());
  addresses_.reserved(address);
  IPAddress parsed;
  const auto service = object.parse(&parsed) && is_allocators(parsed) ? service_of(parsed) : std::nullopt;
  if (!service) {
    reservations_.erase(address);
  } else {
    reservations_[address] = {*service, object.revision()};
  }
}

void AddressReservations::remove(const Object& object) {
  const std::string address(object.name());
  addresses_.free_again(address);
  reservations_.erase(address);
}

void AddressReservations::repair() {
  const auto& services = addresses_.of_services();
  for (const auto& [service, address] : services) {
    if (!addresses_.is_reserved(address)) make_missing(service, address);
  }
  std::set<std::string> unused;
  for (const auto& [address, reservation] : reservations_) {
    const auto has = services.find(reservation.service);
    if (has == services.end() || has->second != address) unused.insert(address);
  }
  for (const std::string& address : unused) {
    if (unused_.contains(address)) remove_unused(address, reservations_.at(address));
  }
  unused_ = std::move(unused);
}

void AddressReservations::make_missing(const Key& service, const std::string& address) {
  shards_.get(service, [this, service, address](const Result<ObjectPtr>& found) {
    if (!found || address_of(*found) != address) return;
    Guard guard;
    guard.other = service;
    guard.other_revision = (*found)->revision();
    reserve(address, service, std::move(guard), [](const Result<uint64_t>&) {});
  });
}

void AddressReservations::remove_unused(const std::string& address, const Reservation& reservation) {
  shards_.get(reservation.service, [this, address, reservation](const Result<ObjectPtr>& found) {
    if (!found || address_of(*found) == address) return;
    Guard guard;
    guard.other = reservation.service;
    guard.other_revision = revision_of(*found);
    shards_.commit(
        address_key(address), reservation.revision, nullptr, [](const Committed&) {}, std::move(guard));
  });
}

}  // namespace kabuki::api_server

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "actors/api_server/service_addresses.hpp"
#include "actors/api_server/shard_client.hpp"
#include "actors/api_server/write_flow.hpp"

namespace kabuki::api_server {

/// Sees to it that no two services have one address, whichever API servers of whichever hosts give it: as in
/// Kubernetes, an address belongs to the service that an IPAddress object of its name refers to. That is made before
/// a service gets the address, which is committed only while it is unchanged; and it goes only while its service is
/// known, in the same instant, not to have the address. To be used inside one actor only.
class AddressReservations {
 public:
  AddressReservations(ShardClient* shards, ServiceAddresses* addresses, std::function<WriteContext()> context)
      : shards_(*shards), addresses_(*addresses), context_(std::move(context)) {}

  /// WriteFlow::Secure, of services and IPAddresses; secures nothing of other kinds. Errors: 422 where another
  /// service has the address, 409 where an IPAddress is in use.
  void secure(const Write& write, const ObjectPtr& current, const Decision& decision,
              std::function<void(Result<WriteFlow::Secured>)> then);

  /// Whether a write has failed because this address, which had seemed free, was another's; true once.
  bool take_lost(const std::string& address) { return lost_.erase(address) > 0; }

  /// What the watch of IPAddresses shows.
  void put(const Object& address);
  void remove(const Object& address);
  /// Mends what crashes have left, by what the watches show and then by the store: makes what is missing, and
  /// removes what has referred to a service without that address since the last call.
  void repair();

 private:
  /// An IPAddress of this allocator.
  struct Reservation {
    Key service;
    uint64_t revision = 0;
  };
  void reserve(const std::string& address, const Key& service, Guard guard,
               std::function<void(Result<uint64_t>)> then);
  /// Takes over what is left of an attempt of the same service, whose outcome nobody has told: renews it, so that the
  /// attempt cannot be committed any more. Error: 422 where it has been.
  void take_over(const ObjectPtr& address, const Key& service, std::function<void(Result<uint64_t>)> then);
  /// Gives the address up that `service` has had, provided that it is at that revision (0: absent).
  void release(const std::string& address, const Key& service, uint64_t revision, std::function<void()> then);
  void make_missing(const Key& service, const std::string& address);
  void remove_unused(const std::string& address, const Reservation& reservation);

  ShardClient& shards_;
  ServiceAddresses& addresses_;
  std::function<WriteContext()> context_;
  std::map<std::string, Reservation> reservations_;  // as the watch has shown them
  std::set<std::string> lost_;
  std::set<std::string> unused_;  // when repair was called last
};

}  // namespace kabuki::api_server

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "messages/object.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server {

/// The clusterIP of a service; "" of one that has none.
std::string service_address(const Object& service);
/// What a service is refused with that wants an address of another's: 422.
Error taken_address(const Key& service, const std::string& address);

/// Which virtual addresses of services, out of one /16, seem free. Of several API servers of a host, number `slot` of
/// `slots` proposes only addresses whose number leaves `slot` when divided by `slots`, so that they seldom meet;
/// whose an address is, AddressReservations settles. Proposes none before the services there are have been shown to
/// it: that is the owner's to see to.
class ServiceAddresses {
 public:
  ServiceAddresses(std::string prefix, size_t slot, size_t slots)
      : prefix_(std::move(prefix)), slot_(slot), slots_(slots) {}

  /// What the watch shows: the service holds this address from now on, and no other.
  void put(const Object& service);
  void remove(const Object& service);
  /// A free address, held at once. Error: 500 when the range is full.
  Result<std::string> allocate();
  /// Holds the address that the service `key` asks for. Error: 422 when it is none of the range's, or another
  /// service's that has no IPAddress; of those that have one the store knows best.
  Result<> claim(const Key& key, const std::string& address);
  /// Gives back what was allocated or claimed for a service that did not come to have it.
  void give_back(const std::string& address) { given_.erase(address); }

  /// An IPAddress is there, or is gone.
  void reserved(const std::string& address) { reserved_.insert(address); }
  void free_again(const std::string& address) { reserved_.erase(address); }
  bool is_reserved(const std::string& address) const { return reserved_.contains(address); }
  /// As the watch of services has shown.
  const std::map<Key, std::string>& of_services() const { return of_service_; }

 private:
  bool is_taken(const std::string& address) const {
    return given_.contains(address) || users_.contains(address) || reserved_.contains(address);
  }

  std::string prefix_;
  size_t slot_;
  size_t slots_;
  uint32_t next_ = 0;
  std::set<std::string> given_;  // by allocate and claim, not shown by the watch yet
  std::set<std::string> reserved_;
  std::map<std::string, std::set<Key>> users_;
  std::map<Key, std::string> of_service_;
};

}  // namespace kabuki::api_server

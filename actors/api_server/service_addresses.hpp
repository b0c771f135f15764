#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "messages/object.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server {

/// Virtual addresses of services out of one /16. Of several API servers, number `slot` of `slots` gives only
/// addresses whose number leaves `slot` when divided by `slots`, so that two never give the same without asking each
/// other. Gives none of its own before the services there are have been shown to it: that is the owner's to see to.
class ServiceAddresses {
 public:
  ServiceAddresses(std::string prefix, size_t slot, size_t slots)
      : prefix_(std::move(prefix)), slot_(slot), slots_(slots) {}

  /// What the watch shows: the service holds this address from now on, and no other.
  void put(const Object& service);
  void remove(const Object& service);
  /// A free address, held at once. Error: 500 when the range is full.
  Result<std::string> allocate();
  /// Holds the address that the service `key` asks for. Error: 422 when it is none of the range's or another
  /// service's.
  Result<> claim(const Key& key, const std::string& address);
  /// Gives back what was allocated or claimed for a service that did not come to have it.
  void give_back(const std::string& address) { given_.erase(address); }

 private:
  bool is_taken(const std::string& address) const { return given_.contains(address) || users_.contains(address); }

  std::string prefix_;
  size_t slot_;
  size_t slots_;
  uint32_t next_ = 0;
  std::set<std::string> given_;  // by allocate and claim, not shown by the watch yet
  std::map<std::string, std::set<Key>> users_;
  std::map<Key, std::string> of_service_;
};

}  // namespace kabuki::api_server

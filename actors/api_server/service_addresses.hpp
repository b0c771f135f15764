#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "messages/object.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server {

/// Virtual addresses of services out of one /16. Of several API servers, number `slot` of `slots` gives only addresses
/// whose number leaves `slot` when divided by `slots`, so that two never give the same without asking each other.
class ServiceAddresses {
 public:
  ServiceAddresses(std::string prefix, size_t slot, size_t slots)
      : prefix_(std::move(prefix)), slot_(slot), slots_(slots) {}

  /// What the watch shows: the service holds its addresses from now on.
  void put(const Object& service);
  void remove(const Object& service);
  /// A free address, held at once. Error: 500 when the range is full.
  Result<std::string> allocate();
  /// Gives back what was allocated for a service that was not created.
  void give_back(const std::string& address) { held_.erase(address); }

 private:
  std::string prefix_;
  size_t slot_;
  size_t slots_;
  uint32_t next_ = 0;
  std::multiset<std::string> held_;
  std::map<Key, std::string> of_service_;
};

}  // namespace kabuki::api_server

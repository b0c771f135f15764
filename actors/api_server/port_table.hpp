#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "messages/object.hpp"

namespace kabuki::api_server {

/// Who has a node port, or is about to.
struct PortHolder {
  Key service;
  std::string address;  // the service's own, whose IPAddress stands for it
  std::string claim;    // one attempt to get the port: no two have the same
  bool operator==(const PortHolder&) const = default;
};

/// The node ports that are taken in the whole cluster: ConfigMap kube-system/kabuki-node-ports, one key per port.
/// What is there and cannot be read is taken by nobody known.
class PortTable {
 public:
  static Key key();
  /// Null: there is none yet.
  static PortTable read(const ObjectPtr& object);
  /// `base` with what is in this table; a new one with this uid and time where `base` is null.
  ObjectPtr write(const ObjectPtr& base, const std::string& uid, int64_t now_ns) const;

  bool is_taken(int32_t port) const { return holders_.contains(port); }
  /// Null where it is free, or nobody known has it.
  const PortHolder* holder(int32_t port) const;
  void take(int32_t port, PortHolder holder) { holders_[port] = std::move(holder); }
  void free(int32_t port) { holders_.erase(port); }
  const std::map<int32_t, std::optional<PortHolder>>& holders() const { return holders_; }

 private:
  std::map<int32_t, std::optional<PortHolder>> holders_;
};

}  // namespace kabuki::api_server

#pragma once

#include <map>
#include <string>

#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server {

/// The namespaces as a watch has shown them, for Kubernetes' NamespaceLifecycle admission. Lags behind the store: an
/// unknown one is to be looked up before it is refused.
class Namespaces {
 public:
  void put(const Object& object);
  void remove(const std::string& name) { terminating_.erase(name); }
  bool known(const std::string& name) const { return terminating_.contains(name); }
  /// Whether an object of `kind` may be created in the namespace `object` (null when it does not exist): 404 or 403
  /// with the cause NamespaceTerminating.
  static Result<> admits(const Kind& kind, const std::string& object_name, const std::string& ns,
                         const Object* object);
  Result<> admits_known(const Kind& kind, const std::string& object_name, const std::string& ns) const;

 private:
  std::map<std::string, bool> terminating_;
};

}  // namespace kabuki::api_server

#include "actors/api_server/namespaces.hpp"

#include "messages/field_scan.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

bool is_terminating(const Object& object) { return !scan_bytes(object.body(), paths::kDeletionTimestamp).empty(); }

Error terminating(const Kind& kind, const std::string& object_name, const std::string& ns) {
  Error error = forbidden(kind, object_name,
                          "unable to create new content in namespace " + ns + " because it is being terminated");
  error.causes.push_back({"NamespaceTerminating", "namespace " + ns + " is being terminated", "metadata.namespace"});
  return error;
}

}  // namespace

void Namespaces::put(const Object& object) { terminating_[std::string(object.name())] = is_terminating(object); }

Result<> Namespaces::admits(const Kind& kind, const std::string& object_name, const std::string& ns,
                            const Object* object) {
  if (!object) return not_found(kind_of(kinds::kNamespace), ns);
  if (is_terminating(*object)) return terminating(kind, object_name, ns);
  return {};
}

Result<> Namespaces::admits_known(const Kind& kind, const std::string& object_name, const std::string& ns) const {
  auto found = terminating_.find(ns);
  if (found == terminating_.end()) return not_found(kind_of(kinds::kNamespace), ns);
  if (found->second) return terminating(kind, object_name, ns);
  return {};
}

}  // namespace kabuki::api_server

#pragma once

#include <string_view>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/request_info.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server {

/// Kubernetes' verb of a request: get, list, watch, create, update, patch, delete, deletecollection; of documents the
/// method in lower case. "" for a method that no resource knows.
std::string_view verb_of(const http::Request& request, const RequestInfo& info);

/// Whether `identity` may do this. Certificates of the cluster's authority in group system:masters may do anything;
/// anybody may read health and version; all else is 403, worded as observed.
Result<> authorize(const http::Identity& identity, std::string_view verb, const RequestInfo& info);

/// Whether the resource knows this verb: 405 otherwise. What a kube-apiserver has no route for is refused here: HEAD
/// of resources, writes through the old watch paths, pods/binding beside create, namespaces/finalize beside update,
/// creating or deleting collections of a namespaced kind without a namespace.
bool serves_verb(const http::Request& request, std::string_view verb, const RequestInfo& info);

}  // namespace kabuki::api_server

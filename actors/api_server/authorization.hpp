#pragma once

#include <string_view>
#include <vector>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/request_info.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server {

/// Kubernetes' verb of a request: get, list, watch, create, update, patch, delete, deletecollection; of documents the
/// method in lower case. "" for a method that no resource knows.
std::string_view verb_of(const http::Request& request, const RequestInfo& info);

/// What somebody may or may not do: a verb on a resource, or a method on another path.
struct Act {
  std::string_view verb;
  std::string_view path;  // "" of a resource
  std::string_view group;
  std::string_view resource;  // in the plural
};

/// Whether `identity` may do this. Certificates of the cluster's authority in group system:masters may do anything;
/// who has any other certificate of it may read discovery and ask what it may do; anybody may read health and
/// version.
bool may(const http::Identity& identity, const Act& act);

/// The same of a request; what may not be done is 403, worded as observed.
Result<> authorize(const http::Identity& identity, std::string_view verb, const RequestInfo& info);

/// Whoever the request is to be judged as: by Impersonate-User and Impersonate-Group who may do anything acts as
/// another, with that one's rights. Errors: 403 of who may not, 400 of groups without a user; 401 of who shows a
/// bearer token and no certificate, since no token is known here.
Result<http::Identity> acting_identity(const http::Request& request);

/// Whether the resource knows this verb: 405 otherwise. What a kube-apiserver has no route for is refused here: HEAD
/// of resources, writes through the old watch paths, pods/binding beside create, namespaces/finalize beside update,
/// creating or deleting collections of a namespaced kind without a namespace.
bool serves_verb(const http::Request& request, std::string_view verb, const RequestInfo& info);

/// Paths beside resources that `identity` may read: "*" is all of them, "/livez/*" all below.
std::vector<std::string> readable_paths(const http::Identity& identity);
/// Resources that everybody who is known may create, to ask about itself: {group, plural}.
struct OwnReview {
  std::string_view group;
  std::string_view resource;
};
inline constexpr OwnReview kOwnReviews[] = {{"authentication.k8s.io", "selfsubjectreviews"},
                                            {"authorization.k8s.io", "selfsubjectaccessreviews"},
                                            {"authorization.k8s.io", "selfsubjectrulesreviews"}};
bool in_group(const http::Identity& identity, std::string_view group);

}  // namespace kabuki::api_server

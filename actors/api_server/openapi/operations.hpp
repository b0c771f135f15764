#pragma once

#include <span>
#include <string>
#include <vector>

#include "messages/kinds.hpp"

namespace kabuki::api_server::openapi {

/// A query or path parameter.
struct Parameter {
  std::string name;
  std::string type;  // string, boolean, integer
  std::string description;
  bool in_path = false;
};

/// One method on one path, in terms that both OpenAPI versions are written from.
struct Operation {
  std::string method;  // "get"
  std::string id;      // "readCoreV1NamespacedPod"
  std::string action;  // Kubernetes' verb: list, post, put, patch, delete, ...
  std::string group;   // of what the operation is about
  std::string version;
  std::string kind;
  std::string tag;                    // "core_v1"
  std::string body;                   // definition name of the request; "" for none, "patch" for any JSON
  std::string answer;                 // definition name of the response; "" for text, or a stream
  std::vector<std::string> consumes;  // media types of the request
  std::vector<Parameter> parameters;  // of the query
};

struct Path {
  std::string path;  // "/api/v1/namespaces/{namespace}/pods/{name}"
  std::vector<Parameter> parameters;
  std::vector<Operation> operations;
};

/// Every path under which the kinds are served, sorted.
std::vector<Path> paths_of(std::span<const Kind* const> kinds);

}  // namespace kabuki::api_server::openapi

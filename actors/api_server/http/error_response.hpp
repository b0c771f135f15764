#pragma once

#include <string>

#include "messages/result.hpp"

namespace kabuki::api_server::http {

/// `error` as a Kubernetes Status in JSON: the body of every failure that the protocol side answers itself.
std::string status_body(const Error& error);

/// The standard phrase of an HTTP status code, "Unknown" for one that has none.
const char* reason_phrase(int status);

/// Failures of the protocol, worded as a kube-apiserver words them where it has them.
Error request_entity_too_large(size_t limit_bytes);
Error header_too_large(size_t limit_bytes);
Error expectation_failed();

}  // namespace kabuki::api_server::http

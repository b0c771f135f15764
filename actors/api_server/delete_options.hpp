#pragma once

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/write/write.hpp"

namespace kabuki::api_server {

/// Reads what a DELETE asks for into `write`: grace, propagation, preconditions, dry run. As in a kube-apiserver a
/// body (DeleteOptions) counts alone, and only without one the query does; but a dry run asked for in either is one.
/// Errors: 400 for what cannot be read, 415, 422 for values that Kubernetes does not know.
Result<> read_delete_options(const http::Request& request, Write* write);

}  // namespace kabuki::api_server

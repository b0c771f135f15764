#pragma once

#include <openssl/types.h>

#include "actors/api_server/http/exchange.hpp"

namespace kabuki::api_server::http {

/// Who a verified client certificate stands for: CN is the user, each O a group, and system:authenticated.
/// Anonymous for a null certificate or one without a CN.
Identity identity_of(X509* certificate);

}  // namespace kabuki::api_server::http

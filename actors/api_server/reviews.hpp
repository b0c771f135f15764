#pragma once

#include <google/protobuf/message.h>
#include <string_view>

#include "actors/api_server/http/exchange.hpp"
#include "messages/kinds.hpp"
#include "messages/result.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// Answers what is asked about permissions: fills the status of `review`, one of the *Review kinds, sent by `asker`
/// into namespace `ns` ("" where the kind has none). The answer is that of `may` (authorization.hpp). Pure. Errors:
/// 422 and 400, worded as Kubernetes' authorization API words them.
Result<> answer_review(const Kind& kind, const http::Identity& asker, std::string_view ns, io::WallTime now,
                       google::protobuf::Message* review);

}  // namespace kabuki::api_server

#pragma once

#include <google/protobuf/message.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/api_server/negotiation.hpp"
#include "actors/api_server/parameters.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server {

/// A request's body as a message, and what was odd about it.
struct DecodedBody {
  std::shared_ptr<google::protobuf::Message> message;
  std::vector<std::string> warnings;  // `unknown field "x"`; empty unless validation is warn
};

/// What the body must be.
struct ExpectedType {
  std::string api_version;  // "apps/v1"
  std::string kind;         // "Deployment"
  const google::protobuf::Descriptor* descriptor = nullptr;
  bool any_version = false;   // options (DeleteOptions) come in that of whatever group they are sent to
  std::string older_version;  // accepted too, its fields being the same; "" is none
};

/// Decodes JSON, YAML or Kubernetes' Protobuf envelope. Errors as observed: 400 for malformed text, for another kind
/// ("Secret in version "v1" cannot be handled as a ConfigMap: ...") and, with strict validation, for unknown fields.
Result<DecodedBody> decode_body(std::string_view body, Encoding encoding, const ExpectedType& expected,
                                FieldValidation validation);

/// The 400 of strict validation, of a create or a patch.
Error strict_decoding_error(const ExpectedType& expected, const std::vector<std::string>& notes);

}  // namespace kabuki::api_server

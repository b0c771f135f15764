#pragma once

#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace kabuki::api_server {

enum class Encoding { json, yaml, protobuf };

/// How a response is to be written: Kubernetes' `Accept: application/json;as=Table;v=v1;g=meta.k8s.io`.
struct Format {
  enum class As { object, table, partial_metadata, partial_metadata_list };
  Encoding encoding = Encoding::json;
  As as = As::object;
  bool operator==(const Format&) const = default;
};

/// Picks the first media type of `accept` that can be served ("" and */* are JSON). Error: 406 as observed.
Result<Format> negotiate(std::string_view accept, bool watch = false);

/// The encoding of a request's body. "" is JSON. Error: 415 as observed.
Result<Encoding> body_encoding(std::string_view content_type);

/// "application/json", ...; of a watch with `;stream=watch` for Protobuf.
std::string content_type(Format format, bool watch = false);

}  // namespace kabuki::api_server

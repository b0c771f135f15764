#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace google::protobuf {
class Message;
}

namespace kabuki {

/// What decoding does with a field that the kind does not have, and with a field that comes twice.
enum class UnknownFields { ignore, collect };

/// Decoded next to the message: paths such as `unknown field "spec.foo"` and `duplicate field "spec.replicas"`, in
/// document order, worded as a kube-apiserver words its warnings.
struct JsonNotes {
  std::vector<std::string> notes;
};

/// Decodes Kubernetes' JSON into `out` (cleared first) by its descriptor: int64 as numbers, Quantity as a string or
/// number (kept canonical), IntOrString, RFC 3339 times, base64 bytes, inlined messages. `apiVersion` and `kind` at
/// the top are skipped: the caller has read them. Names are matched case-sensitively. Error: BadRequest with the
/// field path and what was expected there. Thread-safe.
Result<> decode_json(std::string_view json, google::protobuf::Message* out, JsonNotes* notes = nullptr);

/// `apiVersion` and `kind` of a JSON document, "" where absent. Error: BadRequest, worded as observed
/// ("couldn't get version/kind; json parse error: ...").
struct TypeMetaFields {
  std::string api_version;
  std::string kind;
};
Result<TypeMetaFields> peek_type_meta(std::string_view json);

/// Appends `message` as Kubernetes' JSON: keys in the order of the API table (kind and apiVersion first when
/// given), maps sorted by key, omitempty and pointers as the table says. Deterministic.
void encode_json(const google::protobuf::Message& message, std::string* out, std::string_view kind = {},
                 std::string_view api_version = {});

/// Appends `text` as a JSON string with quotes, escaped as Go's encoding/json does (also <, > and &).
void append_json_string(std::string_view text, std::string* out);

}  // namespace kabuki

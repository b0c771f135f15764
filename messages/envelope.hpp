#pragma once

#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace google::protobuf {
class Message;
}

namespace kabuki {

/// `application/vnd.kubernetes.protobuf`: the bytes `k8s\0`, then a runtime.Unknown with the type and the message.
struct Envelope {
  std::string_view api_version;
  std::string_view kind;
  std::string_view raw;  // the message; all three point into the opened body
};

/// Whether a body begins with the magic bytes.
bool is_enveloped(std::string_view body);

/// Opens a body without copying it. Error: BadRequest when it is malformed, compressed or encoded otherwise.
Result<Envelope> open_envelope(std::string_view body);

/// Opens a body and parses its message into `out`, made canonical: fields that Go sends although they are empty are
/// dropped, unknown ones too; quantities, times and embedded JSON become what `decode_json` makes of them. Error:
/// BadRequest.
Result<> decode_envelope(std::string_view body, google::protobuf::Message* out);

/// Appends the envelope around `raw`, an encoded message.
void append_envelope(std::string_view api_version, std::string_view kind, std::string_view raw, std::string* out);

/// Appends one frame of a Protobuf watch: a big-endian length of 4 bytes, then a WatchEvent of this type ("ADDED")
/// whose object is the enveloped `raw`.
void append_watch_frame(std::string_view type, std::string_view api_version, std::string_view kind,
                        std::string_view raw, std::string* out);

}  // namespace kabuki

#pragma once

#include <string>
#include <string_view>

namespace google::protobuf {
class Descriptor;
}

namespace kabuki {

/// As `encode_json`, straight from a message's bytes: nothing is parsed into an object. Malformed bytes end the
/// message they stand in; the result is JSON all the same, if what they embed as JSON is.
void encode_json_bytes(const google::protobuf::Descriptor* descriptor, std::string_view body, std::string* out,
                       std::string_view kind = {}, std::string_view api_version = {});

/// A double as Go's encoding/json writes it; what JSON has no word for is `null`.
void append_json_number(double value, std::string* out);

}  // namespace kabuki

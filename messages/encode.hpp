#pragma once

#include <string>

namespace google::protobuf {
class Message;
}

namespace kabuki {

/// The message's bytes; equal messages give equal bytes (maps sorted by key). The only way the house serialises.
std::string serialize(const google::protobuf::Message& message);

/// Appends what `serialize` returns.
void serialize_to(const google::protobuf::Message& message, std::string* out);

/// Clears every message field that is set but empty and for which Kubernetes knows no difference between empty and
/// absent (its Go type is a struct, not a pointer). Go clients send such fields; objects are kept without them.
void canonicalize(google::protobuf::Message* message);

}  // namespace kabuki

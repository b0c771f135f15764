#pragma once

#include <string>

namespace kabuki::yaml {

/// Goes through a stream of documents and throws a YAML::Exception at what yaml-cpp's `LoadAll` would not survive: a
/// document whose first token begins no value (it is met again for ever), an anchor within its own value (its nodes
/// are never freed).
void guard_stream(const std::string& text);

}  // namespace kabuki::yaml

#pragma once

#include <cstdint>
#include <google/protobuf/message.h>

#include "messages/kinds.hpp"

namespace kabuki::api_server {

/// What a new object is given, or relieved of, before defaults and validation: a status that only controllers write,
/// the pod's service account and the tolerations of broken nodes (Kubernetes' admission plugins ServiceAccount,
/// DefaultTolerationSeconds and Priority), phases of what begins its life.
void admit_create(const Kind& kind, int64_t toleration_seconds, google::protobuf::Message* object);

}  // namespace kabuki::api_server

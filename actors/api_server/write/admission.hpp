#pragma once

#include <google/protobuf/message.h>

#include "messages/kinds.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// What a new object is given, or relieved of, before defaults and validation: a status that only controllers write,
/// the pod's service account and the 300 s tolerations (Kubernetes' admission plugins ServiceAccount,
/// DefaultTolerationSeconds and Priority), phases of what begins its life.
void admit_create(const Kind& kind, io::WallTime now, google::protobuf::Message* object);

}  // namespace kabuki::api_server

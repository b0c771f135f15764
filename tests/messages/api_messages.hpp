#pragma once

#include <google/protobuf/descriptor.h>
#include <vector>

namespace kabuki {

/// Every message of the Kubernetes API that this program has, in the order of the API table.
const std::vector<const google::protobuf::Descriptor*>& api_messages();

}  // namespace kabuki

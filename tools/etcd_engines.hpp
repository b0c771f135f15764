#pragma once

#include "messages/result.hpp"
#include "store/shards.hpp"
#include "tools/engines.hpp"

namespace kabuki::tools {

/// `engines` of the kind etcd.
Result<ShardEngines> etcd_engines(const EngineChoice& choice, const store::ShardMap& shards);

}  // namespace kabuki::tools

#pragma once

#include <optional>

#include "messages/result.hpp"
#include "store/engines/etcd.hpp"
#include "store/shards.hpp"
#include "tools/engines.hpp"

namespace kabuki::tools {

/// `engines` of the kind etcd.
Result<ShardEngines> etcd_engines(const EngineChoice& choice, const store::ShardMap& shards);

/// `choice` of the kind etcd, without what differs from shard to shard. Error: BadRequest that says what to change.
Result<store::EtcdOptions> etcd_options(const EngineChoice& choice);

/// Which shards keep what in the cluster that `choice` names; none where it is not there yet.
Result<std::optional<store::ShardMap>> mapping_in_etcd(const EngineChoice& choice);

/// Makes this host the first of the cluster in etcd; once and for all, by its key. Error: Conflict that says how to
/// join where another host is that already.
Result<> claim_first_host(const EngineChoice& choice, const std::string& host, const std::string& public_key);

}  // namespace kabuki::tools

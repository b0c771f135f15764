#pragma once

#include <string>

#include "messages/bus/control.pb.h"
#include "messages/result.hpp"
#include "runtime/io/clock.hpp"
#include "tools/cluster_files.hpp"
#include "tools/pki.hpp"

namespace kabuki::tools {

/// Where other hosts will reach this one, with a port that is free now: they are told before its network is made,
/// because its name comes with the answer. `listen` is an IPv4 address, maybe with a port; "" is loopback.
Result<std::string> own_endpoint(const std::string& listen);

/// The name that this directory's host was given when it first joined; "" before.
Result<std::string> known_name(const ClusterFiles& files);
Result<> keep_name(const ClusterFiles& files, const std::string& name);

/// The hosts of the cluster as they were last known here; none when that was never kept or cannot be read.
bus::Members known_members(const ClusterFiles& files);
void keep_members(const ClusterFiles& files, const bus::Members& members);

/// Asks to be let in, for up to some ten seconds: at the join file's endpoint, with its secret the first time and
/// with the host's own keys once `join` has a name; then also at every control-plane host that is known here. A
/// cluster that has just started or elects says 503 for a moment.
Result<bus::JoinReply> knock(const ClusterFiles& files, const std::string& join_file, const HostKeys& keys,
                             bus::Join join, const io::Clock& clock);

}  // namespace kabuki::tools

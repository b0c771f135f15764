#pragma once

#include "messages/bus/control.pb.h"
#include "messages/result.hpp"
#include "tools/host_process.hpp"
#include "tools/pki.hpp"

namespace kabuki::tools {

/// What a host of this cluster needs to become a control-plane host, from what this one runs with. Only of a cluster
/// whose objects are in etcd. Error: a file of --etcd-... that cannot be read.
Result<bus::MasterKit> make_kit(const HostProcessOptions& options, const ClusterKeys& keys);

/// Keeps a kit below the host's directory, the authority's key and the like in files of their own (0600).
Result<> keep_kit(const ClusterFiles& files, const bus::MasterKit& kit);

/// Completes the options of a control-plane host that has joined by the kit that was kept. What was said on the
/// command line about etcd goes before it: a host may have another way to the same etcd.
Result<> use_kit(const ClusterFiles& files, HostProcessOptions* options);

/// A host that joins as a control-plane host, or has before: asks to be let in the first time, and comes back with
/// its name. After that it needs nobody to start, since what it needs is kept here.
Result<std::string> join_as_master(const HostProcessOptions& options, const std::string& endpoint,
                                   const io::Clock& clock);

}  // namespace kabuki::tools

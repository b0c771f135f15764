#pragma once

#include <utility>
#include <vector>

#include "actors/membership/door.hpp"
#include "messages/bus/control.pb.h"
#include "messages/result.hpp"
#include "tools/cluster_files.hpp"
#include "tools/host_process.hpp"

namespace kabuki::tools {

/// The join files of a control-plane host that listens for others: one for workers and, where objects are in etcd,
/// one for control-plane hosts. Every control-plane host has them with the same secrets and lets in who has them;
/// each lists all of these hosts, so that it is good for as long as one of them is up.
class OfferedJoining {
 public:
  /// Opens `door` for them: those of an earlier run or of the host that let this one in go on being good, what is
  /// missing is made. Nothing without --listen. Error: a file cannot be written.
  static Result<OfferedJoining> make(const ClusterFiles& files, runtime::JoinFile::Door own,
                                     const HostProcessOptions& options, membership::Door& door);

  /// For hosts that become control-plane hosts.
  void add_to(bus::MasterKit* kit) const;
  /// Writes the files anew where other control-plane hosts are in them now.
  void learned(const bus::Members& members);

 private:
  std::vector<std::pair<std::string, runtime::JoinFile>> offers_;  // with their paths
};

}  // namespace kabuki::tools

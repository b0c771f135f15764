#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "messages/result.hpp"
#include "store/restore.hpp"
#include "tools/cluster_files.hpp"

namespace kabuki::tools {

/// What of a cluster's directory goes into its snapshot: everything small beside the store, by path below it. Keys
/// and certificates, the join file, the incarnation, where it listened; not the lock, the logs, what is derived.
Result<std::map<std::string, std::string>> files_to_keep(const ClusterFiles& files);

/// What a snapshot's file becomes in a new directory: the incarnation goes on far above the old one, all else is as
/// it was. Error: BadRequest for a path that would leave the directory.
Result<> restore_file(const ClusterFiles& files, const std::string& path, const std::string& content);

/// Makes the engine of a shard that was never written to and begins at this revision.
using OpenNewEngine =
    std::function<Result<std::unique_ptr<store::Engine>>(const std::string& shard, uint64_t first_revision)>;

/// Restores a snapshot's objects alone. The first pass over the file proves it whole before anything is written.
Result<store::SnapshotSummary> restore_objects(const std::string& snapshot, const OpenNewEngine& open,
                                               const store::RestoreOptions& options);

/// Puts one shard of a snapshot, or an empty one where `snapshot` is "", in the place of one that is lost; what lay
/// there is kept beside it as SHARD.lost-SECONDS. The rest of the cluster may run meanwhile, the shard itself not: a
/// host that could not open it finds the new one. Error: Unavailable where somebody has it open, BadRequest where
/// there is no such shard or the snapshot has another mapping.
Result<store::SnapshotSummary> replace_shard(const ClusterFiles& files, const std::string& shard,
                                             const std::string& snapshot, const store::RestoreOptions& options);

/// Restores a snapshot into `directory`, which must be empty or not there: built beside it under another name and
/// renamed when all is durable. The objects go to what `open` makes, or to databases below the directory.
Result<store::SnapshotSummary> restore_directory(const std::string& snapshot, const std::string& directory,
                                                 const store::RestoreOptions& options, OpenNewEngine open = {});

}  // namespace kabuki::tools

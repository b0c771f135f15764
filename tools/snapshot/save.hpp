#pragma once

#include <string>

#include "runtime/io/clock.hpp"
#include "store/snapshot_reader.hpp"
#include "tools/control_client.hpp"

namespace kabuki::tools {

/// Saves the running cluster into `file`, which is replaced as a whole: its objects, and the files of its directory.
/// Begins anew, a few times, when a shard is started again meanwhile. What was written is read again and proven.
Result<store::SnapshotSummary> save_snapshot(const ControlClient& client, const io::Clock& clock,
                                             const std::string& file);

}  // namespace kabuki::tools

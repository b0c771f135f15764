#pragma once

#include <functional>

#include "tools/host_process.hpp"

namespace kabuki::tools {

/// Runs a host that joins a cluster: knocks with the join file the first time, with its own key ever after, then runs
/// its nodes. As run_host_process; `refuse` logs, reports and gives the exit status.
int run_worker_process(const HostProcessOptions& options, const std::function<void(const HostReady&)>& ready,
                       const std::function<int(const Error&)>& refuse);

}  // namespace kabuki::tools

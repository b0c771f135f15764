#pragma once

#include <functional>
#include <string>

#include "messages/result.hpp"
#include "runtime/guardian.hpp"

namespace kabuki::tools {

/// Watches over one host process: runs `host_main` in a child and starts it again when it ends without having been
/// asked to, with the arithmetic of runtime/guardian.hpp: after a pause, and not for ever. SIGTERM and SIGINT are
/// passed on and end it. `host_main` gets the number of restarts so far; kCannotStart at the first start ends the
/// watch at once, because starting again would not help. Returns the exit status of the process.
inline constexpr int kCannotStart = 3;
int guard(const std::function<int(int restarts)>& host_main, const runtime::GuardianPolicy& policy = {});

/// Goes to the background: returns in the parent with what the background process said when it was ready or gave
/// up (`true`, text), in the background process it calls `body` with a function that says it and never returns.
struct BackgroundReport {
  bool ready = false;
  std::string text;
};
using Report = std::function<void(const BackgroundReport&)>;
Result<BackgroundReport> run_in_background(const std::string& log_path, const std::function<int(Report)>& body);

}  // namespace kabuki::tools

#include "tools/scale/scale_run.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "actors/control_plane.hpp"
#include "actors/node_host.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "tools/cluster_files.hpp"
#include "tools/engines.hpp"
#include "tools/host_run.hpp"
#include "tools/scale/load_actor.hpp"

namespace kabuki::tools {
namespace {

constexpr size_t kKubernetesPodsPerNode = 110;

/// A directory that goes with its owner.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kabuki-scale-XXXXXX").string();
    if (const char* made = ::mkdtemp(pattern.data())) path_ = made;
  }
  ~TemporaryDirectory() {
    std::error_code failure;
    if (!path_.empty()) std::filesystem::remove_all(path_, failure);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

uint64_t resident_bytes() {
  auto text = read_text("/proc/self/statm");
  unsigned long long pages = 0;
  if (text) std::sscanf(text->c_str(), "%*u %llu", &pages);
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t peak_resident_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

double percentile_ms(std::vector<io::Duration> values, double fraction) {
  if (values.empty()) return 0;
  size_t rank = std::min(values.size() - 1, static_cast<size_t>(fraction * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(rank), values.end());
  return static_cast<double>(values[rank].count()) * 1e-6;
}

/// What the load's actor says, for the thread that waits.
class Board {
 public:
  void put(const LoadProgress& progress, const std::function<void(const std::string&)>& say) {
    std::lock_guard lock(mutex_);
    if (idle_rss_ == 0 && progress.creating) idle_rss_ = resident_bytes();
    size_t running_before = latest_.running;
    latest_ = progress;
    char line[160];
    std::snprintf(line, sizeof line, "%6.1f s  %zu nodes ready, %zu pods created, %zu bound, %zu running (+%zu)",
                  static_cast<double>(progress.elapsed.count()) * 1e-9, progress.nodes_ready, progress.created,
                  progress.bound, progress.running, progress.running - running_before);
    say(line);
    changed_.notify_all();
  }

  LoadProgress wait(io::Duration timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] { return latest_.finished; });
    return latest_;
  }
  uint64_t idle_rss() const { return idle_rss_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  LoadProgress latest_;
  uint64_t idle_rss_ = 0;
};

}  // namespace

Result<ScaleResult> run_scale(const ScaleOptions& options, const std::function<void(const std::string&)>& progress) {
  TemporaryDirectory directory;
  if (directory.path().empty()) return internal_error("cannot make a temporary directory; set TMPDIR");
  runtime::configure_logging(directory.path() + "/kabuki.log", runtime::Level::warning);

  auto live = LiveServices::make({.host = actors::kFirstHost, .listen = "tcp://127.0.0.1:*"}, directory.path());
  if (!live) return live.error();
  HostRun run(std::move(*live), actors::kFirstHost, 1);
  actors::ControlPlaneOptions plane;
  plane.host = actors::kFirstHost;
  plane.engine = engines(options.store, directory.path() + "/store", plane.shards);
  // Nodes without kubelets renew no leases.
  if (options.until != Until::running) plane.node_lifecycle.grace = std::chrono::hours(24);
  for (const auto& [role, holder] : actors::control_plane_roles(plane)) run.host().set_role(role, holder);

  size_t needed = options.nodes == 0 ? 0 : (options.pods + options.nodes - 1) / options.nodes;
  actors::TreeParts parts;
  actors::add_control_plane(plane, &parts);
  if (options.until == Until::created) parts.scheduler = nullptr;
  actors::add_node_host(
      {.host = actors::kFirstHost,
       .nodes = options.until == Until::running ? static_cast<int>(options.nodes) : 0,
       .pods_per_node = options.pods_per_node ? options.pods_per_node : std::max(needed, kKubernetesPodsPerNode),
       .all_views = true,
       .member = {.endpoint = run.network().endpoint()}},
      &parts);
  Board board;
  LoadOptions load{.until = options.until,
                   .pods = options.pods,
                   .nodes = options.nodes,
                   .views = {std::string(actors::kFirstHost) + "/views"}};
  parts.load = [&board, load, &progress] {
    return make_load(load, [&board, &progress](const LoadProgress& seen) { board.put(seen, progress); });
  };
  if (auto started = run.start(std::move(parts)); !started) return started.error();
  LoadProgress end = board.wait(options.timeout);
  run.host().stop();

  ScaleResult result;
  result.pods_bound = end.bound;
  result.bound_seconds = static_cast<double>(end.bound_after.count()) * 1e-9;
  result.pods_running = end.running;
  result.nodes_ready = end.nodes_ready;
  result.creates_refused = end.refused;
  result.seconds = static_cast<double>(end.elapsed.count()) * 1e-9;
  result.pods_per_second = result.seconds > 0 ? static_cast<double>(end.startup.size()) / result.seconds : 0;
  result.startup_p50_ms = percentile_ms(end.startup, 0.50);
  result.startup_p99_ms = percentile_ms(end.startup, 0.99);
  result.peak_rss_bytes = peak_resident_bytes();
  result.idle_rss_bytes = board.idle_rss();
  result.complete = end.finished;
  return result;
}

}  // namespace kabuki::tools

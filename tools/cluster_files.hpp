#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::tools {

/// Where a host keeps what it keeps: one directory per host of a cluster on this machine.
struct ClusterFiles {
  std::string root;

  std::string state() const { return root + "/cluster.json"; }
  std::string lock() const { return root + "/lock"; }
  std::string format() const { return root + "/format"; }
  std::string store() const { return root + "/store"; }
  std::string pki(const std::string& file) const { return root + "/pki/" + file; }
  std::string log() const { return root + "/kabuki.log"; }
  std::string join_file() const { return root + "/join.json"; }
  std::string control_plane_join_file() const { return root + "/join-control-plane.json"; }
  std::string kubeconfig() const { return root + "/kubeconfig"; }
};

/// The default directory of the cluster `name`: below $XDG_STATE_HOME or ~/.local/state, in kabuki/.
std::string default_data_dir(const std::string& name);
/// Directories below the default place that hold a host of cluster `name`: its own first, then joined workers'.
std::vector<std::string> host_dirs(const std::string& name);

/// What a running host says of itself in cluster.json, for the other commands.
struct HostState {
  std::string cluster;
  std::string host;
  int guardian_pid = 0;
  int pid = 0;
  std::string endpoint;    // of the host's transport
  std::string public_key;  // its CURVE key; "" without keys
  std::string api_server;  // https://127.0.0.1:6443; "" on a worker
  std::string started_at;  // RFC 3339
  std::string kubeconfig;  // where the context was written; "" for nowhere
  std::string mapping;     // which shard keeps which resource: store::ShardMap::text(); "" on a worker
};
/// Of its API server in a kubeconfig: the cluster's name for the first host, with the host's for any other.
std::string context_name(const HostState& state);
Result<HostState> read_host_state(const std::string& path);
Result<> write_host_state(const std::string& path, const HostState& state);

/// Makes the directory (0700), or checks that its data is of this version. Error: names both versions.
Result<> prepare_data_dir(const ClusterFiles& files);

/// Holds a host's directory for as long as it lives: one process at a time.
class DirectoryLock {
 public:
  /// Error: Conflict that names the process that holds it.
  static Result<DirectoryLock> take(const std::string& path);
  /// Whether anybody holds it.
  static bool is_held(const std::string& path);
  DirectoryLock(DirectoryLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// Small files, whole. Errors name the path. `mode` is the file's permission.
Result<std::string> read_text(const std::string& path);
Result<> write_text(const std::string& path, const std::string& text, int mode = 0600);

}  // namespace kabuki::tools

#pragma once

#include <string>
#include <vector>

#include "actors/api_server/http/certificates.hpp"
#include "messages/result.hpp"
#include "runtime/io/clock.hpp"
#include "runtime/transport/curve_keys.hpp"
#include "tools/cluster_files.hpp"

namespace kabuki::tools {

/// Everything a control-plane host proves itself by, and the administrator to it.
struct ClusterKeys {
  api_server::http::KeyPair authority;
  api_server::http::KeyPair server;
  api_server::http::KeyPair admin;
  runtime::CurveKeys host;     // of the transport
  runtime::CurveKeys control;  // of the command line
};

/// Reads the keys of this directory, making those that are missing; private halves are readable by their owner
/// alone. The server's certificate is made anew when it does not name all of `more_names` or ends within a day.
/// Error: names the file that cannot be used.
Result<ClusterKeys> load_cluster_keys(const ClusterFiles& files, const std::vector<std::string>& more_names,
                                      const io::Clock& clock);

/// What a host proves itself by to other hosts, and the command line to it; made when missing.
struct HostKeys {
  runtime::CurveKeys host;
  runtime::CurveKeys control;
};
Result<HostKeys> load_host_keys(const ClusterFiles& files);

/// The command line's key pair of a running host's directory.
Result<runtime::CurveKeys> load_control_keys(const ClusterFiles& files);

}  // namespace kabuki::tools

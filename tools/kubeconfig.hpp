#pragma once

#include <string>

#include "messages/result.hpp"

namespace kabuki::tools {

/// A cluster and how to reach it: what `kabuki up` adds to a kubeconfig under one name.
struct KubeconfigEntry {
  std::string name = "kabuki";  // of the cluster, the user and the context
  std::string server;           // "https://127.0.0.1:6443"
  std::string authority_pem;    // empty: plain HTTP
  std::string client_certificate_pem;
  std::string client_key_pem;
  bool current = true;  // becomes the current context
};

/// Puts the entry's cluster, user and context into the YAML text of a kubeconfig ("" is an empty one), replacing
/// entries of that name, and makes its context the current one if it says so. Everything else stays. Error: the text
/// is no kubeconfig.
Result<std::string> merge_kubeconfig(const std::string& existing, const KubeconfigEntry& entry);

/// Takes the cluster, user and context of that name out again; current-context goes too if it was this one.
Result<std::string> remove_from_kubeconfig(const std::string& existing, const std::string& name);

/// The file kubectl would use: the first of $KUBECONFIG, else ~/.kube/config. `kubeconfig` and `home` are the
/// values of these variables, "" when unset: then home is /root, as for the cluster's data.
std::string default_kubeconfig_path(const std::string& kubeconfig, const std::string& home);

/// Merge and remove on a file, which is replaced as a whole (mode 0600, links followed) under kubectl's own lock
/// file, so that neither a crash nor a kubectl at the same time loses entries. A missing file is an empty one.
/// Error: names the file and says what to do.
Result<> merge_kubeconfig_file(const std::string& path, const KubeconfigEntry& entry);
Result<> remove_from_kubeconfig_file(const std::string& path, const std::string& name);

}  // namespace kabuki::tools

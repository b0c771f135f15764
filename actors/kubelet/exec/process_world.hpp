#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/kubelet/exec/exec_outcome.hpp"
#include "actors/kubelet/lifecycle/needs.hpp"
#include "actors/kubelet/lifecycle/view.hpp"
#include "messages/object.hpp"

namespace kabuki::kubelet {

/// What a program that is run in a simulated container finds around it.
struct ProcessWorld {
  std::string hostname;
  std::string directory = "/";
  bool is_root = true;
  std::vector<std::pair<std::string, std::string>> environment;  // each name once
  std::map<std::string, std::string> files;                      // by absolute path
  std::set<std::string> directories = {"/", "/etc", "/tmp"};     // beside those that hold files
  std::vector<ExecOutcome> outcomes;

  /// Null: there is no such variable.
  const std::string* variable(const std::string& name) const;
  bool is_directory(const std::string& path) const;
  /// Names below it, in order, directories and files.
  std::vector<std::string> names_in(const std::string& directory) const;
};

/// The ConfigMaps and Secrets that the container's environment and mounts show, in order, each once.
std::vector<Key> world_needs(const PodView& pod, size_t container);

/// The world of a container that runs, by its pod's recorded status: its environment (values, fields, resources,
/// ConfigMaps, Secrets), the files of simulated containers, and mounted ConfigMaps, Secrets and pod fields. What is
/// not there is left out.
ProcessWorld world_of(const PodView& pod, size_t container, const LookUp& look_up);

/// `path` as seen from `directory`, without `.`, `..` and slashes too many.
std::string absolute_path(const std::string& directory, const std::string& path);

}  // namespace kabuki::kubelet

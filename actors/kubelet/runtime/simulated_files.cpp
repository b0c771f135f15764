#include "actors/kubelet/runtime/simulated_files.hpp"

#include "actors/kubelet/runtime/behaviour.hpp"

namespace kabuki::kubelet {
namespace {

struct Place {
  std::string volume;
  std::string path;  // within the volume
  bool read_only = false;
  bool operator==(const Place& other) const { return volume == other.volume && path == other.path; }
};

std::string_view strip_slashes(std::string_view text) {
  while (!text.empty() && text.front() == '/') text.remove_prefix(1);
  while (!text.empty() && text.back() == '/') text.remove_suffix(1);
  return text;
}

bool below(std::string_view path, std::string_view directory) {
  return directory.empty() ||
         (path.starts_with(directory) && path.size() > directory.size() && path[directory.size()] == '/');
}

/// The volume that the container mounts there, by the longest mount path; without one the container's own disk.
Place place_of(const ContainerMessage& spec, const std::string& path) {
  const std::string_view wanted = strip_slashes(path);
  Place place{"/" + spec.name(), std::string(wanted)};
  size_t longest = 0;
  for (const auto& mount : spec.volumemounts()) {
    const std::string_view at = strip_slashes(mount.mountpath());
    if (!below(wanted, at) || at.size() + 1 < longest) continue;
    longest = at.size() + 1;
    place.volume = mount.name();
    place.path = strip_slashes(mount.subpath());
    if (!place.path.empty()) place.path += "/";
    place.path += strip_slashes(wanted.substr(at.size()));
    place.read_only = mount.readonly();
  }
  return place;
}

/// When the container last wrote its files, by `at_ns`; none: never yet.
std::optional<int64_t> wrote_at(const ContainerRecord& r, int64_t at_ns) {
  if (r.started_ns != 0 && r.started_ns <= at_ns) return r.started_ns;
  if (r.ended && r.ended->started_ns != 0) return r.ended->started_ns;
  if (r.before && r.before->started_ns != 0) return r.before->started_ns;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> read_simulated_file(const PodView& pod, const PodState& state, size_t container,
                                               int64_t at_ns, const std::string& path) {
  const Place wanted = place_of(pod.spec(container), path);
  std::optional<std::string> text;
  int64_t newest = 0;
  for (size_t writer = 0; writer < pod.containers.size(); ++writer) {
    const auto wrote = writer == container ? at_ns : wrote_at(state.containers[writer], at_ns);
    if (!wrote || (text && *wrote < newest)) continue;
    const auto behaviour = behaviour_of(pod, writer);
    if (!behaviour.ok()) continue;
    for (const Behaviour::File& file : behaviour->writes) {
      const Place place = place_of(pod.spec(writer), file.path);
      if (!(place == wanted) || place.read_only) continue;
      text = file.text;
      newest = *wrote;
    }
  }
  return text;
}

std::map<std::string, std::string> read_simulated_files(const PodView& pod, const PodState& state, size_t container,
                                                        int64_t at_ns) {
  std::map<std::string, std::string> out;
  const auto add = [&](const std::string& path) {
    if (auto text = read_simulated_file(pod, state, container, at_ns, path)) out.emplace(path, std::move(*text));
  };
  for (size_t writer = 0; writer < pod.containers.size(); ++writer) {
    const auto behaviour = behaviour_of(pod, writer);
    if (!behaviour.ok()) continue;
    for (const Behaviour::File& file : behaviour->writes) {
      if (writer == container) add(file.path);
      const Place place = place_of(pod.spec(writer), file.path);
      for (const auto& mount : pod.spec(container).volumemounts()) {
        if (mount.name() != place.volume) continue;
        const std::string_view part = strip_slashes(mount.subpath());
        if (!below(place.path, part)) continue;
        add("/" + std::string(strip_slashes(mount.mountpath())) + "/" +
            std::string(strip_slashes(std::string_view(place.path).substr(part.size()))));
      }
    }
  }
  return out;
}

}  // namespace kabuki::kubelet

#include "tools/offered_joining.hpp"

#include <filesystem>

#include "runtime/log.hpp"

namespace kabuki::tools {

Result<OfferedJoining> OfferedJoining::make(const ClusterFiles& files, runtime::JoinFile::Door own,
                                            const HostProcessOptions& options, membership::Door& door) {
  OfferedJoining offered;
  if (options.listen.empty()) return offered;
  for (const bool control_plane : {false, true}) {
    if (control_plane && options.store != "etcd") continue;
    const std::string path = control_plane ? files.control_plane_join_file() : files.join_file();
    runtime::JoinFile file;
    const bool there = std::filesystem::exists(path);
    auto known = there ? runtime::read_join_file(path) : Result<runtime::JoinFile>(file);
    // A file for workers of an earlier version let control-plane hosts in, too; it does not any more.
    if (there && known && known->control_plane == control_plane) {
      file = std::move(*known);
      file.endpoint = own.endpoint;
      file.server_host = own.host;
      file.server_key = own.key;
      door.accept(file);
    } else {
      file = door.invite(own.endpoint, 0, control_plane);
    }
    if (auto written = runtime::write_join_file(path, file); !written) return written.error();
    offered.offers_.emplace_back(path, std::move(file));
  }
  return offered;
}

void OfferedJoining::add_to(bus::MasterKit* kit) const {
  for (const auto& [path, file] : offers_) {
    auto* invitation = kit->add_invitations();
    invitation->set_id(file.id);
    invitation->set_secret_key(file.secret.secret_key);
    invitation->set_control_plane(file.control_plane);
  }
}

void OfferedJoining::learned(const bus::Members& members) {
  for (auto& [path, file] : offers_) {
    std::vector<runtime::JoinFile::Door> others;
    for (const auto& host : members.hosts()) {
      const bool other = host.control_plane() && host.name() != file.server_host && !host.endpoint().empty();
      if (other) others.push_back({host.endpoint(), host.name(), host.public_key()});
    }
    if (others == file.others) continue;
    file.others = std::move(others);
    if (auto written = runtime::write_join_file(path, file); !written) {
      runtime::log(runtime::Level::warning, "host", "cannot name the other hosts in a join file",
                   {{"why", written.error().message}});
    }
  }
}

}  // namespace kabuki::tools

#include "tools/joining.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <filesystem>
#include <google/protobuf/text_format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <vector>

#include "actors/membership/door.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"
#include "runtime/transport/join_file.hpp"
#include "tools/seed.hpp"

namespace kabuki::tools {
namespace {

constexpr std::chrono::seconds kJoinTimeout{10};
/// For one of several doors, of which some may be gone.
constexpr std::chrono::seconds kOneOfMany{3};
/// Of an election among the control-plane hosts, and a bit.
constexpr std::chrono::seconds kKnockLimit{25};

std::string name_file(const ClusterFiles& files) { return files.root + "/host-name"; }
std::string members_file(const ClusterFiles& files) { return files.root + "/members.textproto"; }

Result<std::string> free_port(const std::string& address) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  if (::inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1) {
    return bad_request("--listen: \"" + address + "\" is not an IPv4 address");
  }
  int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t size = sizeof where;
  bool bound = probe >= 0 && ::bind(probe, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 &&
               ::getsockname(probe, reinterpret_cast<sockaddr*>(&where), &size) == 0;
  if (probe >= 0) ::close(probe);
  if (!bound) return unavailable("cannot listen on " + address + "; choose an address of this machine with --listen");
  return std::to_string(ntohs(where.sin_port));
}

}  // namespace

Result<std::string> own_endpoint(const std::string& listen) {
  std::string address = listen.empty() ? "127.0.0.1" : listen;
  if (address.find(':') != std::string::npos) return "tcp://" + address;
  auto port = free_port(address);
  if (!port) return port.error();
  return "tcp://" + address + ":" + *port;
}

Result<std::string> known_name(const ClusterFiles& files) {
  if (!std::filesystem::exists(name_file(files))) return std::string();
  auto name = read_text(name_file(files));
  if (!name) return name.error();
  return name->substr(0, name->find('\n'));
}

Result<> keep_name(const ClusterFiles& files, const std::string& name) {
  return write_text(name_file(files), name + "\n");
}

bus::Members known_members(const ClusterFiles& files) {
  bus::Members members;
  if (!std::filesystem::exists(members_file(files))) return members;
  auto text = read_text(members_file(files));
  if (!text || !google::protobuf::TextFormat::ParseFromString(*text, &members)) {
    runtime::log(runtime::Level::warning, "host", "cannot read who the other hosts were",
                 {{"file", members_file(files)}});
    members.Clear();
  }
  return members;
}

void keep_members(const ClusterFiles& files, const bus::Members& members) {
  bus::Members hosts;
  *hosts.mutable_hosts() = members.hosts();
  std::string text;
  google::protobuf::TextFormat::PrintToString(hosts, &text);
  if (auto written = write_text(members_file(files), text); !written) {
    runtime::log(runtime::Level::warning, "host", "cannot keep who the other hosts are",
                 {{"why", written.error().message}});
  }
}

Result<bus::JoinReply> knock(const ClusterFiles& files, const std::string& join_file, const HostKeys& keys,
                             bus::Join join, const io::Clock& clock) {
  join.set_attempt(random_seed());
  auto file = runtime::read_join_file(join_file);
  if (!file) return file.error();
  const bool known = !join.host().empty();
  std::vector<runtime::RequestTarget> doors{{file->endpoint, file->server_key}};
  const auto add = [&doors](const std::string& endpoint, const std::string& key) {
    const auto is = [&](const auto& door) { return door.endpoint == endpoint; };
    if (std::ranges::none_of(doors, is)) doors.push_back({endpoint, key});
  };
  for (const auto& other : file->others) add(other.endpoint, other.key);
  if (known) {
    const bus::Members members = known_members(files);
    for (const auto& host : members.hosts()) {
      if (host.control_plane() && host.name() != join.host()) add(host.endpoint(), host.public_key());
    }
  }
  const io::Duration timeout = doors.size() > 1 ? io::Duration(kOneOfMany) : io::Duration(kJoinTimeout);
  const io::MonoTime until =
      clock.mono() + (doors.size() > 1 ? io::Duration(kKnockLimit) : io::Duration(kJoinTimeout));
  for (size_t i = 0;; ++i) {
    auto reply = membership::ask_to_join(doors[i % doors.size()], known ? keys.host : file->secret, join.host(), join,
                                         timeout);
    const bool may_change = !reply && (reply.error().code == 503 || (reply.error().code == 504 && doors.size() > 1));
    if (!may_change || clock.mono() > until) return reply;
    timespec pause{0, 50'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace kabuki::tools

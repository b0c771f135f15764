#include "tools/worker_process.hpp"

#include <arpa/inet.h>
#include <filesystem>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "actors/membership/door.hpp"
#include "actors/membership/member_actor.hpp"
#include "actors/node_host.hpp"
#include "messages/bus/control.pb.h"
#include "messages/status.hpp"
#include "messages/time_format.hpp"
#include "runtime/log.hpp"
#include "runtime/transport/join_file.hpp"
#include "tools/host_run.hpp"
#include "tools/pki.hpp"

namespace kabuki::tools {
namespace {

constexpr std::chrono::seconds kJoinTimeout{10};

/// A port that is free now. The others are told where to reach this host before its network is made, because its name
/// comes with the answer.
Result<uint16_t> free_port(const std::string& address) {
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
  return ntohs(where.sin_port);
}

Result<std::string> own_endpoint(const std::string& listen) {
  std::string address = listen.empty() ? "127.0.0.1" : listen;
  if (address.find(':') != std::string::npos) return "tcp://" + address;
  auto port = free_port(address);
  if (!port) return port.error();
  return "tcp://" + address + ":" + std::to_string(*port);
}

/// Knocks until the cluster has an answer: one that has just started says 503 for a moment.
Result<bus::JoinReply> knock(const runtime::RequestTarget& door, const runtime::CurveKeys& keys,
                             const bus::Join& join, const io::Clock& clock) {
  io::MonoTime until = clock.mono() + kJoinTimeout;
  for (;;) {
    auto reply = membership::ask_to_join(door, keys, join.host(), join, kJoinTimeout);
    if (reply || reply.error().code != 503 || clock.mono() > until) return reply;
    timespec pause{0, 50'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace

int run_worker_process(const HostProcessOptions& options, const std::function<void(const HostReady&)>& ready,
                       const std::function<int(const Error&)>& refuse) {
  ClusterFiles files{options.data};
  auto file = runtime::read_join_file(options.join_file);
  if (!file) return refuse(file.error());
  auto keys = load_host_keys(files);
  if (!keys) return refuse(keys.error());
  auto endpoint = own_endpoint(options.listen);
  if (!endpoint) return refuse(endpoint.error());

  bus::Join join;
  join.set_endpoint(*endpoint);
  join.set_public_key(keys->host.public_key);
  join.set_pid(static_cast<uint32_t>(::getpid()));
  join.set_nodes(static_cast<uint32_t>(options.nodes));
  // Who has been let in once is known by its own key.
  std::string name_file = files.root + "/host-name";
  bool known = std::filesystem::exists(name_file);
  if (known) {
    auto name = read_text(name_file);
    if (!name) return refuse(name.error());
    join.set_host(name->substr(0, name->find('\n')));
  }
  runtime::RequestTarget door{file->endpoint, file->server_key};
  io::LiveClock clock;
  auto reply = knock(door, known ? keys->host : file->secret, join, clock);
  if (!reply) return refuse(reply.error());
  if (auto kept = write_text(name_file, reply->host() + "\n"); !kept) return refuse(kept.error());

  auto live = LiveServices::make({.host = reply->host(), .listen = *endpoint, .keys = keys->host}, options.data);
  if (!live) return refuse(live.error());
  HostRun run(std::move(*live), reply->host(), reply->incarnation());
  run.open_door(keys->control.public_key);
  membership::apply_members(run.host(), {}, reply->members());

  actors::TreeParts parts;
  io::Duration lease_period = std::chrono::milliseconds(reply->lease_period_ms());
  if (lease_period.count() == 0) lease_period = actors::NodeHostOptions{}.lease_period;
  actors::add_node_host({.host = reply->host(),
                         .nodes = options.nodes,
                         .lease_period = lease_period,
                         .member = {.endpoint = *endpoint,
                                    .public_key = keys->host.public_key,
                                    .pid = static_cast<uint32_t>(::getpid()),
                                    .nodes = static_cast<uint32_t>(options.nodes)}},
                        &parts);
  if (auto started = run.start(std::move(parts)); !started) {
    run.host().stop();
    return refuse(started.error());
  }
  HostReady serving;
  serving.state.cluster = options.cluster;
  serving.state.host = reply->host();
  serving.state.pid = ::getpid();
  serving.state.endpoint = *endpoint;
  serving.state.public_key = keys->host.public_key;
  serving.state.started_at = format_time(clock.wall().seconds());
  ready(serving);
  int status = run.run();
  runtime::flush_logs();
  return status;
}

}  // namespace kabuki::tools

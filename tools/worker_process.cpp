#include "tools/worker_process.hpp"

#include <unistd.h>

#include "actors/membership/member_actor.hpp"
#include "actors/node_host.hpp"
#include "messages/bus/control.pb.h"
#include "messages/time_format.hpp"
#include "runtime/log.hpp"
#include "tools/host_run.hpp"
#include "tools/joining.hpp"
#include "tools/pki.hpp"

namespace kabuki::tools {

int run_worker_process(const HostProcessOptions& options, const std::function<void(const HostReady&)>& ready,
                       const std::function<int(const Error&)>& refuse) {
  ClusterFiles files{options.data};
  auto keys = load_host_keys(files);
  if (!keys) return refuse(keys.error());
  auto endpoint = own_endpoint(options.listen);
  if (!endpoint) return refuse(endpoint.error());

  bus::Join join;
  join.set_endpoint(*endpoint);
  join.set_public_key(keys->host.public_key);
  join.set_pid(static_cast<uint32_t>(::getpid()));
  join.set_nodes(static_cast<uint32_t>(options.nodes));
  auto name = known_name(files);
  if (!name) return refuse(name.error());
  join.set_host(*name);
  io::LiveClock clock;
  auto reply = knock(files, options.join_file, *keys, join, clock);
  if (!reply) return refuse(reply.error());
  if (auto kept = keep_name(files, reply->host()); !kept) return refuse(kept.error());
  keep_members(files, reply->members());

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
                                    .nodes = static_cast<uint32_t>(options.nodes),
                                    .learned = [files](const bus::Members& all) { keep_members(files, all); }}},
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

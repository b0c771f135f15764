#include "tools/host_process.hpp"

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

#include "actors/api_server/static_documents.hpp"
#include "actors/control_plane.hpp"
#include "actors/node_host.hpp"
#include "messages/status.hpp"
#include "messages/time_format.hpp"
#include "runtime/log.hpp"
#include "tools/engines.hpp"
#include "tools/etcd_engines.hpp"
#include "tools/guardian.hpp"
#include "tools/host_run.hpp"
#include "tools/joining.hpp"
#include "tools/master_kit.hpp"
#include "tools/offered_joining.hpp"
#include "tools/pki.hpp"
#include "tools/readiness.hpp"
#include "tools/store/shard_layout.hpp"
#include "tools/worker_process.hpp"

namespace kabuki::tools {
namespace {

using actors::kFirstHost;

constexpr std::chrono::seconds kReadyLimit{60};
/// After a restart: somebody uses what works of it.
constexpr std::chrono::seconds kReadyAgainLimit{10};

/// "10.0.0.5" or "10.0.0.5:7600" as an endpoint of the transport; "" is loopback on any free port.
std::string transport_endpoint(const std::string& listen) {
  if (listen.empty()) return "tcp://127.0.0.1:*";
  return "tcp://" + listen + (listen.rfind(':') == std::string::npos ? ":*" : "");
}

std::string address_of(const std::string& listen) { return listen.substr(0, listen.rfind(':')); }

EngineChoice choice_of(const HostProcessOptions& options, HostRun& run) {
  EngineChoice choice = options.etcd;
  choice.kind = options.store;
  choice.directory = ClusterFiles{options.data}.store();
  choice.lazy_leases = options.lazy_leases;
  choice.clock = run.host().services().clock;
  choice.timers = run.host().services().timers;
  return choice;
}

actors::ControlPlaneOptions control_plane(const std::string& host, const HostProcessOptions& options,
                                          const ClusterKeys& keys, const std::function<void(uint16_t)>& listening) {
  actors::ControlPlaneOptions plane;
  plane.host = host;
  api_server::GatewayOptions gateway;
  gateway.port = options.port;
  if (!options.listen.empty()) {
    gateway.address = "0.0.0.0";
    plane.api_address = address_of(options.listen);
  }
  gateway.certificate_pem = keys.server.certificate_pem;
  gateway.key_pem = keys.server.key_pem;
  gateway.client_authority_pem = keys.authority.certificate_pem;
  gateway.listening = listening;
  plane.gateway = std::move(gateway);
  plane.documents = api_server::make_documents({.server_address = "127.0.0.1:" + std::to_string(options.port)});
  plane.authority_pem = keys.authority.certificate_pem;
  plane.node_lifecycle = options.node_lifecycle;
  plane.autoscaler.period = options.autoscaler_period;
  plane.metrics_resolution = options.metrics_resolution;
  plane.profiles = options.profiles;
  plane.election = options.election;
  return plane;
}

/// Where the shards lie, with what mapping, and whether each must be there. Makes a note of it on the first start.
Result<ShardLayout> lay_out_shards(const HostProcessOptions& options, const EngineChoice& choice) {
  const ClusterFiles files{options.data};
  ShardLayout layout{.engine = options.store};
  auto noted = options.store == "memory" ? Result<std::optional<ShardLayout>>(std::optional<ShardLayout>())
                                         : read_layout(files);
  if (!noted) return noted.error();
  const bool same = *noted && (*noted)->engine == options.store;
  std::optional<store::ShardMap> stored;
  if (options.store == "etcd") {
    auto there = mapping_in_etcd(choice);
    if (!there) return there.error();
    stored = std::move(*there);
    // Whoever joins finds every shard there.
    layout.made = (same && (*noted)->made) || !options.join_file.empty();
  } else if (same) {
    stored = (*noted)->mapping;
    layout.made = (*noted)->made;
  }
  const std::string where = options.store == "etcd" ? "the cluster \"" + choice.cluster + "\" in etcd" : files.root;
  auto mapping = settle_mapping(stored, options.mapping, where);
  if (!mapping) return mapping.error();
  layout.mapping = std::move(*mapping);
  if (options.store == "memory" || layout.made) return layout;
  auto written = write_layout(files, layout);
  return written ? Result<ShardLayout>(std::move(layout)) : written.error();
}

/// The port that was picked when it was left to chance: contexts name it.
uint16_t port_of_master(const HostProcessOptions& options) {
  auto state = read_host_state(ClusterFiles{options.data}.state());
  if (options.port != 0 || !state || state->api_server.empty()) return options.port;
  return static_cast<uint16_t>(
      std::strtoul(state->api_server.substr(state->api_server.rfind(':') + 1).c_str(), nullptr, 10));
}

/// Where this host listened before, if that was at the same address; other hosts look for it there.
std::string listen_of_master(const HostProcessOptions& options) {
  auto state = read_host_state(ClusterFiles{options.data}.state());
  const std::string address = options.listen.empty() ? "127.0.0.1" : options.listen;
  if (state && state->endpoint.starts_with("tcp://" + address + ":")) return state->endpoint.substr(6);
  return options.listen;
}

int run_master_process(HostProcessOptions options, const std::function<void(const HostReady&)>& ready,
                       const std::function<int(const Error&)>& refuse) {
  ClusterFiles files{options.data};
  io::LiveClock clock;
  std::string name = kFirstHost;
  std::string listen = transport_endpoint(options.listen);
  if (!options.join_file.empty()) {
    options.port = port_of_master(options);
    auto endpoint = own_endpoint(listen_of_master(options));
    if (!endpoint) return refuse(endpoint.error());
    listen = *endpoint;
    auto joined = join_as_master(options, listen, clock);
    if (!joined) return refuse(joined.error());
    name = *joined;
    if (auto used = use_kit(files, &options); !used) return refuse(used.error());
  }
  std::vector<std::string> names;
  if (!options.listen.empty()) names.push_back(address_of(options.listen));
  auto keys = load_cluster_keys(files, names, clock);
  if (!keys) return refuse(keys.error());
  auto incarnation = next_incarnation(files.root + "/incarnation");
  if (!incarnation) return refuse(incarnation.error());
  auto live = LiveServices::make({.host = name, .listen = listen, .keys = keys->host}, options.data);
  if (!live) return refuse(live.error());

  HostRun run(std::move(*live), name, *incarnation);
  std::atomic<uint16_t> port{0};
  actors::ControlPlaneOptions plane = control_plane(name, options, *keys, [&](uint16_t taken) { port = taken; });
  EngineChoice choice = choice_of(options, run);
  auto layout = lay_out_shards(options, choice);
  if (!layout) return refuse(layout.error());
  plane.shards = layout->mapping;
  plane.shard_state = options.shard_state;
  for (const std::string& text : options.label_indexes) {
    auto index = store::parse_label_index(text);
    if (!index) return refuse(index.error());
    plane.shard_state.indexes.push_back(std::move(*index));
  }
  plane.shards_may_be_closed = options.again;
  if (options.store == "rocksdb") {
    plane.when_closed = [files](const std::string& shard) { return how_to_replace(files, shard); };
  } else if (options.store == "etcd") {
    plane.when_closed = [where = "--etcd " + choice.etcd_urls.front() + " --name " +
                                 choice.cluster](const std::string& shard) { return how_to_replace(shard, where); };
  }
  choice.must_exist = layout->made;
  auto engines = tools::engines(choice, plane.shards);
  if (!engines) return refuse(engines.error());
  if (options.store == "etcd" && options.join_file.empty()) {
    if (auto claimed = claim_first_host(choice, name, keys->host.public_key); !claimed)
      return refuse(claimed.error());
  }
  plane.engine = std::move(*engines);
  for (const auto& [role, holder] : actors::control_plane_roles(plane)) run.host().set_role(role, holder);
  membership::Door& door = run.open_door(keys->control.public_key);
  // Who leads now need not be who let this host in.
  membership::apply_members(run.host(), {}, known_members(files));
  std::string endpoint = run.network().endpoint();
  auto joining = OfferedJoining::make(files, {endpoint, name, keys->host.public_key}, options, door);
  if (!joining) return refuse(joining.error());
  if (options.store == "etcd") {
    auto kit = make_kit(options, *keys);
    if (!kit) return refuse(kit.error());
    joining->add_to(&*kit);
    door.offer_kit(std::move(*kit));
  }

  actors::TreeParts parts;
  actors::add_control_plane(plane, &parts);
  actors::add_node_host({.host = name,
                         .nodes = options.nodes,
                         .lease_period = actors::lease_period(options.node_lifecycle.grace),
                         .all_views = true,
                         .static_pods = true,
                         .member = {.endpoint = endpoint,
                                    .public_key = keys->host.public_key,
                                    .pid = static_cast<uint32_t>(::getpid()),
                                    .nodes = static_cast<uint32_t>(options.nodes),
                                    .control_plane = true,
                                    .learned =
                                        [files, joining = *joining](const bus::Members& all) mutable {
                                          keep_members(files, all);
                                          joining.learned(all);
                                        }}},
                        &parts);
  if (auto started = run.start(std::move(parts)); !started) {
    run.host().stop();
    return refuse(started.error());
  }

  if (!layout->made && options.store != "memory") {
    layout->made = true;
    if (auto written = write_layout(files, *layout); !written) {
      run.host().stop();
      return refuse(written.error());
    }
  }
  auto up = wait_until_ready(run.host(), static_cast<size_t>(options.nodes),
                             options.again ? io::Duration(kReadyAgainLimit) : io::Duration(kReadyLimit));
  if (!up && !options.again) {
    run.host().stop();
    return refuse(up.error());
  }
  if (!up) runtime::log(runtime::Level::error, "host", "serves what it can: " + up.error().message);

  HostReady serving;
  serving.state.cluster = options.cluster;
  serving.state.host = name;
  serving.state.pid = ::getpid();
  serving.state.endpoint = endpoint;
  serving.state.public_key = keys->host.public_key;
  serving.state.api_server = "https://" + (options.listen.empty() ? "127.0.0.1" : address_of(options.listen)) + ":" +
                             std::to_string(port.load());
  serving.state.mapping = plane.shards.text();
  serving.state.started_at = format_time(clock.wall().seconds());
  serving.authority_pem = keys->authority.certificate_pem;
  serving.admin_certificate_pem = keys->admin.certificate_pem;
  serving.admin_key_pem = keys->admin.key_pem;
  ready(serving);
  int status = run.run();
  runtime::flush_logs();
  return status;
}

}  // namespace

int run_host_process(const HostProcessOptions& options, const std::function<void(const HostReady&)>& ready,
                     const std::function<void(const Error&)>& failed) {
  HostRun::block_signals();
  ClusterFiles files{options.data};
  runtime::configure_logging(files.log(), runtime::Level::info);
  auto refuse = [&](const Error& error) {
    runtime::log(runtime::Level::error, "host", error.message);
    runtime::flush_logs();
    failed(error);
    return kCannotStart;
  };
  const bool worker = !options.join_file.empty() && !options.control_plane;
  return worker ? run_worker_process(options, ready, refuse) : run_master_process(options, ready, refuse);
}

}  // namespace kabuki::tools

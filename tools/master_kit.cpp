#include "tools/master_kit.hpp"

#include <google/protobuf/text_format.h>
#include <unistd.h>

#include "actors/scheduler/profile.hpp"
#include "messages/status.hpp"
#include "runtime/io/time.hpp"
#include "runtime/transport/join_file.hpp"
#include "tools/joining.hpp"

namespace kabuki::tools {
namespace {

using std::chrono::milliseconds;

int64_t ms(io::Duration duration) { return std::chrono::duration_cast<milliseconds>(duration).count(); }

std::string kit_file(const ClusterFiles& files) { return files.root + "/master.textproto"; }

Result<> read_into(const std::string& path, std::string* out) {
  if (path.empty()) return {};
  auto text = read_text(path);
  if (!text) return text.error();
  *out = std::move(*text);
  return {};
}

/// A file of its own for what is not "".
Result<std::string> keep_file(const ClusterFiles& files, const std::string& name, const std::string& text) {
  if (text.empty()) return std::string();
  if (auto written = write_text(files.pki(name), text); !written) return written.error();
  return files.pki(name);
}

}  // namespace

Result<bus::MasterKit> make_kit(const HostProcessOptions& options, const ClusterKeys& keys) {
  bus::MasterKit kit;
  kit.set_authority_certificate_pem(keys.authority.certificate_pem);
  kit.set_authority_key_pem(keys.authority.key_pem);
  kit.set_admin_certificate_pem(keys.admin.certificate_pem);
  kit.set_admin_key_pem(keys.admin.key_pem);
  for (const std::string& url : options.etcd.etcd_urls) kit.add_etcd_urls(url);
  kit.set_store_cluster(options.etcd.cluster);
  kit.set_etcd_user(options.etcd.etcd_user);
  for (auto [path, out] : {std::pair{&options.etcd.etcd_ca_file, kit.mutable_etcd_ca_pem()},
                           std::pair{&options.etcd.etcd_certificate_file, kit.mutable_etcd_certificate_pem()},
                           std::pair{&options.etcd.etcd_key_file, kit.mutable_etcd_key_pem()},
                           std::pair{&options.etcd.etcd_password_file, kit.mutable_etcd_password()}}) {
    if (auto read = read_into(*path, out); !read) return read.error();
  }
  kit.set_node_grace_ms(ms(options.node_lifecycle.grace));
  kit.set_eviction_ms(ms(options.node_lifecycle.eviction));
  kit.set_lease_duration_ms(ms(options.election.lease_duration));
  kit.set_renew_deadline_ms(ms(options.election.renew_deadline));
  kit.set_retry_period_ms(ms(options.election.retry_period));
  kit.set_scheduler_config(options.scheduler_config);
  kit.set_autoscaler_period_ms(ms(options.autoscaler_period));
  kit.set_metrics_resolution_ms(ms(options.metrics_resolution));
  for (const std::string& index : options.label_indexes) kit.add_label_indexes(index);
  kit.set_history_changes(options.shard_state.history_changes);
  kit.set_history_bytes(options.shard_state.history_bytes);
  kit.set_history_age_ms(ms(options.shard_state.history_age));
  return kit;
}

Result<> keep_kit(const ClusterFiles& files, const bus::MasterKit& kit) {
  for (const auto& [name, text, mode] : {std::tuple{"ca.key", &kit.authority_key_pem(), 0600},
                                         std::tuple{"ca.crt", &kit.authority_certificate_pem(), 0644},
                                         std::tuple{"admin.key", &kit.admin_key_pem(), 0600},
                                         std::tuple{"admin.crt", &kit.admin_certificate_pem(), 0644}}) {
    if (auto written = write_text(files.pki(name), *text, mode); !written) return written;
  }
  bus::MasterKit rest = kit;
  rest.clear_authority_key_pem();
  rest.clear_authority_certificate_pem();
  rest.clear_admin_key_pem();
  rest.clear_admin_certificate_pem();
  std::string text;
  google::protobuf::TextFormat::PrintToString(rest, &text);
  return write_text(kit_file(files), text);
}

Result<> use_kit(const ClusterFiles& files, HostProcessOptions* options) {
  auto text = read_text(kit_file(files));
  if (!text) return text.error();
  bus::MasterKit kit;
  if (!google::protobuf::TextFormat::ParseFromString(*text, &kit)) {
    return internal_error(kit_file(files) + " cannot be read; remove " + files.root + " and join again");
  }
  options->store = "etcd";
  EngineChoice& etcd = options->etcd;
  etcd.cluster = kit.store_cluster();
  if (etcd.etcd_urls.empty()) etcd.etcd_urls.assign(kit.etcd_urls().begin(), kit.etcd_urls().end());
  if (etcd.etcd_user.empty()) etcd.etcd_user = kit.etcd_user();
  for (auto [target, name, pem] : {std::tuple{&etcd.etcd_ca_file, "etcd-ca.crt", &kit.etcd_ca_pem()},
                                   std::tuple{&etcd.etcd_certificate_file, "etcd.crt", &kit.etcd_certificate_pem()},
                                   std::tuple{&etcd.etcd_key_file, "etcd.key", &kit.etcd_key_pem()},
                                   std::tuple{&etcd.etcd_password_file, "etcd.password", &kit.etcd_password()}}) {
    if (!target->empty()) continue;
    auto path = keep_file(files, name, *pem);
    if (!path) return path.error();
    *target = *path;
  }
  options->node_lifecycle.grace = milliseconds(kit.node_grace_ms());
  options->node_lifecycle.eviction = milliseconds(kit.eviction_ms());
  if (kit.autoscaler_period_ms() > 0) options->autoscaler_period = milliseconds(kit.autoscaler_period_ms());
  if (kit.metrics_resolution_ms() > 0) options->metrics_resolution = milliseconds(kit.metrics_resolution_ms());
  options->label_indexes.assign(kit.label_indexes().begin(), kit.label_indexes().end());
  if (kit.history_changes() > 0) options->shard_state.history_changes = kit.history_changes();
  if (kit.history_bytes() > 0) options->shard_state.history_bytes = kit.history_bytes();
  if (kit.has_history_age_ms()) options->shard_state.history_age = milliseconds(kit.history_age_ms());
  options->election = {.lease_duration = milliseconds(kit.lease_duration_ms()),
                       .renew_deadline = milliseconds(kit.renew_deadline_ms()),
                       .retry_period = milliseconds(kit.retry_period_ms())};
  if (!kit.scheduler_config().empty()) {
    auto profiles = scheduler::read_profiles(kit.scheduler_config());
    if (!profiles) return profiles.error();
    options->profiles = std::move(*profiles);
    options->scheduler_config = kit.scheduler_config();
  }
  return {};
}

Result<std::string> join_as_master(const HostProcessOptions& options, const std::string& endpoint,
                                   const io::Clock& clock) {
  ClusterFiles files{options.data};
  auto name = known_name(files);
  if (!name || !name->empty()) return name;
  auto keys = load_host_keys(files);
  if (!keys) return keys.error();
  bus::Join join;
  join.set_endpoint(endpoint);
  join.set_public_key(keys->host.public_key);
  join.set_pid(static_cast<uint32_t>(::getpid()));
  join.set_nodes(static_cast<uint32_t>(options.nodes));
  join.set_control_plane(true);
  auto reply = knock(files, options.join_file, *keys, join, clock);
  if (!reply) return reply.error();
  if (!reply->has_kit()) return internal_error("the cluster let this host in, but not as a control-plane host");
  if (auto kept = keep_kit(files, reply->kit()); !kept) return kept.error();
  keep_members(files, reply->members());
  for (const auto& invitation : reply->kit().invitations()) {
    auto secret = runtime::curve_keys_of(invitation.secret_key());
    if (!secret) return secret.error();
    runtime::JoinFile file{.id = invitation.id(),
                           .endpoint = endpoint,
                           .server_host = reply->host(),
                           .server_key = keys->host.public_key,
                           .secret = *secret,
                           .control_plane = invitation.control_plane()};
    const auto path = file.control_plane ? files.control_plane_join_file() : files.join_file();
    if (auto written = runtime::write_join_file(path, file); !written) return written.error();
  }
  // The first life is the one that was granted; later ones count on from it.
  auto counted = write_text(files.root + "/incarnation", std::to_string(reply->incarnation() - 1) + "\n");
  if (!counted) return counted.error();
  // Last: a directory with a name has all the rest.
  if (auto kept = keep_name(files, reply->host()); !kept) return kept.error();
  return reply->host();
}

}  // namespace kabuki::tools

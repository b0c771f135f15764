#include "tools/etcd_engines.hpp"

#include <fstream>
#include <iterator>
#include <tuple>

#include "messages/status.hpp"
#include "store/engines/etcd.hpp"

namespace kabuki::tools {

namespace {

/// "" where no file is named.
Result<std::string> read(const std::string& option, const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in || bytes.empty()) return bad_request("cannot read " + path + ", which " + option + " names");
  return bytes;
}

}  // namespace

Result<store::EtcdOptions> etcd_options(const EngineChoice& choice) {
  assert(choice.clock && choice.timers);
  if (auto checked = store::check_etcd_urls(choice.etcd_urls); !checked.ok()) return checked.error();
  if (choice.etcd_certificate_file.empty() != choice.etcd_key_file.empty()) {
    return bad_request("--etcd-cert and --etcd-key go together");
  }
  if (choice.etcd_user.empty() != choice.etcd_password_file.empty()) {
    return bad_request("--etcd-user and --etcd-password-file go together");
  }
  if (choice.cluster.empty() || choice.cluster.find('/') != std::string::npos) {
    return bad_request("\"" + choice.cluster + "\" cannot be the name of a cluster in etcd: it is part of a path");
  }
  store::EtcdOptions options{.urls = choice.etcd_urls,
                             .user = choice.etcd_user,
                             .first_revision = choice.first_revision,
                             .clock = choice.clock,
                             .timers = choice.timers};
  for (const auto& [option, path, to] :
       {std::tuple{"--etcd-ca", &choice.etcd_ca_file, &options.ca_pem},
        std::tuple{"--etcd-cert", &choice.etcd_certificate_file, &options.certificate_pem},
        std::tuple{"--etcd-key", &choice.etcd_key_file, &options.key_pem},
        std::tuple{"--etcd-password-file", &choice.etcd_password_file, &options.password}}) {
    auto bytes = read(option, *path);
    if (!bytes) return bytes.error();
    *to = std::move(*bytes);
  }
  options.password.resize(std::min(options.password.size(), options.password.find_first_of("\r\n")));
  return options;
}

Result<ShardEngines> etcd_engines(const EngineChoice& choice, const store::ShardMap& shards) {
  auto common = etcd_options(choice);
  if (!common) return common.error();
  return ShardEngines([options = std::move(*common), shards, cluster = choice.cluster, must_exist = choice.must_exist,
                       opened = std::make_shared<OpenedShards>()](const std::string& shard) {
    auto own = options;
    own.must_exist = opened->add(shard) || must_exist;
    own.prefix = "/" + cluster + "/" + shard + "/";
    own.identity = shards.identity(shard);
    return store::make_etcd_engine(std::move(own));
  });
}

Result<std::optional<store::ShardMap>> mapping_in_etcd(const EngineChoice& choice) {
  auto options = etcd_options(choice);
  if (!options) return options.error();
  auto text = store::stored_mapping(*options, choice.cluster);
  if (!text) return text.error();
  if (text->empty()) return std::optional<store::ShardMap>();
  auto mapping = store::ShardMap::parse(*text);
  if (!mapping) {
    return internal_error("the cluster \"" + choice.cluster + "\" in etcd has the mapping \"" + *text +
                          "\", which this program does not know: " + mapping.error().message);
  }
  return std::optional<store::ShardMap>(std::move(*mapping));
}

Result<> claim_first_host(const EngineChoice& choice, const std::string& host, const std::string& public_key) {
  auto options = etcd_options(choice);
  if (!options) return options.error();
  // Beside the shards, whose names have no dot.
  auto holder = store::put_once(*options, "/" + choice.cluster + "/.hosts/" + host, public_key);
  if (!holder) return holder.error();
  if (*holder == public_key) return {};
  return Error{
      .code = 409,
      .reason = "Conflict",
      .message = "this etcd keeps the cluster \"" + choice.cluster + "\" already, and its " + host +
                 " is another host. To add this one to it, run `kabuki host --control-plane --join FILE` with "
                 "join-control-plane.json of one of its control-plane hosts; for another cluster in the same "
                 "etcd choose another --name"};
}

}  // namespace kabuki::tools

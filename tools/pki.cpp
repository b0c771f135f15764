#include "tools/pki.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <openssl/rand.h>

#include "messages/status.hpp"

namespace kabuki::tools {
namespace {

namespace http = api_server::http;

constexpr std::chrono::hours kAuthorityLife{24 * 3650};
constexpr std::chrono::hours kCertificateLife{24 * 365};
/// A cluster may run for long after it was started, and only starting renews.
constexpr std::chrono::hours kRenewBefore{24 * 90};
/// Clocks of other machines may be a little behind.
constexpr std::chrono::hours kBackdate{1};

http::Serial new_serial() {
  http::Serial serial;
  RAND_bytes(serial.data(), static_cast<int>(serial.size()));
  return serial;
}

Result<http::KeyPair> read_pair(const ClusterFiles& files, const std::string& name) {
  http::KeyPair pair;
  auto certificate = read_text(files.pki(name + ".crt"));
  if (!certificate) return certificate.error();
  auto key = read_text(files.pki(name + ".key"));
  if (!key) return key.error();
  pair.certificate_pem = std::move(*certificate);
  pair.key_pem = std::move(*key);
  if (auto sound = http::check_key_pair(pair); !sound) {
    Error error = sound.error();
    error.message = files.pki(name + ".crt") + ": " + error.message + "; remove the file and start again";
    return error;
  }
  return pair;
}

Result<> write_pair(const ClusterFiles& files, const std::string& name, const http::KeyPair& pair) {
  if (auto written = write_text(files.pki(name + ".key"), pair.key_pem); !written) return written;
  return write_text(files.pki(name + ".crt"), pair.certificate_pem, 0644);
}

/// The pair `name` if it is there and `usable`, else a new one that is kept. One that `may_be_replaced` is made anew
/// also when its files do not belong together, as after a crash between the two.
Result<http::KeyPair> have_pair(const ClusterFiles& files, const std::string& name, bool may_be_replaced,
                                const std::function<bool(const http::KeyPair&, const http::CertificateInfo&)>& usable,
                                const std::function<Result<http::KeyPair>()>& make) {
  if (std::filesystem::exists(files.pki(name + ".crt"))) {
    auto pair = read_pair(files, name);
    if (!pair && !may_be_replaced) return pair;
    auto info = pair ? http::read_certificate(pair->certificate_pem) : Result<http::CertificateInfo>(pair.error());
    if (!info && !may_be_replaced) return info.error();
    if (info && usable(*pair, *info)) return pair;
  }
  auto pair = make();
  if (!pair) return pair;
  if (auto written = write_pair(files, name, *pair); !written) return written.error();
  return pair;
}

Result<runtime::CurveKeys> have_curve_keys(const ClusterFiles& files, const std::string& name) {
  std::string path = files.pki(name + ".curve");
  if (std::filesystem::exists(path)) {
    auto secret = read_text(path);
    if (!secret) return secret.error();
    while (!secret->empty() && secret->back() == '\n') secret->pop_back();
    auto keys = runtime::curve_keys_of(*secret);
    if (!keys) return bad_request(path + " is not a CURVE key; remove the file and start again");
    return *keys;
  }
  runtime::CurveKeys keys = runtime::generate_curve_keys();
  if (auto written = write_text(path, keys.secret_key + "\n"); !written) return written.error();
  return keys;
}

}  // namespace

Result<ClusterKeys> load_cluster_keys(const ClusterFiles& files, const std::vector<std::string>& more_names,
                                      const io::Clock& clock) {
  io::WallTime from = clock.wall() + -io::Duration(kBackdate);
  http::Validity authority_life{from, clock.wall() + kAuthorityLife};
  http::Validity life{from, clock.wall() + kCertificateLife};
  ClusterKeys keys;
  auto holds = [&](const http::KeyPair&, const http::CertificateInfo& info) {
    return info.until > clock.wall() + kRenewBefore;
  };
  // What another authority signed is worth nothing, though it holds.
  auto is_ours = [&](const http::KeyPair& pair, const http::CertificateInfo& info) {
    return holds(pair, info) && http::check_signed_by(pair.certificate_pem, keys.authority.certificate_pem).ok();
  };

  auto authority = have_pair(files, "ca", false, holds,
                             [&] { return http::make_authority("kabuki", new_serial(), authority_life); });
  if (!authority) return authority.error();
  keys.authority = *authority;

  auto names_all = [&](const http::KeyPair& pair, const http::CertificateInfo& info) {
    return is_ours(pair, info) && std::all_of(more_names.begin(), more_names.end(), [&](const std::string& name) {
             return std::find(info.names.begin(), info.names.end(), name) != info.names.end();
           });
  };
  auto server = have_pair(files, "server", true, names_all, [&] {
    return http::make_server_certificate(keys.authority, more_names, new_serial(), life);
  });
  if (!server) return server.error();
  keys.server = *server;

  auto admin = have_pair(files, "admin", true, is_ours, [&] {
    return http::make_client_certificate(keys.authority, "kubernetes-admin", {"system:masters"}, new_serial(), life);
  });
  if (!admin) return admin.error();
  keys.admin = *admin;

  auto links = load_host_keys(files);
  if (!links) return links.error();
  keys.host = links->host;
  keys.control = links->control;
  return keys;
}

Result<HostKeys> load_host_keys(const ClusterFiles& files) {
  auto host = have_curve_keys(files, "host");
  if (!host) return host.error();
  auto control = have_curve_keys(files, "control");
  if (!control) return control.error();
  return HostKeys{*host, *control};
}

Result<runtime::CurveKeys> load_control_keys(const ClusterFiles& files) { return have_curve_keys(files, "control"); }

}  // namespace kabuki::tools

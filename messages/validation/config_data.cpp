#include <string>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/secret.pb.h"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

constexpr size_t kDataMaxBytes = 1024 * 1024;
constexpr std::string_view kFrozen = "field is immutable when `immutable` is set";
constexpr std::string_view kServiceAccountName = "kubernetes.io/service-account.name";

// Keys that a secret of a type must have.
struct TypeKey {
  std::string_view type;
  std::string_view key;
};
constexpr TypeKey kTypeKeys[] = {
    {"kubernetes.io/dockercfg", ".dockercfg"},
    {"kubernetes.io/dockerconfigjson", ".dockerconfigjson"},
    {"kubernetes.io/ssh-auth", "ssh-privatekey"},
    {"kubernetes.io/tls", "tls.crt"},
    {"kubernetes.io/tls", "tls.key"},
};

template <class Map>
size_t check_keys(const Map& map, const FieldPath& path, Findings* findings) {
  size_t bytes = 0;
  for (std::string_view key : sorted_keys(map)) {
    findings->invalid(path.key(key), key, check_config_key(key));
    bytes += map.at(std::string(key)).size();
  }
  return bytes;
}

template <class Map>
bool same_map(const Map& a, const Map& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a) {
    auto other = b.find(key);
    if (other == b.end() || other->second != value) return false;
  }
  return true;
}

}  // namespace

void check_config_map(const core::ConfigMap& map, Findings* findings) {
  FieldPath data("data");
  FieldPath binary("binaryData");
  size_t bytes = 0;
  for (std::string_view key : sorted_keys(map.data())) {
    findings->invalid(data.key(key), key, check_config_key(key));
    if (map.binarydata().contains(std::string(key))) {
      findings->invalid(data.key(key), key, "duplicate of key present in binaryData");
    }
    bytes += map.data().at(std::string(key)).size();
  }
  for (std::string_view key : sorted_keys(map.binarydata())) {
    findings->invalid(binary.key(key), key, check_config_key(key));
    if (map.data().contains(std::string(key))) {
      findings->invalid(binary.key(key), key, "duplicate of key present in data");
    }
    bytes += map.binarydata().at(std::string(key)).size();
  }
  if (bytes > kDataMaxBytes) findings->too_long(FieldPath("[]"), kDataMaxBytes);
}

void check_config_map_change(const core::ConfigMap& old, const core::ConfigMap& now, std::string_view,
                             Findings* findings) {
  if (old.immutable()) {
    if (!now.immutable()) findings->forbidden(FieldPath("immutable"), kFrozen);
    if (!same_map(old.data(), now.data())) findings->forbidden(FieldPath("data"), kFrozen);
    if (!same_map(old.binarydata(), now.binarydata())) findings->forbidden(FieldPath("binaryData"), kFrozen);
  }
  check_config_map(now, findings);
}

void check_secret(const core::Secret& secret, Findings* findings) {
  FieldPath data("data");
  if (check_keys(secret.data(), data, findings) > kDataMaxBytes) findings->too_long(data, kDataMaxBytes);
  if (secret.type() == "kubernetes.io/service-account-token") {
    auto name = secret.metadata().annotations().find(std::string(kServiceAccountName));
    if (name == secret.metadata().annotations().end() || name->second.empty()) {
      FieldPath metadata("metadata");
      FieldPath annotations = metadata.child("annotations");
      findings->required(annotations.key(kServiceAccountName));
    }
  }
  if (secret.type() == "kubernetes.io/basic-auth" && !secret.data().contains("username") &&
      !secret.data().contains("password")) {
    findings->required(data.key("username"));
    findings->required(data.key("password"));
  }
  for (const TypeKey& known : kTypeKeys) {
    if (known.type == secret.type() && !secret.data().contains(std::string(known.key))) {
      findings->required(data.key(known.key));
    }
  }
}

void check_secret_change(const core::Secret& old, const core::Secret& now, std::string_view, Findings* findings) {
  findings->check_unchanged(FieldPath("type"), old.type(), now.type());
  if (old.immutable()) {
    if (!now.immutable()) findings->forbidden(FieldPath("immutable"), kFrozen);
    if (!same_map(old.data(), now.data())) findings->forbidden(FieldPath("data"), kFrozen);
  }
  check_secret(now, findings);
}

}  // namespace kabuki::validation

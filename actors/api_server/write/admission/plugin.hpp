#pragma once

#include <google/protobuf/message.h>
#include <optional>
#include <string>
#include <string_view>

#include "actors/api_server/write/admission/surroundings.hpp"
#include "actors/api_server/write/write.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {

/// One object on its way through admission.
struct Admission {
  const Write& write;
  const WriteContext& context;
  google::protobuf::Message* object;               // of a removal the one that is to go
  const google::protobuf::Message* old = nullptr;  // of a change

  KindId kind() const { return write.kind->id; }
  bool creates() const { return write.verb == Write::Verb::create; }
  const std::string& ns() const { return write.key.ns; }
  const Surroundings& around() const;
  /// Null when there is none. Of what the watch may lack the write brings along what the store has.
  ObjectPtr find(KindId kind, std::string_view ns, std::string_view name) const;
  template <class T>
  std::optional<T> read(KindId kind, std::string_view ns, std::string_view name) const {
    const ObjectPtr found = find(kind, ns, name);
    return found ? std::optional<T>(found->as<T>()) : std::nullopt;
  }
  /// 403 `pods "a" is forbidden: why`.
  Error forbid(std::string_view why) const { return forbidden(*write.kind, meta_of(*object).name(), why); }
};

/// One rule of admission, named as Kubernetes names it. `admit` may change the object, after defaults and before
/// validation; `check` looks at what they left. Pure.
struct AdmissionPlugin {
  std::string_view name;
  Result<> (*admit)(const Admission& admission) = nullptr;
  Result<> (*check)(const Admission& admission) = nullptr;
};

// Each in the file of its name.
extern const AdmissionPlugin kNamespaceLifecycle;
extern const AdmissionPlugin kLimitRanger;
extern const AdmissionPlugin kServiceAccount;
extern const AdmissionPlugin kPriority;
extern const AdmissionPlugin kDefaultTolerationSeconds;
extern const AdmissionPlugin kDefaultStorageClass;
extern const AdmissionPlugin kStorageObjectInUseProtection;
extern const AdmissionPlugin kPersistentVolumeClaimResize;
extern const AdmissionPlugin kRuntimeClass;
extern const AdmissionPlugin kResourceQuota;

/// For a kind's own messages.
template <class T>
T& as(const Admission& admission) {
  return static_cast<T&>(*admission.object);
}

}  // namespace kabuki::api_server

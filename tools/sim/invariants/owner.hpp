#pragma once

#include <map>
#include <optional>
#include <string>

#include "messages/api/meta/v1/object_meta.pb.h"
#include "messages/meta.hpp"
#include "messages/object.hpp"

namespace kabuki::tools {

using OwnerReference = ::k8s::io::apimachinery::pkg::apis::meta::v1::OwnerReference;

/// The owner that controls an object and is of this kind ("StatefulSet").
inline std::optional<OwnerReference> controller_of(const google::protobuf::Message& object, const std::string& kind) {
  for (const auto& owner : meta_of(object).ownerreferences()) {
    if (owner.controller() && owner.kind() == kind) return owner;
  }
  return std::nullopt;
}

/// The object of that key, if it is still the one with this uid; else null.
inline ObjectPtr find_owner(const std::map<Key, ObjectPtr>& objects, const Key& key, const std::string& uid) {
  const auto found = objects.find(key);
  return found != objects.end() && found->second->uid() == uid ? found->second : ObjectPtr();
}

}  // namespace kabuki::tools

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/api/meta/v1/object_meta.pb.h"
#include "messages/object.hpp"

namespace kabuki::controllers {

/// One of metadata.ownerReferences, pointing into the object's bytes.
struct Owner {
  std::string_view api_version, kind, name, uid;
  bool controller = false;
  bool blocks_deletion = false;
};

/// In the order of the object; read from its bytes without parsing it. Valid while the object lives.
std::vector<Owner> owners_of(const Object& object);

/// The owner that controls the object: at most one does.
const Owner* controller_in(const std::vector<Owner>& owners);

/// Where the owner is to be found: its kind, the dependent's namespace (none for cluster-scoped kinds), its name.
/// Kind 0 when it is no kind of the table.
Key key_of(const Owner& owner, std::string_view dependent_ns);

/// The reference by which `owner` controls what it makes.
::k8s::io::apimachinery::pkg::apis::meta::v1::OwnerReference controller_reference(const Object& owner);

/// Takes the references to `uid` out; whether there were any.
bool remove_owner(std::string_view uid, ::k8s::io::apimachinery::pkg::apis::meta::v1::ObjectMeta* meta);

bool is_being_deleted(const Object& object);
bool has_finalizer(const Object& object, std::string_view finalizer);

}  // namespace kabuki::controllers

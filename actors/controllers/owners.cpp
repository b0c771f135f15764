#include "actors/controllers/owners.hpp"

#include <algorithm>

#include "messages/field_scan.hpp"
#include "messages/wire.hpp"

namespace kabuki::controllers {
namespace {

using ::k8s::io::apimachinery::pkg::apis::meta::v1::ObjectMeta;
using ::k8s::io::apimachinery::pkg::apis::meta::v1::OwnerReference;

constexpr int kMetadata[] = {1};
constexpr int kOwnerReferencesField = ObjectMeta::kOwnerReferencesFieldNumber;
constexpr int kFinalizersField = ObjectMeta::kFinalizersFieldNumber;

Owner read_owner(std::string_view bytes) {
  Owner owner;
  wire::Reader reader(bytes);
  while (reader.next()) {
    switch (reader.number()) {
      case OwnerReference::kKindFieldNumber:
        owner.kind = reader.bytes();
        break;
      case OwnerReference::kNameFieldNumber:
        owner.name = reader.bytes();
        break;
      case OwnerReference::kUidFieldNumber:
        owner.uid = reader.bytes();
        break;
      case OwnerReference::kApiVersionFieldNumber:
        owner.api_version = reader.bytes();
        break;
      case OwnerReference::kControllerFieldNumber:
        owner.controller = reader.value() != 0;
        break;
      case OwnerReference::kBlockOwnerDeletionFieldNumber:
        owner.blocks_deletion = reader.value() != 0;
        break;
      default:
        break;
    }
  }
  return owner;
}

}  // namespace

std::vector<Owner> owners_of(const Object& object) {
  std::vector<Owner> owners;
  wire::Reader reader(scan_bytes(object.body(), kMetadata));
  while (reader.next()) {
    if (reader.number() == kOwnerReferencesField) owners.push_back(read_owner(reader.bytes()));
  }
  return owners;
}

const Owner* controller_in(const std::vector<Owner>& owners) {
  auto it = std::find_if(owners.begin(), owners.end(), [](const Owner& owner) { return owner.controller; });
  return it == owners.end() ? nullptr : &*it;
}

Key key_of(const Owner& owner, std::string_view dependent_ns) {
  const size_t slash = owner.api_version.find('/');
  const auto group = slash == std::string_view::npos ? std::string_view() : owner.api_version.substr(0, slash);
  const Kind* kind = find_kind(group, owner.kind);
  if (!kind) return {};
  return {kind->id, kind->namespaced ? std::string(dependent_ns) : "", std::string(owner.name)};
}

OwnerReference controller_reference(const Object& owner) {
  const Kind& kind = kind_of(owner.kind());
  OwnerReference reference;
  reference.set_apiversion(kind.api_version());
  reference.set_kind(kind.kind);
  reference.set_name(std::string(owner.name()));
  reference.set_uid(std::string(owner.uid()));
  reference.set_controller(true);
  reference.set_blockownerdeletion(true);
  return reference;
}

bool remove_owner(std::string_view uid, ObjectMeta* meta) {
  auto* owners = meta->mutable_ownerreferences();
  const auto end =
      std::remove_if(owners->begin(), owners->end(), [&](const auto& owner) { return owner.uid() == uid; });
  const bool found = end != owners->end();
  owners->erase(end, owners->end());
  return found;
}

bool is_being_deleted(const Object& object) { return !scan_bytes(object.body(), paths::kDeletionTimestamp).empty(); }

bool has_finalizer(const Object& object, std::string_view finalizer) {
  wire::Reader reader(scan_bytes(object.body(), kMetadata));
  while (reader.next()) {
    if (reader.number() == kFinalizersField && reader.bytes() == finalizer) return true;
  }
  return false;
}

}  // namespace kabuki::controllers

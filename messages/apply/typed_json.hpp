#pragma once

#include <google/protobuf/descriptor.h>

#include "messages/apply/apply_schema.hpp"
#include "messages/apply/field_set.hpp"
#include "messages/patch/document.hpp"

// What server-side apply does with objects, as JSON under the rules of their type. All pure.
namespace kabuki::apply {

/// The paths that a configuration says: every leaf, and every element of a list.
FieldSet paths_of(const patch::Json& object, const google::protobuf::Descriptor* type);

/// Why the elements of some list cannot be told apart (a key that is not said, the same keys twice), in the words of
/// structured-merge-diff: `.spec.ports: element 0: ...`; "" when they all can.
std::string check_keys(const patch::Json& object, const google::protobuf::Descriptor* type);

/// A path of decode_json's notes ("spec.ports[0].foo") as structured-merge-diff writes it:
/// `.spec.ports[port=80,protocol="TCP"].foo`.
std::string written_path(const patch::Json& object, const google::protobuf::Descriptor* type, std::string_view path);

/// How two versions of an object differ.
struct Difference {
  FieldSet changed;  // modified or added, as an update is recorded
  FieldSet removed;
};
Difference difference(const patch::Json& before, const patch::Json& after, const google::protobuf::Descriptor* type);

/// `live` with everything that `wanted` says; elements of lists keep the order that `wanted` gives them.
patch::Json merge(const patch::Json& live, const patch::Json& wanted, const google::protobuf::Descriptor* type);

/// `object` without the leaves and elements in `gone`, and without what then is empty because of it.
patch::Json without(const patch::Json& object, const FieldSet& gone, const google::protobuf::Descriptor* type);

}  // namespace kabuki::apply

#pragma once

#include <google/protobuf/message.h>
#include <string>
#include <string_view>

#include "messages/api/meta/v1/object_meta.pb.h"

namespace kabuki {

using ObjectMeta = ::k8s::io::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// What is common to all kinds, reached without knowing which one it is. Each asserts that the message is of a kind:
/// its field 1 is metadata.
const ObjectMeta& meta_of(const google::protobuf::Message& object);
ObjectMeta* mutable_meta(google::protobuf::Message* object);

/// Sets the whole sub-message `field` ("status", "spec") of `to` to that of `from`, unset when it is unset there.
/// Both are of one type; without such a field nothing happens.
void copy_part(const google::protobuf::Message& from, std::string_view field, google::protobuf::Message* to);
void clear_part(std::string_view field, google::protobuf::Message* object);
bool has_part(std::string_view field, const google::protobuf::Message& object);

/// Whether everything but metadata and status is the same: what metadata.generation counts.
bool same_desired_state(const google::protobuf::Message& a, const google::protobuf::Message& b);

/// `k8s.io.api...` time of `wall_ns` nanoseconds, cut to whole seconds as Kubernetes' Time is.
::k8s::io::apimachinery::pkg::apis::meta::v1::Time time_of(int64_t wall_ns);

}  // namespace kabuki

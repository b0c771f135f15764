#include "messages/meta.hpp"

#include <cassert>
#include <google/protobuf/util/message_differencer.h>
#include <memory>

namespace kabuki {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

constexpr int kMetadataField = 1;

const FieldDescriptor* metadata_field(const Message& object) {
  const FieldDescriptor* field = object.GetDescriptor()->FindFieldByNumber(kMetadataField);
  assert(field && field->message_type() == ObjectMeta::descriptor());
  return field;
}

const FieldDescriptor* part_field(const Message& object, std::string_view name) {
  const FieldDescriptor* field = object.GetDescriptor()->FindFieldByName(std::string(name));
  return field && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated() ? field : nullptr;
}

}  // namespace

const ObjectMeta& meta_of(const Message& object) {
  return static_cast<const ObjectMeta&>(object.GetReflection()->GetMessage(object, metadata_field(object)));
}

ObjectMeta* mutable_meta(Message* object) {
  return static_cast<ObjectMeta*>(object->GetReflection()->MutableMessage(object, metadata_field(*object)));
}

void copy_part(const Message& from, std::string_view name, Message* to) {
  const FieldDescriptor* field = part_field(from, name);
  if (!field) return;
  if (!from.GetReflection()->HasField(from, field)) {
    to->GetReflection()->ClearField(to, field);
    return;
  }
  to->GetReflection()->MutableMessage(to, field)->CopyFrom(from.GetReflection()->GetMessage(from, field));
}

void clear_part(std::string_view name, Message* object) {
  if (const FieldDescriptor* field = part_field(*object, name)) object->GetReflection()->ClearField(object, field);
}

bool has_part(std::string_view name, const Message& object) {
  const FieldDescriptor* field = part_field(object, name);
  return field && object.GetReflection()->HasField(object, field);
}

bool same_desired_state(const Message& a, const Message& b) {
  google::protobuf::util::MessageDifferencer differencer;
  for (std::string_view ignored : {"metadata", "status"}) {
    if (const auto* field = a.GetDescriptor()->FindFieldByName(std::string(ignored))) differencer.IgnoreField(field);
  }
  return differencer.Compare(a, b);
}

::k8s::io::apimachinery::pkg::apis::meta::v1::Time time_of(int64_t wall_ns) {
  ::k8s::io::apimachinery::pkg::apis::meta::v1::Time time;
  time.set_seconds(wall_ns / 1'000'000'000);
  return time;
}

}  // namespace kabuki

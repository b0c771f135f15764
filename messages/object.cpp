#include "messages/object.hpp"

#include <cassert>
#include <cstring>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <new>

#include "messages/api/meta/v1/object_meta.pb.h"
#include "messages/encode.hpp"
#include "messages/field_scan.hpp"
#include "messages/object_memory.hpp"
#include "messages/status.hpp"
#include "messages/wire.hpp"

namespace kabuki {
namespace {

using ObjectMeta = k8s::io::apimachinery::pkg::apis::meta::v1::ObjectMeta;
using google::protobuf::Message;

constexpr int kMetadata = 1;
constexpr int kName[] = {kMetadata, 1};
constexpr int kNamespace[] = {kMetadata, 3};
constexpr int kResourceVersion[] = {kMetadata, ObjectMeta::kResourceVersionFieldNumber};

std::string without_field(std::string_view body, int number) {
  std::string out;
  out.reserve(body.size());
  wire::Reader reader(body);
  while (reader.next()) {
    if (reader.number() != number) out.append(reader.field());
  }
  return out;
}

std::string without_resource_version(std::string_view body) {
  std::string out;
  out.reserve(body.size());
  wire::Reader reader(body);
  while (reader.next()) {
    if (reader.number() == kMetadata && reader.type() == wire::Type::bytes) {
      wire::append_bytes_field(kMetadata, without_field(reader.bytes(), ObjectMeta::kResourceVersionFieldNumber),
                               &out);
    } else {
      out.append(reader.field());
    }
  }
  return out;
}

}  // namespace

std::string Key::text() const {
  const Kind* found = find_kind(kind);
  std::string out = found ? found->plural : "kind " + std::to_string(kind);
  if (!ns.empty()) out += "/" + ns;
  return out + "/" + name;
}

ObjectPtr Object::make(KindId kind, std::string_view ns, std::string_view name, uint64_t revision,
                       std::string_view body) {
  assert(name.size() <= UINT16_MAX && ns.size() <= UINT16_MAX && body.size() <= UINT32_MAX);
  void* memory = allocate_object(sizeof(Object) + ns.size() + name.size() + body.size());
  auto* object = new (memory) Object(kind, revision, static_cast<uint32_t>(ns.size()),
                                     static_cast<uint32_t>(name.size()), static_cast<uint32_t>(body.size()));
  char* at = reinterpret_cast<char*>(object + 1);
  const auto append = [&at](std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  append(ns);
  append(name);
  append(body);
  return ObjectPtr(object);
}

ObjectPtr Object::encode(KindId kind, const Message& message, uint64_t revision) {
  assert(kind_of(kind).descriptor == message.GetDescriptor());
  std::string body = serialize(message);
  if (!scan_bytes(body, kResourceVersion).empty()) body = without_resource_version(body);
  return make(kind, scan_bytes(body, kNamespace), scan_bytes(body, kName), revision, body);
}

ObjectPtr Object::at_revision(const Object& object, uint64_t revision) {
  return make(object.kind(), object.ns(), object.name(), revision, object.body());
}

std::string_view Object::uid() const { return scan_bytes(body(), paths::kUid); }

Result<> Object::parse(Message* out) const {
  if (!out->ParseFromArray(body().data(), static_cast<int>(body().size()))) {
    return internal_error("the bytes of " + key().text() + " are corrupt");
  }
  if (revision_ == 0) return {};
  const auto* field = out->GetDescriptor()->FindFieldByNumber(kMetadata);
  if (!field || field->message_type() != ObjectMeta::descriptor()) {
    return internal_error(key().text() + " cannot be read as " + out->GetDescriptor()->full_name());
  }
  auto* metadata = static_cast<ObjectMeta*>(out->GetReflection()->MutableMessage(out, field));
  metadata->set_resourceversion(std::to_string(revision_));
  return {};
}

void ObjectPtr::release() {
  if (!object_ || object_->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  object_->~Object();
  free_object(const_cast<Object*>(object_));
}

}  // namespace kabuki

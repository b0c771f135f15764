#include "messages/list_encode.hpp"

#include "messages/api/meta/v1/object_meta.pb.h"
#include "messages/api/meta/v1/partial.pb.h"
#include "messages/encode.hpp"
#include "messages/envelope.hpp"
#include "messages/json_encode.hpp"
#include "messages/wire.hpp"

namespace kabuki {
namespace {

using k8s::io::apimachinery::pkg::apis::meta::v1::ListMeta;
using k8s::io::apimachinery::pkg::apis::meta::v1::PartialObjectMetadata;
using Meta = k8s::io::apimachinery::pkg::apis::meta::v1::ObjectMeta;

constexpr int kMetadata = 1;
constexpr int kItems = 2;

ListMeta list_meta(const ListPage& page) {
  ListMeta meta;
  if (page.revision != 0) meta.set_resourceversion(std::to_string(page.revision));
  meta.set_continue_(std::string(page.continue_token));
  if (page.remaining_items) meta.set_remainingitemcount(*page.remaining_items);
  return meta;
}

void append_event_line(std::string_view type, const Kind& kind, const google::protobuf::Descriptor* descriptor,
                       std::string_view body, std::string* out) {
  ((*out += "{\"type\":\"") += type) += "\",\"object\":";
  encode_json_bytes(descriptor, body, out, kind.kind, kind.api_version());
  *out += "}\n";
}

}  // namespace

void append_body(const Object& object, std::string* out) {
  if (object.revision() == 0) {
    out->append(object.body());
    return;
  }
  std::string version;
  wire::append_bytes_field(Meta::kResourceVersionFieldNumber, std::to_string(object.revision()), &version);
  out->reserve(out->size() + object.body().size() + version.size() + 2);
  wire::Reader reader(object.body());
  // Metadata is the first field of every kind; its fields may stand in any order.
  const bool first = reader.next() && reader.number() == kMetadata && reader.type() == wire::Type::bytes;
  const std::string_view metadata = first ? reader.bytes() : std::string_view();
  wire::append_tag(kMetadata, wire::Type::bytes, out);
  wire::append_varint(metadata.size() + version.size(), out);
  out->append(metadata);
  out->append(version);
  out->append(object.body().substr(first ? reader.field().size() : 0));
}

void append_object_json(const Object& object, std::string* out, bool type_meta) {
  const Kind& kind = kind_of(object.kind());
  std::string body;
  append_body(object, &body);
  if (type_meta) {
    encode_json_bytes(kind.descriptor, body, out, kind.kind, kind.api_version());
  } else {
    encode_json_bytes(kind.descriptor, body, out);
  }
}

void append_object_protobuf(const Object& object, std::string* out) {
  const Kind& kind = kind_of(object.kind());
  std::string body;
  append_body(object, &body);
  append_envelope(kind.api_version(), kind.kind, body, out);
}

void append_list_json(const Kind& kind, std::span<const ObjectPtr> items, const ListPage& page, std::string* out) {
  ((*out += "{\"kind\":\"") += kind.kind) += "List\",\"apiVersion\":\"";
  (*out += kind.api_version()) += "\",\"metadata\":";
  encode_json_bytes(ListMeta::descriptor(), serialize(list_meta(page)), out);
  *out += ",\"items\":[";
  for (const ObjectPtr& item : items) {
    append_object_json(*item, out, false);
    *out += ',';
  }
  if (out->back() == ',') out->pop_back();
  *out += "]}";
}

void append_list_protobuf(const Kind& kind, std::span<const ObjectPtr> items, const ListPage& page,
                          std::string* out) {
  std::string list;
  wire::append_bytes_field(kMetadata, serialize(list_meta(page)), &list);
  std::string body;
  for (const ObjectPtr& item : items) {
    body.clear();
    append_body(*item, &body);
    wire::append_bytes_field(kItems, body, &list);
  }
  append_envelope(kind.api_version(), kind.kind + "List", list, out);
}

std::string bookmark_body(uint64_t revision, bool initial_end) {
  Meta meta;
  meta.set_resourceversion(std::to_string(revision));
  if (initial_end) (*meta.mutable_annotations())["k8s.io/initial-events-end"] = "true";
  std::string body;
  wire::append_bytes_field(kMetadata, serialize(meta), &body);
  return body;
}

void append_event_json(std::string_view type, const Object& object, std::string* out) {
  std::string body;
  append_body(object, &body);
  const Kind& kind = kind_of(object.kind());
  append_event_line(type, kind, kind.descriptor, body, out);
}

void append_event_protobuf(std::string_view type, const Object& object, std::string* out) {
  const Kind& kind = kind_of(object.kind());
  std::string body;
  append_body(object, &body);
  append_watch_frame(type, kind.api_version(), kind.kind, body, out);
}

void append_bookmark_json(const Kind& kind, uint64_t revision, bool initial_end, std::string* out) {
  // By the kind's own message, `"spec":{"containers":null}` would follow, which some clients refuse.
  append_event_line("BOOKMARK", kind, PartialObjectMetadata::descriptor(), bookmark_body(revision, initial_end), out);
}

void append_bookmark_protobuf(const Kind& kind, uint64_t revision, bool initial_end, std::string* out) {
  append_watch_frame("BOOKMARK", kind.api_version(), kind.kind, bookmark_body(revision, initial_end), out);
}

}  // namespace kabuki

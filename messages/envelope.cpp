#include "messages/envelope.hpp"

#include <google/protobuf/message.h>

#include "messages/encode.hpp"
#include "messages/status.hpp"
#include "messages/wire.hpp"

namespace kabuki {
namespace {

constexpr std::string_view kMagic("k8s\0", 4);

// Field numbers of runtime.Unknown, runtime.TypeMeta, meta/v1 WatchEvent and runtime.RawExtension.
constexpr int kTypeMeta = 1, kRaw = 2, kContentEncoding = 3, kContentType = 4;
constexpr int kApiVersion = 1, kKind = 2;
constexpr int kEventType = 1, kEventObject = 2;
constexpr int kExtensionRaw = 1;

Error malformed(std::string_view why) {
  return bad_request("the body is not a Kubernetes Protobuf object: " + std::string(why));
}

}  // namespace

bool is_enveloped(std::string_view body) { return body.starts_with(kMagic); }

Result<Envelope> open_envelope(std::string_view body) {
  if (!is_enveloped(body)) return malformed("it does not begin with the bytes \"k8s\\x00\"");
  Envelope envelope;
  wire::Reader reader(body.substr(kMagic.size()));
  while (reader.next()) {
    if (reader.type() != wire::Type::bytes) continue;
    switch (reader.number()) {
      case kTypeMeta: {
        wire::Reader meta(reader.bytes());
        while (meta.next()) {
          if (meta.type() != wire::Type::bytes) continue;
          if (meta.number() == kApiVersion) envelope.api_version = meta.bytes();
          if (meta.number() == kKind) envelope.kind = meta.bytes();
        }
        if (!meta.sound()) return malformed("its type is malformed");
        break;
      }
      case kRaw:
        envelope.raw = reader.bytes();
        break;
      case kContentEncoding:
        if (!reader.bytes().empty()) return malformed("its content encoding is not supported");
        break;
      case kContentType:
        if (!reader.bytes().empty() && reader.bytes() != "application/vnd.kubernetes.protobuf") {
          return malformed("its content type is not supported");
        }
        break;
      default:
        break;
    }
  }
  if (!reader.sound()) return malformed("it is malformed or cut short");
  return envelope;
}

Result<> decode_envelope(std::string_view body, google::protobuf::Message* out) {
  const auto envelope = open_envelope(body);
  if (!envelope) return envelope.error();
  if (!out->ParseFromArray(envelope->raw.data(), static_cast<int>(envelope->raw.size()))) {
    out->Clear();
    return malformed("it is no " + out->GetDescriptor()->name());
  }
  out->DiscardUnknownFields();
  canonicalize(out);
  return {};
}

void append_envelope(std::string_view api_version, std::string_view kind, std::string_view raw, std::string* out) {
  out->append(kMagic);
  std::string meta;
  wire::append_bytes_field(kApiVersion, api_version, &meta);
  wire::append_bytes_field(kKind, kind, &meta);
  wire::append_bytes_field(kTypeMeta, meta, out);
  wire::append_bytes_field(kRaw, raw, out);
  // Go writes both although they are empty; readers that compare bytes see no difference.
  wire::append_bytes_field(kContentEncoding, {}, out);
  wire::append_bytes_field(kContentType, {}, out);
}

void append_watch_frame(std::string_view type, std::string_view api_version, std::string_view kind,
                        std::string_view raw, std::string* out) {
  std::string object;
  object.reserve(raw.size() + 64);
  append_envelope(api_version, kind, raw, &object);
  std::string extension;
  extension.reserve(object.size() + 8);
  wire::append_bytes_field(kExtensionRaw, object, &extension);

  const size_t begin = out->size();
  out->append(4, '\0');
  wire::append_bytes_field(kEventType, type, out);
  wire::append_bytes_field(kEventObject, extension, out);
  const auto size = static_cast<uint32_t>(out->size() - begin - 4);
  for (size_t i = 0; i < 4; ++i) (*out)[begin + i] = static_cast<char>(size >> (24 - 8 * i));
}

}  // namespace kabuki

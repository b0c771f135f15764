#include "messages/envelope.hpp"

#include <algorithm>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <vector>

#include "messages/encode.hpp"
#include "messages/json_document.hpp"
#include "messages/json_plan.hpp"
#include "messages/quantity.hpp"
#include "messages/status.hpp"
#include "messages/wire.hpp"

namespace kabuki {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::string_view kMagic("k8s\0", 4);

// Field numbers of runtime.Unknown, runtime.TypeMeta, meta/v1 WatchEvent and runtime.RawExtension.
constexpr int kTypeMeta = 1, kRaw = 2, kContentEncoding = 3, kContentType = 4;
constexpr int kApiVersion = 1, kKind = 2;
constexpr int kEventType = 1, kEventObject = 2;
constexpr int kExtensionRaw = 1;
constexpr int kIntOrStringType = 1, kIntOrStringNumber = 2, kIntOrStringText = 3;
// What RFC 3339 has a form for: the years 0 to 9999.
constexpr int64_t kFirstSecond = -62'167'219'200, kLastSecond = 253'402'300'799;

Error malformed(std::string_view why) {
  return bad_request("the body is not a Kubernetes Protobuf object: " + std::string(why));
}

void clamp_year(Message* value, const FieldDescriptor* seconds) {
  const auto* reflection = value->GetReflection();
  reflection->SetInt64(value, seconds, std::clamp(reflection->GetInt64(*value, seconds), kFirstSecond, kLastSecond));
}

/// Makes `value`, a message that JSON has a form of its own for, what decoding JSON would have made of it.
Result<> canonical_value(json::Form form, Message* value) {
  const auto* reflection = value->GetReflection();
  const auto field = [&](int number) { return value->GetDescriptor()->FindFieldByNumber(number); };
  switch (form) {
    case json::Form::quantity: {
      const std::string text = reflection->GetString(*value, field(1));
      const Result<Quantity> quantity =
          text.empty() ? Quantity() : Quantity::parse(text);  // to Go, nothing said is 0
      if (!quantity) return quantity.error();
      reflection->SetString(value, field(1), quantity->text());
      return {};
    }
    case json::Form::raw: {
      const std::string text = reflection->GetString(*value, field(1));
      if (text.empty()) return {};
      const auto document = json::parse_document(text);
      if (!document) return malformed(document.error().message);
      std::string compact;
      json::append_raw(*document, &compact);
      reflection->SetString(value, field(1), compact);
      return {};
    }
    case json::Form::int_or_string: {
      // Only the half that it says it is; Go sends the other one too.
      const int64_t type = reflection->GetInt64(*value, field(kIntOrStringType));
      if (type != 0 && type != 1) return malformed("impossible IntOrString.Type");
      reflection->ClearField(value, field(type == 0 ? kIntOrStringText : kIntOrStringNumber));
      return {};
    }
    case json::Form::time:
      clamp_year(value, field(1));
      reflection->SetInt32(value, field(2), 0);
      return {};
    case json::Form::micro_time: {
      clamp_year(value, field(1));
      const int32_t nanos = reflection->GetInt32(*value, field(2));
      reflection->SetInt32(value, field(2), std::clamp(nanos, 0, 999'999'999) / 1000 * 1000);
      return {};
    }
    default:
      return {};
  }
}

/// Go checks these values when it reads Protobuf; the Protobuf library knows nothing of them.
Result<> canonical_values(Message* message) {
  const json::Form form = json::form_of_message(message->GetDescriptor());
  if (form != json::Form::message && form != json::Form::schema_or) return canonical_value(form, message);
  const auto* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int size = field->is_repeated() ? reflection->FieldSize(*message, field) : 1;
    for (int i = 0; i < size; ++i) {
      auto checked = canonical_values(field->is_repeated() ? reflection->MutableRepeatedMessage(message, field, i)
                                                           : reflection->MutableMessage(message, field));
      if (!checked) return checked;
    }
  }
  return {};
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
  auto checked = canonical_values(out);
  if (!checked) return checked;
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

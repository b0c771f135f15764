#include "actors/api_server/write/splice.hpp"

#include <google/protobuf/arena.h>
#include <google/protobuf/descriptor.h>

#include "messages/encode.hpp"
#include "messages/field_scan.hpp"
#include "messages/field_splice.hpp"
#include "messages/wire.hpp"

namespace kabuki::api_server {
namespace {

using google::protobuf::Message;

/// Field `number` of an object as it was sent; nullopt where it is not one message.
struct Sent {
  bool there = false;
  std::string_view bytes;
};

std::optional<Sent> single_field(std::string_view body, int number) {
  Sent sent;
  wire::Reader fields(body);
  while (fields.next()) {
    if (fields.number() != number) continue;
    if (sent.there || fields.type() != wire::Type::bytes) return std::nullopt;
    sent = {true, fields.bytes()};
  }
  return fields.sound() ? std::optional(sent) : std::nullopt;
}

/// In the form that everything stored has: whoever sent it may have written it otherwise.
std::optional<std::string> canonical(const google::protobuf::Descriptor* type, std::string_view bytes) {
  google::protobuf::Arena arena;
  Message* parsed = google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New(&arena);
  if (!parsed->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  return serialize(*parsed);
}

}  // namespace

std::optional<Decision> splice_status(const Write& write, const ObjectPtr& current) {
  const Kind& kind = *write.kind;
  const Object& sent = *write.sent;
  // Their new status follows from the old one too: reservations are kept, what was signed stays.
  if (kind.id == kinds::kResourceQuota || kind.id == kinds::kCertificateSigningRequest) return std::nullopt;
  if (write.always_record) return std::nullopt;
  if (!wire::is_sound(current->body())) return std::nullopt;
  if (sent.name() != write.key.name || sent.ns() != write.key.ns) return std::nullopt;
  if (const auto uid = sent.uid(); !uid.empty() && uid != current->uid()) return std::nullopt;
  if (!scan_bytes(current->body(), paths::kDeletionTimestamp).empty()) return std::nullopt;
  const auto* field = kind.descriptor->FindFieldByName("status");
  if (!field || !field->message_type()) return std::nullopt;
  const auto found = single_field(sent.body(), field->number());
  if (!found) return std::nullopt;
  std::optional<std::string> status;
  if (found->there) {
    status = canonical(field->message_type(), found->bytes);
    if (!status) return std::nullopt;
  }

  Decision decision{.expected_revision = current->revision()};
  const std::string body = with_field(current->body(), field->number(), status);
  if (body == current->body()) return decision;
  decision.effect = Decision::Effect::put;
  decision.next = Object::make(kind.id, current->ns(), current->name(), 0, body);
  return decision;
}

}  // namespace kabuki::api_server
